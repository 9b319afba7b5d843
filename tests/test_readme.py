"""Every command and every line of Python in the README runs as written, on real recordings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PERSONS = 6
"""Of the corpus: as few as five folds of persons and a table over them can do with. All are read in tests/real."""

ALONE = re.compile(r"biocurate (audit|quality score|images generate)\b")
"""Commands that start workers, as `ingest` does with those of the README: started once more, they show nothing new."""

REPO = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", (REPO / "README.md").read_text(), re.DOTALL)


def test_the_readme_runs_as_written(corpora, tmp_path):
    pytest.importorskip("lightning")
    some_of(corpora / "eegmat", tmp_path / "data" / "eegmat")
    (tmp_path / "manifests").symlink_to(REPO / "manifests")
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    commands = [text for kind, text in BLOCKS if not kind and text.lstrip().startswith("biocurate")]
    python = [text for kind, text in BLOCKS if kind == "python"]
    assert len(commands) >= 4
    assert python
    for text in (ALONE.sub(r"biocurate \1 --workers 0", command) for command in commands):
        done = subprocess.run(["bash", "-euc", text], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    for text in python:
        subprocess.run([sys.executable, "-W", "ignore", "-c", text], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "sheet.png").stat().st_size > 10_000


def some_of(corpus, folder):
    """Copy a few persons of eegmat, and what is told about all: ingest does not follow a link to a file elsewhere."""
    folder.mkdir(parents=True)
    files = sorted(path for path in corpus.iterdir() if path.is_file())
    persons = sorted({path.name.split("_")[0] for path in files if path.name.startswith("Subject")})[:PERSONS]
    for path in files:
        if not path.name.startswith("Subject") or path.name.split("_")[0] in persons:
            shutil.copyfile(path, folder / path.name)
