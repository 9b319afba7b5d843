"""Views of real recordings, against MNE and scipy over whole recordings."""

from __future__ import annotations

import shutil

import numpy as np
import polars as pl
import pytest
from scipy import signal

from biocurate import read_windows
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import find_view, parse_view
from biocurate.curate.windows.build import build_windows
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store

NAMES = ["Subject02_2.edf", "Subject03_2.edf", "subject-info.csv"]


@pytest.fixture(scope="module")
def eegmat(corpora, tmp_path_factory):
    folder = tmp_path_factory.mktemp("eegmat")
    for name in NAMES:
        shutil.copy(corpora / "eegmat" / name, folder)
    store = create_store(str(tmp_path_factory.mktemp("views") / "store"))
    ingest(make_plan(load_recipe("eegmat"), folder, store, InProcess()), InProcess(), store)
    return store, folder


def test_eegmat_band_and_notch_are_mnes(eegmat):
    mne = pytest.importorskip("mne")
    store, folder = eegmat
    chain = [{"step": "band", "low_hz": 0.5, "high_hz": 40, "order": 4}, {"step": "notch"}]
    preprocess(store, parse_view({"name": "mne", "chains": {"EEG": chain}}))
    found = store.recording("eegmat/Subject02_2").read("EEG", view="mne")
    raw = mne.io.read_raw_edf(folder / "Subject02_2.edf", preload=True, verbose="error")
    notch = signal.tf2sos(*signal.iirnotch(50, 30, fs=500))
    picks = [name for name in raw.ch_names if name.startswith("EEG")]
    expected = mne.filter.filter_data(
        raw.get_data(picks) * 1e6, 500, 0.5, 40, method="iir", iir_params={"order": 4, "ftype": "butter"},
        verbose="error",
    )  # fmt: skip
    expected = signal.sosfiltfilt(notch, expected, axis=1)
    # MNE pads its edges otherwise: the settled middle is what both agree on.
    middle = slice(5 * 500, -5 * 500)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found[:, middle], expected[:, middle], atol=2e-3 * expected.std())


def test_eegmat_as_panluna_takes_it_is_scipys_whole_recording(eegmat):
    store, _ = eegmat
    outcome = preprocess(store, find_view("panluna"))
    assert outcome.status == {"ok": 4}
    rows = store.derived_streams.filter((pl.col("view") == "panluna") & (pl.col("sensor_type") == "EEG"))
    row = rows.filter(pl.col("recording_id") == "eegmat/Subject02_2").collect().row(0, named=True)
    raw = store.recording("eegmat/Subject02_2").read("EEG").astype(np.float64)
    x = signal.sosfiltfilt(signal.butter(4, [0.1, 75], "bandpass", fs=500, output="sos"), raw, axis=1)
    x = signal.sosfiltfilt(signal.tf2sos(*signal.iirnotch(50, 30, fs=500)), x, axis=1)
    x = signal.resample_poly(x, 64, 125, axis=1, padtype="line")
    assert row["n_samples"] == x.shape[1]
    assert row["band_hz"] == [0.5, 45.0] or row["band_hz"] == [0.1, 75.0]
    build_windows(store, "w", length_s=5, view="panluna", require=["EEG"])
    rows = store.windows("w").filter(pl.col("recording_id") == "eegmat/Subject02_2").sort("t0_ns").collect()
    read = read_windows(store, rows, "EEG")
    for window, samples in zip(rows.iter_rows(named=True), read, strict=True):
        start = window["t0_ns"] * 256 // 10**9
        cut = x[:, start : start + 1280]
        cut = (cut - cut.mean(axis=1, keepdims=True)) / cut.std(axis=1, keepdims=True)
        # scipy's resampling lets a constant ripple by 0.3 %, and so all that is slow.
        np.testing.assert_allclose(samples, cut, atol=0.02)
    settled = row["settled"][0]
    assert 15 < settled["first"] / 256 < 25
    assert rows["t0_ns"].min() >= settled["first"] / 256 * 1e9


def test_a_five_second_cut_misses_what_the_whole_recording_gives(eegmat):
    """0.1 Hz forward and backward on 5 s cuts misses the result over the recording by tens of per cent."""
    store, _ = eegmat
    raw = store.recording("eegmat/Subject02_2").read("EEG").astype(np.float64)
    sos = signal.butter(4, [0.1, 75], "bandpass", fs=500, output="sos")
    whole = signal.sosfiltfilt(sos, raw, axis=1)[:, 12_500:15_000]
    cut = signal.sosfiltfilt(sos, raw[:, 12_500:15_000], axis=1)
    assert np.sqrt(((cut - whole) ** 2).mean() / (whole**2).mean()) > 0.1


def test_ludb_whose_units_are_suspect_is_refused_where_amplitude_counts(corpora, tmp_path):
    folder = tmp_path / "raw" / "data"
    folder.mkdir(parents=True)
    shutil.copy(corpora / "ludb" / "ludb.csv", tmp_path / "raw")
    for number in (1, 2):
        for path in sorted((corpora / "ludb" / "data").glob(f"{number}.*")):
            shutil.copy(path, folder)
    store = create_store(str(tmp_path / "store"))
    ingest(make_plan(load_recipe("ludb"), tmp_path / "raw", store, InProcess()), InProcess(), store)
    assert store.channels.select("unit_status").unique().collect()["unit_status"].to_list() == ["suspect"]
    scaled = {"name": "s", "chains": {"ECG": [{"step": "scale", "factor": 2, "unit": "mV"}]}}
    assert preprocess(store, parse_view(scaled)).status == {"refused": 2}
    assert preprocess(store, find_view("panluna")).status.keys() <= {"ok", "short"}
