"""A WFDB annotation file that was cut off between two marks, or zeroed inside, gave fewer annotations and no warning.

annot(5): a file ends with a mark of two zero bytes, and its annotations are in order of time. All 842 real files at
hand keep to that, and none marks a place outside its record. Found by fuzzing.
"""

from __future__ import annotations

import struct

import numpy as np
import pytest
import wfdb

from biocurate.formats import Source, reader
from biocurate.formats.wfdb.annotations import parse_marks

WFDB = reader("wfdb")


@pytest.fixture
def record(tmp_path):
    (tmp_path / "r.hea").write_text("r 1 100 3000\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    (tmp_path / "r.dat").write_bytes(bytes(6000))
    wfdb.wrann("r", "atr", np.arange(100, 2900, 100), ["N"] * 28, write_dir=str(tmp_path))
    return tmp_path


def read(folder, raw):
    (folder / "r.atr").write_bytes(raw)
    return WFDB.read(Source(folder, "r.hea"), WFDB.Options(annotators={"atr": {}}))


def skip(high, low):
    """Give a beat so many samples on, and the mark at the end."""
    return struct.pack("<5H", 59 << 10, high, low, 1 << 10, 0)


def test_a_whole_file_has_no_warning(record):
    recording = read(record, (record / "r.atr").read_bytes())
    assert (len(recording.annotations), recording.warnings) == (28, ())


@pytest.mark.parametrize(
    ("damage", "said", "n_marks"),
    [
        (lambda raw: raw[:20], "has no mark at its end", 10),
        (lambda raw: raw[:21], "has no mark at its end", 10),
        (lambda raw: raw[:20] + bytes(2) + raw[22:], "has bytes behind the mark at its end", 10),
        (lambda raw: raw + b"\x01", "has bytes behind the mark at its end (1)", 28),
        (lambda raw: raw[:-2] + skip(0, 900), "1 of 29 lie outside", 29),
        (lambda raw: raw[:-2] + skip(0xFFFF, 0xFF00), "out of order of time (1)", 29),
    ],
)  # fmt: skip
def test_what_is_lost_is_told(record, damage, said, n_marks):
    recording = read(record, damage((record / "r.atr").read_bytes()))
    assert len(recording.annotations) == n_marks
    assert any(said in warning and "annotation file .atr" in warning for warning in recording.warnings)


@pytest.mark.corpora
def test_no_real_file_is_doubted(corpora):
    endings = {"atr", "qrs", "anI", "wabp", "wqrs", "gqrsh", "gqrsl", "sqrs", "event"}
    leads = {"i", "ii", "iii", "avr", "avl", "avf", *(f"v{number}" for number in range(1, 7))}
    paths = [path for path in corpora.rglob("*.*") if path.suffix[1:] in endings | leads]
    assert len(paths) == 842
    assert [path for path in paths if parse_marks(path.read_bytes(), path.name).warnings] == []
