"""`verify --deep` read no `missing` marks, `comment` lines or `missing_segments: gap`, and reported such corpora."""

from __future__ import annotations

import numpy as np

from biocurate.formats import Source, reader
from biocurate.verify.second_path import DECODERS


def same(name: str, source: Source, **options: object) -> None:
    """The reader and the second path give the same samples of every label."""
    format_ = reader(name)
    chosen = format_.Options(**options)
    streams = format_.read(source, chosen).streams
    read = {c.label: row for stream in streams for c, row in zip(stream.channels, stream.digital, strict=True)}
    second = {label: np.concatenate(arrays) for label, arrays in DECODERS[name](source, chosen).items()}
    assert read.keys() == second.keys()
    for label, row in read.items():
        np.testing.assert_array_equal(second[label], row)


def test_marks_for_missing_values(tmp_path):
    (tmp_path / "a.csv").write_text("ECG,EDA\n1,lost\n-1,\n-1.0,2\n")
    same("csv", Source(tmp_path, "a.csv"), rate_hz=1, missing=["lost", "-1"])


def test_comment_lines(tmp_path):
    (tmp_path / "a.csv").write_text("// device 7\nECG,EDA\n// mV,uS\n1,2\n// paused\n3,4\n")
    same("csv", Source(tmp_path, "a.csv"), rate_hz=1, comment="//")


def test_segments_that_are_not_there(tmp_path):
    (tmp_path / "r.hea").write_text("r/3 1 100 6\na 2\nb 2\na 2\n")
    (tmp_path / "a.hea").write_text("a 1 100 2\na.dat 16 200/mV 16 0 0 0 0 II\n")
    (tmp_path / "a.dat").write_bytes(bytes(4))
    same("wfdb", Source(tmp_path, "r.hea"), missing_segments="gap")
