"""An experiment from files to its table, on a twin: published rows stand beside ours, and no figure means a thing."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.errors import UsageError
from zoo.cli import app

EXPERIMENT = """
title: Pain of two sensor types
paper: none
corpora: [ai4pain]
view: tiny-biomoe
manifest: ai4pain-pain
change:
  windows: {edges: true}
  split: {method: predefined, column: official, map: {train: train, validation: test}}
images: [waveform]
embedder: tiny-biomoe
metrics: [balanced_accuracy, auroc]
rows:
  - {name: 'features, {sensors}', model: features-logreg, grid: {sensors: [[GSR], [PPG]]}}
  - {name: 'head, {weights}', model: embeddings-head, sensors: [GSR], grid: {weights: [random, imported]}}
  - {name: too long a window, model: panluna, sensors: [PPG]}
published:
  - {row: 'features, GSR', metric: balanced_accuracy, value: 0.5, source: somewhere}
  - {row: theirs, metric: accuracy, value: 0.8, source: elsewhere}
notes: [Nothing of it is real.]
twin:
  persons: 6
  models: {tiny-biomoe: test-tiny-biomoe, panluna: test-panluna}
  training: {epochs: 1, batch_size: 16}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The experiment's file, its folder, and what the command says of it at first."""
    folder = tmp_path_factory.mktemp("reproduced")
    file = folder / "pain.yaml"
    file.write_text(EXPERIMENT)
    given = ["reproduce", str(file), "--twin", "--out", str(folder / "out"), "--workers", "0"]
    return given, folder / "out", CliRunner().invoke(app, [*given, "--json"], catch_exceptions=False)


def test_the_published_row_stands_beside_ours_and_what_is_published_alone_first(made):
    _, _, done = made
    rows = pl.DataFrame(json.loads(done.stdout)["rows"], infer_schema_length=None)
    assert rows["row"].unique(maintain_order=True).to_list() == [
        "theirs",
        "features, GSR",
        "features, PPG",
        "head, random",
    ]
    ours = rows.filter(row="features, GSR", metric="balanced_accuracy").row(0, named=True)
    assert (ours["published"], ours["source"], ours["data"]) == (0.5, "somewhere", "twin")
    assert 0 <= ours["ours"] <= 1
    assert (ours["persons"], ours["windows"]) == (2, 12)
    alone = rows.filter(row="theirs").row(0, named=True)
    assert (alone["ours"], alone["published"], alone["data"]) == (None, 0.8, None)


def test_a_twin_says_in_its_table_that_figures_mean_nothing(made):
    given, out, done = made
    said = json.loads(done.stdout)
    assert said["twin"] is True
    assert said["notes"][0] == "twin: figures mean nothing"
    again = CliRunner().invoke(app, given, catch_exceptions=False)
    assert "(twin: figures mean nothing)" in " ".join(again.stdout.split())
    assert pl.read_csv(out / "table.csv")["data"].drop_nulls().unique().to_list() == ["twin"]


def test_rows_without_published_weights_and_rows_that_cannot_be_trained_are_told(made):
    _, _, done = made
    said = json.loads(done.stdout)
    assert any(note.startswith("1 rows take weights that were not named") for note in said["notes"])
    ((why, rows),) = said["undone"].items()
    assert rows == ["too long a window"]
    assert "100 Hz" in why
    assert done.exit_code == 1


def test_run_again_it_goes_on_where_it_stopped(made):
    given, out, _ = made
    runs = {path: path.stat().st_mtime_ns for path in sorted((out / "runs").glob("*/metrics.json"))}
    assert len(runs) == 3
    CliRunner().invoke(app, given, catch_exceptions=False)
    assert {path: path.stat().st_mtime_ns for path in runs} == runs
    lost = next(iter(runs))
    before = json.loads(lost.read_text())
    for each in lost.parent.iterdir():
        if each.is_file():
            each.unlink()
    import shutil

    shutil.rmtree(lost.parent)
    CliRunner().invoke(app, given, catch_exceptions=False)
    assert json.loads(lost.read_text()) == before


def test_only_some_rows(made):
    given, _, _ = made
    done = CliRunner().invoke(app, [*given, "--only", "PPG", "--json"], catch_exceptions=False)
    rows = {row["row"] for row in json.loads(done.stdout)["rows"]}
    assert "features, PPG" in rows and "head, random" not in rows
    assert done.exit_code == 0
    with pytest.raises(UsageError, match="no row has such a name"):
        CliRunner().invoke(app, [*given, "--only", "nothing"], catch_exceptions=False)


def test_root_and_twin_exclude_each_other_and_one_is_needed(tmp_path):
    for more, what in (([], "not said where"), (["--twin", "--root", str(tmp_path)], "exclude each other")):
        with pytest.raises(UsageError, match=what):
            CliRunner().invoke(app, ["reproduce", "panluna/csn", *more], catch_exceptions=False)


def test_the_list_has_them_all():
    done = CliRunner().invoke(app, ["reproduce", "--list", "--json"], catch_exceptions=False)
    assert {"tiny-biomoe/ai4pain", "panluna/hmc", "biox-bridge/wesad"} <= {
        row["experiment"] for row in json.loads(done.stdout)
    }
