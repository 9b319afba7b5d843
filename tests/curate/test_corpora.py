"""Windows, labels and manifests of real recordings, against the raw files read another way."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile

import numpy as np
import polars as pl
import pytest

from biocurate import read_windows
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.catalogue import find_definition
from biocurate.curate.splits.rule import FoldSplit
from biocurate.curate.windows.build import build_windows
from biocurate.engine import engine
from biocurate.errors import UsageError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recording import NS

pytestmark = pytest.mark.corpora


def take_in(store, corpora, recipe, limit=None):
    with engine(0) as pool:
        ingest(make_plan(load_recipe(recipe), corpora / recipe, store, limit=limit), pool, store)


def test_eegmat_windows_hold_the_integers_of_the_edf_files(store, corpora):
    take_in(store, corpora, "eegmat")
    made = build_manifest(store, find_definition("eegmat-rest-task"))
    assert made.rows["person"].n_unique() == 22
    # 62 s hold six windows of 10 s; Subject02_1 has 182 s, Subject31_1 has 80 s.
    assert made.rows.height == 42 * 6 + 18 + 8
    some = made.rows.sample(8, seed=1)
    eeg = read_windows(store, some, "EEG", digital=True)
    assert eeg.shape == (8, 20, 5000)
    for row, window in zip(some.iter_rows(named=True), eeg, strict=True):
        source = store.recording(row["recording_id"]).row["sources"][0]["path"]
        raw = records(corpora / "eegmat" / source)[:20]
        first = row["t0_ns"] * 500 // NS
        np.testing.assert_array_equal(window, raw[:, first : first + 5000])
        assert row["label"] == ("rest" if source.split("_")[1][0] == "1" else "task")


def records(path):
    """Signals of an EDF file by its own layout: the header's sizes, then records of little-endian int16."""
    data = path.read_bytes()
    n_signals = int(data[252:256])
    counts = np.array([int(data[256 + n_signals * 216 + 8 * each :][:8]) for each in range(n_signals)])
    samples = np.frombuffer(data[256 * (n_signals + 1) :], "<i2")
    whole = samples[: samples.size // counts.sum() * counts.sum()].reshape(-1, counts.sum())
    ends = counts.cumsum()
    same = [whole[:, end - count : end].ravel() for end, count in zip(ends, counts, strict=True) if count == counts[0]]
    return np.array(same)


def test_stress_predict_labels_are_the_majority_of_the_seconds_in_the_table(store, corpora):
    take_in(store, corpora, "stress-predict", limit=4)
    folds = FoldSplit(method="kfold", folds=2)
    definition = find_definition("stress-predict-stress").model_copy(update={"split": folds})
    made = build_manifest(store, definition)
    folder = corpora / "stress-predict"
    seconds = pl.read_csv(folder / "Processed_data" / "labels_hr_rsp_binary.csv")
    for (subject,), mine in made.rows.group_by("subject"):
        of_subject = seconds.filter(pl.col("Participant") == int(subject))
        times, stressed = of_subject["Time(sec)"].to_numpy(), of_subject["Label"].to_numpy()
        start = recording_start(folder, subject)
        for row in mine.iter_rows(named=True):
            begin = start + row["t0_ns"] / NS
            overlap = np.clip(np.minimum(times + 1, begin + 60) - np.maximum(times, begin), 0, None)
            share = {"stress": overlap[stressed == 1].sum() / 60, "non-stress": overlap[stressed == 0].sum() / 60}
            assert max(share, key=share.get) == row["label"]
            assert share[row["label"]] > 0.5
    assert made.rows["person"].n_unique() == 3


def recording_start(folder, subject):
    """The earliest first row of the E4's files: a unix time."""
    name = f"S{subject}"
    loose = folder / "Raw_data" / name
    starts = []
    for file in ("EDA.csv", "BVP.csv", "ACC.csv", "TEMP.csv", "HR.csv"):
        if loose.is_dir():
            text = (loose / file).read_text()
        else:
            with zipfile.ZipFile(folder / "Raw_data" / f"{name}.zip") as archive:
                text = archive.read(next(each for each in archive.namelist() if each.endswith(file))).decode()
        starts.append(float(next(csv.reader(io.StringIO(text)))[0]))
    return min(starts)


def test_sleep_is_cut_in_the_scorers_epochs(store, corpora, tmp_path):
    """Sleep-EDF: stages by name, in epochs of 30 s from the recording's start; the PSG at hand has 300 s, all wake."""
    (tmp_path / "sleep-cassette").mkdir()
    shutil.copy(corpora / "edfio/short_psg.edf", tmp_path / "sleep-cassette/SC4001E0-PSG.edf")
    shutil.copy(corpora / "edfio/SC4001EC-Hypnogram.edf", tmp_path / "sleep-cassette/SC4001EC-Hypnogram.edf")
    with engine(0) as pool:
        ingest(make_plan(load_recipe("sleep-edf"), tmp_path, store), pool, store)
    made = build_windows(store, "w", length_s=30, align="stage", labels=["stage"])
    assert made.labels.rows() == [("stage", "W", 10, 1)]
    assert (store.windows("w").collect()["t0_ns"] // NS).to_list() == list(range(0, 300, 30))
    within = {"kind": "stage", "leave_out": ["W"], "margin": "30min"}
    with pytest.raises(UsageError, match="stage"):
        build_windows(store, "asleep", length_s=30, align="stage", within=within)
