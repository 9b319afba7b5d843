"""The wheel, installed elsewhere, carries recipes, definitions and commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with the wheel in it, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", str(REPO), "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    [wheel] = folder.glob("biocurate-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


def run(site: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    program = "import biocurate, sys; assert biocurate.__file__.startswith(sys.argv.pop(1)); import biocurate.__main__"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(site), *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=site,
        env=environment,
    )
    return done.stdout


def test_recipes_list_shows_the_recipes(site):
    names = {row["name"] for row in json.loads(run(site, "recipes", "list", "--json"))}
    assert names >= {"eegmat", "ludb", "stress-predict"}


def test_the_zoo_joins_the_command_line(site):
    assert "features-logreg" in run(site, "zoo", "list")


def test_definitions_and_simulated_recipes_are_in_it(site):
    assert sorted(path.stem for path in (site / "biocurate" / "_manifests").glob("*.yaml"))
    assert sorted(path.stem for path in (site / "biocurate" / "testing" / "recipes").glob("*.yaml")) == [
        "sim-csv",
        "sim-edf",
        "sim-wfdb",
    ]
    assert (site / "biocurate" / "py.typed").exists()
