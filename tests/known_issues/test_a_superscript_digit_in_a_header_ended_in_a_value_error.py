"""``'²'.isdigit()`` is true, and ``int('²')`` a ValueError: a date of birth or a length with one was no SourceError."""

from __future__ import annotations

import edfio
import numpy as np
import pytest

from biocurate.formats import Source, reader
from biocurate.formats.header import is_digits


@pytest.mark.parametrize(("at", "field"), [(8, "P F ²-MAR-1980 X"), (88, "Startdate 02-MAR-20²0 X"), (184, "51²")])
def test_a_field_that_is_no_number_is_none(tmp_path, at, field):
    signal = edfio.EdfSignal(np.linspace(-1, 1, 512), 256, label="EEG Cz", physical_dimension="uV")
    edfio.Edf([signal], annotations=[edfio.EdfAnnotation(0, None, "x")]).write(tmp_path / "r.edf")
    raw = bytearray((tmp_path / "r.edf").read_bytes())
    width = 8 if at == 184 else 80
    raw[at : at + width] = field.encode("latin-1").ljust(width)
    (tmp_path / "r.edf").write_bytes(bytes(raw))
    edf, source = reader("edf"), Source(tmp_path, "r.edf")
    assert edf.read_header(source, edf.Options()).age is None
    assert edf.read(source, edf.Options()).streams[0].n_samples == 512


def test_digits_are_the_ten_of_ascii():
    assert [is_digits(text) for text in ("0", "19", "²", "٣", "", "-1", "1.0")] == [True, True] + [False] * 5
