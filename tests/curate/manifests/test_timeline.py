"""MEDS: a subject and a time name one place, so that they have one label."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import polars as pl
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.files.export import export_manifest
from biocurate.curate.manifests.files.timeline import DAY_NS, timeline

S = 1_000_000_000


def began(store, starts):
    """Let the two recordings of each person begin when they are said to."""
    rows = store.recordings.collect().sort("recording_id")
    each = [starts[int(name[-1])] for name in rows["recording_id"]]
    rows = rows.with_columns(start_ns=pl.Series(each, dtype=pl.Int64))
    store.tables.replace("recordings", rows.to_arrow(), "recording_id", rows["recording_id"].to_list())


def exported(store, define, folder):
    made = build_manifest(store, define())
    export_manifest(store, made, folder, "meds")
    said = json.loads((folder / "rest-task.manifest.json").read_text())
    return made, pl.read_parquet(folder / "rest-task.labels.parquet"), said


@pytest.mark.parametrize("starts", [(0, 0), (0, 29 * S), (None, None), (0, None)])
def test_overlapping_recordings_are_laid_a_day_apart(filled, define, tmp_path, starts):
    began(filled, starts)
    made, labels, said = exported(filled, define, tmp_path / "out")
    pairs = labels.group_by("subject_id", "prediction_time").agg(n=pl.col("categorical_value").n_unique())
    assert (labels.height, pairs.height, pairs["n"].max()) == (144, 144, 1)
    assert set(labels["recording_id"]) == set(made.rows["recording_id"])
    first = labels.group_by("recording_id").agg(pl.col("prediction_time").min()).sort("recording_id")
    begin = datetime(1970, 1, 1, 0, 0, 5)
    # A recording is 30 s long.
    assert first["prediction_time"].to_list() == [begin, begin + timedelta(days=1, seconds=30)] * 12
    assert said["meds"]["laid_out"] == {"subjects": 12, "order": "recording_id", "gap_hours": 24}
    assert any("12 persons overlap" in note for note in said["notes"])
    assert pl.read_parquet(tmp_path / "out/rest-task.subjects.parquet")["laid_out"].all()


def test_recordings_that_do_not_overlap_begin_when_they_say(filled, define, tmp_path):
    began(filled, (3600 * S, 0))
    _, labels, said = exported(filled, define, tmp_path / "out")
    later = labels.filter(pl.col("recording_id").str.ends_with("-0"))
    assert later["prediction_time"].min() == datetime(1970, 1, 1, 1, 0, 5)
    assert said["meds"]["laid_out"]["subjects"] == 0
    assert said["notes"] == []


def test_only_whose_recordings_overlap_is_laid_out():
    """One that lies within a long one overlaps, though its neighbour in time does not; ends may touch."""
    names = ["x/1", "x/2", "x/3", "y/1", "y/2", "z/1"]
    rows = pl.DataFrame({"recording_id": names, "person": [name[0] for name in names], "t0_ns": 0, "duration_ns": S})
    starts = [0, 2 * S, 5 * S, 0, 10 * S, None]
    lengths = [10 * S, S, S, 10 * S, S, S]
    recordings = pl.DataFrame({"recording_id": names, "start_ns": starts, "length_ns": lengths})
    made = timeline(rows, recordings)
    assert made["laid_out"].to_list() == [True, True, True, False, False, False]
    second = 10 * S + DAY_NS
    assert made["begin_ns"].to_list() == [0, second, second + S + DAY_NS, 0, 10 * S, 0]
