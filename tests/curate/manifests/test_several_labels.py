"""Manifests whose windows have several labels: what the formats for others make of them."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.files.export import export_manifest
from biocurate.recording import Recording
from biocurate.testing.memory import interval, noise_stream

LIST = {"length": "5s", "labels": [{"kind": "condition", "rule": "list"}]}
LABELS = {"column": "condition", "map": {"rest": "calm", "task": "work", "talk": "speech"}}


@pytest.fixture
def made(store, define, take):
    """Of each recording the second window has two labels."""
    marks = (interval(0, 10, "rest"), interval(5, 10, "task"), interval(10, 5, "talk"))
    take(store, {f"a/p{n}-0": Recording((noise_stream("ECG", 50, [(0, 750)], seed=n),), marks) for n in range(12)})
    return build_manifest(store, define(windows=LIST, label=LABELS))


def test_the_labels_of_a_window_are_a_list_in_the_definitions_words(made):
    first = made.rows.filter(pl.col("recording_id") == "a/p0-0").sort("t0_ns")["label"].to_list()
    assert first == [["calm"], ["calm", "work"], ["speech", "work"]]
    assert made.classes == ["calm", "work", "speech"]


def test_meds_says_of_each_label_and_window_whether_it_is_there(store, made, tmp_path):
    """MEDS 0.4, label schema: one value a subject and time; several labels are several files of truth values."""
    export_manifest(store, made, tmp_path, "meds")
    said = json.loads((tmp_path / "rest-task.manifest.json").read_text())
    counted = {}
    for file, label in said["meds"]["labels"].items():
        rows = pl.read_parquet(tmp_path / file)
        assert rows.height == made.rows.height
        assert rows["boolean_value"].null_count() == 0
        assert not rows.select("subject_id", "prediction_time").is_duplicated().any()
        counted[label] = rows["boolean_value"].sum()
    assert counted == {"calm": 24, "work": 24, "speech": 12}
    assert said["notes"] == [note for note in said["notes"] if "several" not in note]


def test_meds_counts_windows_that_end_together_with_other_labels(store, define, take, tmp_path):
    marks = (interval(0, 5, "rest"), interval(0, 5, "task"), interval(2, 3, "talk"))
    take(store, {f"a/p{n}-0": Recording((noise_stream("ECG", 50, [(0, 250)], seed=n),), marks) for n in range(12)})
    made = build_manifest(store, define(windows=LIST, label=LABELS))
    # Two windows of a place, as two marks cut them, of which one has lost a label.
    twice = pl.concat([made.rows, made.rows.with_columns(label=pl.col("label").list.head(1))])
    export_manifest(store, replace(made, rows=twice), tmp_path, "meds")
    notes = json.loads((tmp_path / "rest-task.manifest.json").read_text())["notes"]
    assert any(note.startswith("12 times of a recording have several lists of labels") for note in notes)


def test_croissant_says_that_labels_repeat_and_which_there_are(store, made, tmp_path):
    export_manifest(store, made, tmp_path, "croissant")
    said = json.loads((tmp_path / "rest-task.croissant.json").read_text())
    field = next(each for each in said["recordSet"][0]["field"] if each["name"] == "label")
    assert field["repeated"] is True
    assert field["description"] == "labels, one or more, of: calm, work, speech"


def test_mlcroissant_reads_lists_of_labels(store, made, tmp_path):
    mlc = pytest.importorskip("mlcroissant", reason="the extra `croissant` is not installed")
    export_manifest(store, made, tmp_path, "croissant")
    dataset = mlc.Dataset(str(tmp_path / "rest-task.croissant.json"))
    assert not dataset.metadata.issues.errors
    read = [[each.decode() for each in record["windows/label"]] for record in dataset.records("windows")]
    assert read == made.rows["label"].to_list()
