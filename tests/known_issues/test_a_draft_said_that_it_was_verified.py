"""A draft said ``verified: real``, which lets an ingest go on past what the recipe does not expect; nobody had looked.

Its open places were not told at ingest, and a wave at 117 Hz in a column called ``hr`` was a heart rate unasked.
"""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.recipes.catalogue import parse_recipe
from biocurate.recipes.draft import recipe_text, survey
from biocurate.recipes.expectations import is_unproven
from biocurate.store.store import create_store


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    for number in (1, 2):
        rows = "".join(f"{n * 10},{500 + n % 7}\n" for n in range(200))
        (folder / f"s{number}.csv").write_text("timer,hr\n" + rows)
    return folder


def test_a_draft_is_verified_by_no_one_and_asks_what_a_quick_heart_rate_is(root, tmp_path):
    text = recipe_text("tiny", survey(root))
    assert is_unproven(parse_recipe(text, tmp_path / "tiny.yaml"))
    assert re.search(r"TODO: what is it\? At 100 Hz it is hardly a reading of HR", text)


def test_a_slow_heart_rate_is_one(tmp_path):
    (tmp_path / "s1.csv").write_text("timer,hr\n" + "".join(f"{n * 1000},{60 + n % 7}\n" for n in range(200)))
    assert "hardly a reading" not in recipe_text("tiny", survey(tmp_path))


def test_an_ingest_tells_how_much_of_a_recipe_is_still_to_be_said(root, tmp_path):
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(recipe_text("tiny", survey(root)))
    create_store(str(tmp_path / "store"))
    said = ["ingest", str(recipe), "--root", str(root), "--store", str(tmp_path / "store"), "--dry-run"]
    result = CliRunner().invoke(app, said)
    assert result.exit_code == 0
    assert re.search(r"tiny: \d+ places of the recipe are still marked TODO", result.output.replace("\n", " "))
