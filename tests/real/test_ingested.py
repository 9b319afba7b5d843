"""Real recordings in the store, against the files and the peers' own readers."""

from __future__ import annotations

import csv
import io
import zipfile

import numpy as np
import polars as pl
import pytest

from biocurate.testing.conformance import check_store
from biocurate.verify import verify_deep

RECORDINGS = {"eegmat": 44, "ludb": 68, "stress-predict": 27}
"""Recordings of each corpus at hand (SOURCE.md beside each)."""


def test_the_store_keeps_its_promises(real):
    check_store(real)


LONG = "stress-predict"
"""Its texts take the plain second way a while."""


@pytest.mark.parametrize(
    "corpus", [pytest.param(name, marks=pytest.mark.slow) if name == LONG else name for name in RECORDINGS]
)
def test_every_sample_equals_the_raw_file(real, corpora, corpus):
    compared = verify_deep(real, corpus, corpora / corpus)
    assert compared.problems == []
    assert compared.recordings == RECORDINGS[corpus]
    assert compared.equal == compared.samples > 0


def test_physical_values_agree_with_mne(real, corpora):
    import mne

    for name in ("Subject02_1", "Subject02_2", "Subject31_1"):
        raw = mne.io.read_raw_edf(corpora / "eegmat" / f"{name}.edf", preload=True, verbose="error")
        recording = real.recording(f"eegmat/{name}")
        eeg, ecg = recording.read("EEG"), recording.read("ECG")
        np.testing.assert_allclose(eeg, raw.get_data()[:20] * 1e6, rtol=2e-7, atol=1e-5)
        # MNE reads the unit of every channel whose name it takes for one; ECG is in mV in the file.
        np.testing.assert_allclose(ecg, raw.get_data()[20:] * 1e3, rtol=2e-7, atol=1e-8)


def test_physical_values_agree_with_wfdb(real, corpora):
    import wfdb

    for number in ("1", "8", "34", "101"):
        record = wfdb.rdrecord(str(corpora / "ludb" / "data" / number))
        stored = real.recording(f"ludb/{number}").read("ECG")
        np.testing.assert_allclose(stored, record.p_signal.T, rtol=2e-7, atol=1e-7)


def test_csv_values_are_those_of_the_text(real, corpora):
    with zipfile.ZipFile(corpora / "stress-predict" / "Raw_data" / "S10.zip") as archive:
        rows = list(csv.reader(io.TextIOWrapper(archive.open("EDA.csv"))))
    recording = real.recording("stress-predict/S10")
    [stream] = recording.streams.filter(pl.col("sensor_type") == "GSR").rows(named=True)
    assert stream["rate_hz"] == float(rows[1][0]) == 4.0
    first = stream["t0_ns"] / 1e9
    expected = np.array([float(row[0]) for row in rows[2:]], dtype=np.float32)
    np.testing.assert_array_equal(recording.read("EDA", start_s=first)[0], expected)


def test_acceleration_is_in_g(real):
    """Empatica: one count is 1/64 g; at rest the length of the vector is 1 g."""
    acceleration = real.recording("stress-predict/S10").read("ACC")
    assert 0.95 < np.median(np.linalg.norm(acceleration, axis=0)) < 1.05


def test_stress_labels_are_those_of_the_table(real, corpora):
    with (corpora / "stress-predict" / "Processed_data" / "labels_hr_rsp_binary.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["Participant"] == "10"]
    seconds = sum(row["Label"] == "1" for row in rows)
    annotations = real.recording("stress-predict/S10").annotations()
    stress = annotations.filter((pl.col("kind") == "condition") & (pl.col("value") == "stress"))
    assert stress["duration_ns"].sum() == seconds * 1_000_000_000


def test_recordings_and_hours_by_corpus_and_sensor_type(real):
    found = real.sql(
        "SELECT corpus, sensor_type, count(DISTINCT recording_id) AS recordings, "
        "sum(n_samples / rate_hz) / 3600 AS hours FROM streams GROUP BY corpus, sensor_type"
    )
    rows = {(row["corpus"], row["sensor_type"]): row for row in found.to_dicts()}
    assert rows["eegmat", "EEG"]["recordings"] == rows["eegmat", "ECG"]["recordings"] == 44
    assert rows["ludb", "ECG"]["hours"] == pytest.approx(68 * 10 / 3600)
    assert {sensor for corpus, sensor in rows if corpus == "stress-predict"} == {"ACC", "GSR", "HR", "PPG", "TEMP"}
