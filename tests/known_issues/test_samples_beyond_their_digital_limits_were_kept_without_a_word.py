"""EDF, "The header record": digital minimum and maximum are the extreme values that can occur in the data records."""

from __future__ import annotations

import edfio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.formats import Source, reader
from biocurate.formats.edf import limits

EDF = reader("edf")


def patched(path, signals, **fields):
    """Overwrite the digital limits of the first signal, which edfio takes from the data."""
    raw = bytearray(path.read_bytes())
    for name, value in fields.items():
        before = {"digital_min": 16 + 80 + 8 + 8 + 8, "digital_max": 16 + 80 + 8 + 8 + 8 + 8}[name]
        place = 256 + before * signals
        raw[place : place + 8] = str(value).encode().ljust(8)
    path.write_bytes(raw)


def written(folder, samples, rates=(100, 25), *, is_bdf=False):
    """Two signals, the first of these samples; returns the path."""
    kind, whole, ending = (edfio.BdfSignal, edfio.Bdf, "bdf") if is_bdf else (edfio.EdfSignal, edfio.Edf, "edf")
    other = np.zeros(len(samples) * rates[1] // rates[0], np.int32)
    held = np.int32 if is_bdf else np.int16
    made = [
        kind.from_digital(each.astype(held), rate, label=label, physical_range=(-100, 100), digital_range=(-2048, 2047))
        for each, rate, label in ((samples.clip(-2048, 2047), rates[0], "EEG A"), (other, rates[1], "Resp"))
    ]
    path = folder / f"x.{ending}"
    whole(made, data_record_duration=1).write(path)
    raw = bytearray(path.read_bytes())
    width = 3 if is_bdf else 2
    per_record, n_records = sum(rates), len(samples) // rates[0]
    for record in range(n_records):
        at = 256 * 3 + record * per_record * width
        piece = samples[record * rates[0] : (record + 1) * rates[0]].astype("<i4").view(np.uint8).reshape(-1, 4)
        raw[at : at + rates[0] * width] = piece[:, :width].tobytes()
    path.write_bytes(raw)
    return path


def said_of(path):
    recording = EDF.read(Source(path.parent, path.name), EDF.Options())
    return recording, [warning for warning in recording.warnings if "digital limits" in warning]


@pytest.mark.parametrize("is_bdf", [False, True])
def test_they_are_counted_and_kept(is_bdf, tmp_path):
    samples = np.arange(400, dtype=np.int32)
    samples[[3, 250, 399]] = 2048, -2049, 30_000
    recording, said = said_of(written(tmp_path, samples, is_bdf=is_bdf))
    assert said == ["Samples lie outside of their signal's digital limits, and are kept: 'EEG A' 3 of 400."]
    assert recording.streams[0].digital.tolist() == [samples.tolist()]


@pytest.mark.parametrize("is_bdf", [False, True])
def test_the_limits_themselves_lie_inside(is_bdf, tmp_path):
    samples = np.tile(np.array([-2048, 2047], np.int32), 100)
    assert said_of(written(tmp_path, samples, is_bdf=is_bdf))[1] == []


def test_a_minimum_above_the_maximum_spans_the_same_values(tmp_path):
    samples = np.zeros(200, np.int32)
    samples[7] = 2048
    path = written(tmp_path, samples)
    patched(path, 2, digital_min=2047, digital_max=-2048)
    assert "'EEG A' 1 of 200" in said_of(path)[1][0]


def test_where_no_sample_can_lie_outside_none_is_looked_at(tmp_path, monkeypatch):
    """Limits of all 16 bits, as in most files."""
    path = written(tmp_path, np.arange(200, dtype=np.int32))
    for column in range(2):
        raw = bytearray(path.read_bytes())
        for field, value in ((120, -32768), (128, 32767)):
            place = 256 + field * 2 + 8 * column
            raw[place : place + 8] = str(value).encode().ljust(8)
        path.write_bytes(raw)
    monkeypatch.setattr(limits, "_beyond", None)
    assert said_of(path)[1] == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-2100, 2100), min_size=100, max_size=600), st.booleans(), st.integers(1, 3))
def test_the_count_is_that_of_every_sample(tmp_path_factory, values, is_bdf, records_together):
    samples = np.array(values[: len(values) // 100 * 100], np.int32)
    path = written(tmp_path_factory.mktemp("edf"), samples, is_bdf=is_bdf)
    count = int(((samples < -2048) | (samples > 2047)).sum())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "BLOCK_BYTES", records_together * 125 * 2)
        said = said_of(path)[1]
    assert said == (
        [f"Samples lie outside of their signal's digital limits, and are kept: 'EEG A' {count} of {samples.size}."]
        if count
        else []
    )
