"""`annotate` took the header of a file with ``;`` between its cells for one column, and called that unknown."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from biocurate.ingest.label_file import read_labels

STREAMS = [{"channels": [{"name": "II"}]}]


def test_they_are_columns(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("recording_id;value\ntiny/a;well, mostly\n")
    second = timedelta(seconds=1) // timedelta(microseconds=1) * 1000
    stored = pl.DataFrame({"recording_id": ["tiny/a"], "subject": ["a"], "duration_ns": [second], "streams": [STREAMS]})
    assert read_labels(path, "tiny", stored, "health").rows["value"].to_list() == ["well, mostly"]
