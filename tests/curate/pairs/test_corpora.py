"""Clocks and pairs of real recordings."""

from __future__ import annotations

import shutil

import pytest

from biocurate.curate.clocks.estimate import Refused, estimate
from biocurate.curate.clocks.run import beats_of, estimate_clocks
from biocurate.curate.pairs.build import build_pairs
from biocurate.curate.windows.build import build_windows
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recording import NS

pytestmark = pytest.mark.corpora


def take(store, name, root):
    ingest(make_plan(load_recipe(name), root, store), InProcess(), store)


@pytest.fixture
def watches(store, corpora, tmp_path):
    """Persons 2 and 4 of cogwear: an Empatica E4 and a Galaxy Watch each, two conditions."""
    for subject in ("2", "4"):
        shutil.copytree(corpora / "cogwear" / "pilot" / subject, tmp_path / "cogwear" / "pilot" / subject)
    take(store, "cogwear", tmp_path / "cogwear")
    return store


def test_cogwear_the_watch_is_a_device_with_a_clock_of_its_own(watches):
    found = watches.streams.select("sensor_type", "clock").unique().sort("sensor_type", "clock").collect().rows()
    assert found == [("GSR", None), ("PPG", None), ("PPG", "watch"), ("TEMP", None)]


def test_cogwear_clocks_of_two_sessions_agree_within_their_uncertainty(watches):
    """Minutes apart, a clock is off by the same: what two independent estimates of it say of each other."""
    rows = {row["recording_id"]: row for row in estimate_clocks(watches, "cogwear").iter_rows(named=True)}
    rest, load = rows["cogwear/2__baseline"], rows["cogwear/2__cognitive_load"]
    assert rest["status"] == load["status"] == "estimated"
    apart = abs(rest["offset_ns"] - load["offset_ns"])
    assert apart < rest["uncertainty_ns"] + load["uncertainty_ns"]
    assert -2.4 < rest["offset_ns"] / NS < -2.2
    # Of person 4 at rest, the watch's PPG is an artefact: this is said, and no offset is.
    assert rows["cogwear/4__baseline"]["status"] == "no confidence"
    assert rows["cogwear/4__cognitive_load"]["status"] == "estimated"


def test_cogwear_different_persons_give_no_confidence(watches):
    streams = watches.streams.filter(sensor_type="PPG").collect()
    beats = {(row["person"], row["stream_id"]): beats_of(watches, row) for row in streams.iter_rows(named=True)}
    tried = [
        estimate(mine, other)
        for (person, _), mine in beats.items()
        for (another, _), other in beats.items()
        if person < another
    ]
    assert len(tried) == 16
    assert all(isinstance(found, Refused) for found in tried)


def test_eegmat_eeg_and_ecg_are_paired_sample_by_sample(store, corpora, tmp_path):
    (tmp_path / "eegmat").mkdir()
    for name in ("Subject04_2.edf", "subject-info.csv"):
        shutil.copy(next((corpora / "eegmat").rglob(name)), tmp_path / "eegmat" / name)
    take(store, "eegmat", tmp_path / "eegmat")
    build_windows(store, "w", length_s=10, labels=["condition"])
    made = build_pairs(store, "w", ["EEG", "ECG"])
    found = store.pairs("w").collect()
    assert made.pairs == made.windows == found.height == 6
    assert found.select("rate_a_hz", "rate_b_hz", "residual_ns", "uncertainty_ns").unique().rows() == [
        (500.0, 500.0, 0, 0)
    ]
    assert found["start_a"].to_list() == found["start_b"].to_list() == [n * 5000 for n in range(6)]
