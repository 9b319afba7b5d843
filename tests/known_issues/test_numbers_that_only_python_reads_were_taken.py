"""`int`, `float` and `Fraction` read ``1_0`` as 10, and numbers of any size: a damaged header was read as another one.

A record of ``1e-99999`` s ended in an OverflowError, a gain of ``1e-320`` in infinite physical values. Found by
fuzzing.
"""

from __future__ import annotations

import edfio
import numpy as np
import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.formats.header import is_number, is_whole

RATE, RECORDS, LENGTH = 256 + 216, 236, 244


def edf(folder, at, field):
    edfio.Edf([edfio.EdfSignal(np.linspace(-1, 1, 2560), 256, label="EEG Cz", physical_dimension="uV")]).write(
        folder / "r.edf"
    )
    raw = bytearray((folder / "r.edf").read_bytes())
    raw[at : at + 8] = field.encode("latin-1").ljust(8)
    (folder / "r.edf").write_bytes(raw)
    return reader("edf").read(Source(folder, "r.edf"), reader("edf").Options())


@pytest.mark.parametrize(
    ("at", "field"),
    [(LENGTH, "1_0"), (LENGTH, "1e-99999"), (LENGTH, "1e99999"), (LENGTH, "1/3"), (LENGTH, "1e-8"), (LENGTH, "nan"),
     (LENGTH, "99999999"), (RECORDS, "1_0"), (RATE, "2_5_6"), (RATE, "25\xb26")],
)  # fmt: skip
def test_an_edf_header_with_no_number_is_refused(tmp_path, at, field):
    with pytest.raises(SourceError, match=r"r\.edf"):
        edf(tmp_path, at, field)


@pytest.mark.parametrize("field", ["1_00", "nan", "1e999", "inf"])
def test_edf_limits_that_are_no_numbers_give_no_scale(tmp_path, field):
    channel = edf(tmp_path, 256 + 104, field).streams[0].channels[0]
    assert (channel.gain, channel.unit_status) == (1.0, "suspect")


@pytest.mark.parametrize(
    ("record", "line"),
    [
        ("r 1 1_00 3", "r.dat 16"),
        ("r 1_0 100 3", "r.dat 16"),
        ("r 1 nan 3", "r.dat 16"),
        ("r 1 100 3", "r.dat 16 1e-320"),
        ("r 1 100 3", "r.dat 16 1e999"),
        ("r 1 100 3", "r.dat 16 200 1_6"),
        ("r 1 100 3", "r.dat 16 200 16 0 0 1_0"),
    ],
)
def test_a_wfdb_header_with_no_number_is_refused(tmp_path, record, line):
    (tmp_path / "r.hea").write_text(f"{record}\n{line}\n")
    (tmp_path / "r.dat").write_bytes(bytes(6))
    with pytest.raises(SourceError, match=r"r\.hea: line \d"):
        reader("wfdb").read(Source(tmp_path, "r.hea"), reader("wfdb").Options())


@pytest.mark.parametrize("head", ["1_0\n4", "100\n4_0", "100\nnan", f"{'9' * 20}\n4"])
def test_an_e4_file_with_no_number_is_refused(tmp_path, head):
    (tmp_path / "EDA.csv").write_text(f"{head}\n0.1\n0.2\n")
    with pytest.raises(SourceError, match=r"EDA\.csv: does not begin with"):
        reader("csv").read(Source(tmp_path, "EDA.csv"), reader("csv").Options(layout="e4"))


def test_numbers_are_those_of_ascii():
    assert [is_number(text) for text in ("1", "-1.5", "+.5", "2.", "1e-3")] == [True] * 5
    assert [is_number(text) for text in ("", "1_0", "nan", "inf", "1e9999", "٣", "0x1", " 1")] == [False] * 8
    assert [is_whole(text) for text in ("1", "-1", "+1", "", "-", "1.0", "²", "--1")] == [True] * 3 + [False] * 5
