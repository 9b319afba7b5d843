"""Infinite cells, signals without a sample, decimal commas in an EDF header, and gaps: none was in the warnings."""

from __future__ import annotations

import edfio
import numpy as np
import pytest

from biocurate.export import write_edf
from biocurate.formats import Source, reader
from biocurate.recording import Recording
from biocurate.testing.memory import noise_stream

CSV, EDF = reader("csv"), reader("edf")


def read_csv(folder, text, **options):
    (folder / "x.csv").write_text(text)
    return CSV.read(Source(folder, "x.csv"), CSV.Options(**options)).warnings


def read_edf(path):
    return EDF.read(Source(path.parent, path.name), EDF.Options()).warnings


@pytest.fixture
def edf(tmp_path):
    signals = [edfio.EdfSignal(np.arange(200.0), 100, label=label, physical_range=(-500, 500)) for label in "ab"]
    path = tmp_path / "x.edf"
    edfio.Edf(signals, data_record_duration=0.5).write(path)
    return path


def test_infinite_cells_are_counted(tmp_path):
    assert read_csv(tmp_path, "x\n1\ninf\n-inf\nnan\n2\n", rate_hz=10) == (
        "Column 'x': 1 of 5 cells are missing.",
        "Column 'x': 2 of 5 cells are infinite, and kept so.",
    )


def test_gaps_of_a_column_of_times_are_told(tmp_path):
    rows = "".join(f"{time},0\n" for time in [*range(0, 500, 10), *range(1500, 2000, 10)])
    assert read_csv(tmp_path, "t,x\n" + rows, time={"column": "t", "unit": "ms"}) == (
        "It has 1 gaps without a sample, 1 s together.",
    )


def test_gaps_of_edf_d_are_told(tmp_path):
    recording = Recording((noise_stream("EEG", 100.0, [(0.0, 200), (5.0, 200), (9.0, 100)]),))
    [path] = write_edf(recording, tmp_path / "d.edf").files
    assert read_edf(path) == ("It has 2 gaps without a sample, 5 s together.",)


def test_a_sound_file_has_no_warning(edf):
    assert read_edf(edf) == ()


def put(path, place, text):
    raw = bytearray(path.read_bytes())
    raw[place : place + 8] = text.encode().ljust(8)
    path.write_bytes(raw)


def test_decimal_commas_in_the_header_are_told(edf):
    said = ("Numbers in its header have decimal commas (EDF has points); they are read as points.",)
    put(edf, 244, "0,5")
    assert read_edf(edf) == said
    put(edf, 244, "0.5")
    put(edf, 256 + 2 * (16 + 80 + 8), "-500,0")
    assert read_edf(edf) == said


def test_a_comma_in_a_text_is_none(edf):
    put(edf, 256 + 2 * 16, "a, b")
    assert read_edf(edf) == ()


def test_a_signal_without_a_sample_in_a_record_is_told(edf):
    """All 50 samples of a record are given to the first signal's neighbour."""
    per_record = 256 + 2 * (16 + 80 + 8 + 32 + 80)
    put(edf, per_record, "0")
    put(edf, per_record + 8, "100")
    assert read_edf(edf) == ("Signals that have no sample in a record are left out: 'a'.",)
