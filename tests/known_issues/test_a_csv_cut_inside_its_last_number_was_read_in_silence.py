"""``0.12345`` cut to ``0.12`` was a sample like any other; a line end lost or put in made one of two, or two of one.

Now a last line without an end, and lines that end in different ways, are warnings. Of the real files at hand one of
cogwear's and one of heartpy's have no last end; muse-eeg-ppg's were edited, and mix CR LF and LF. Found by fuzzing.
"""

from __future__ import annotations

import pytest

from biocurate.formats import Source, reader
from biocurate.formats.csv.text import Lines

CSV = reader("csv")
WHOLE = b"100.0\r\n4.0\r\n0.12345\r\n0.23456\r\n0.34567\r\n"


def read(folder, raw):
    (folder / "EDA.csv").write_bytes(raw)
    recording = CSV.read(Source(folder, "EDA.csv"), CSV.Options(layout="e4"))
    return recording.streams[0].n_samples, " ".join(recording.warnings)


def test_a_whole_file_has_no_warning(tmp_path):
    for end in (b"\r\n", b"\n", b"\r"):
        assert read(tmp_path, WHOLE.replace(b"\r\n", end)) == (3, "")


def test_a_file_cut_inside_a_number_says_so(tmp_path):
    assert read(tmp_path, WHOLE[:-5]) == (
        3, "Its last line has no end: if the file was cut off there, its last row may not be whole."
    )  # fmt: skip


@pytest.mark.parametrize(("end", "name"), [(b"\r", "CR"), (b"\n", "LF")])
def test_a_line_end_inside_a_number_says_so(tmp_path, end, name):
    n_samples, said = read(tmp_path, WHOLE.replace(b"0.23456", b"0.2" + end + b"3456"))
    assert n_samples == 4
    assert f"end in different ways (CR LF 5, {name} 1)" in said


@pytest.mark.parametrize("block", range(1, 12))
def test_no_cr_lf_is_parted_by_the_end_of_a_block(tmp_path, block):
    (tmp_path / "x.csv").write_bytes(WHOLE)
    with (tmp_path / "x.csv").open("rb") as stream:
        lines = Lines(stream, "x.csv", block=block)
        list(lines.blocks())
    assert lines.ends.warnings() == []
