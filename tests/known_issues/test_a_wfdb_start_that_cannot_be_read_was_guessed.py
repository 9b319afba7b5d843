"""A date with a time that cannot be read was taken as midnight, one that cannot be read was dropped without a word.

So were zero bytes inside a header, which became part of a label. Found by fuzzing. header(5): base time and base date.
"""

from __future__ import annotations

import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader

WFDB = reader("wfdb")


def read(folder, start, label="II"):
    (folder / "r.hea").write_text(f"r 1 100 3 {start}\nr.dat 16 200/mV 16 0 0 0 0 {label}\n")
    (folder / "r.dat").write_bytes(bytes(6))
    return WFDB.read(Source(folder, "r.hea"), WFDB.Options())


@pytest.mark.parametrize(
    "start", ["8:26:x 26/10/1994", "8:26:04 26/13/1994", "8:26:04, 26/10/1994", "x", "1:2:3 4:5:6"]
)
def test_a_start_that_is_none_is_a_warning_and_no_start(tmp_path, start):
    recording = read(tmp_path, start)
    assert recording.start_unix_ns is None
    assert recording.warnings == ("the start time or date in the header is none; the recording has no start time",)


@pytest.mark.parametrize(
    ("start", "known"), [("", False), ("8:26:04", False), ("8:26:04 26/10/1994", True), ("26/10/1994", True)]
)
def test_a_start_that_is_left_out_is_none(tmp_path, start, known):
    recording = read(tmp_path, start)
    assert ((recording.start_unix_ns is not None), recording.warnings) == (known, ())


def test_zero_bytes_are_refused(tmp_path):
    with pytest.raises(SourceError, match=r"r\.hea: the header has zero bytes"):
        read(tmp_path, "", label="I\0I")
