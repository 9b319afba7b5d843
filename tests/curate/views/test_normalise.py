"""Normalisation: whose mean and spread, and what is flat."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from biocurate import read_windows
from biocurate.curate.views.fit import fit_scaling
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows.build import build_windows
from biocurate.errors import UsageError
from biocurate.recording import Recording
from biocurate.store.finish import Scaling, windowed
from biocurate.store.signal_reader import SignalReader
from biocurate.testing.memory import noise_stream, put


def view(*steps):
    return parse_view({"name": "v", "chains": {"EEG": list(steps)}})


def eeg(seed, flat=False, seconds=40, gain=0.5):
    stream = noise_stream("EEG", 100, [(0, 100 * seconds)], ["Fp1", "Cz"], seed=seed, gain=gain)
    if flat:
        stream.samples.array[1] = 700
    return Recording((stream,))


@pytest.fixture
def cohort(store):
    made = {"a/one": eeg(1), "a/two": eeg(2, gain=1.5), "a/three": eeg(3, flat=True)}
    put(store, made, {"a/one": "s1", "a/two": "s1", "a/three": "s2"})
    return store, {name: each.streams[0].physical for name, each in made.items()}


def windows(store, **options):
    build_windows(store, "w", length_s=2, view="v", overwrite=True, **options)
    rows = store.windows("w").sort("window_id").collect()
    return rows, read_windows(store, rows, "EEG")


def of(rows, read, name):
    return read[(rows["recording_id"] == name).to_numpy()]


def test_window_each_window_has_its_own_mean_and_spread_and_a_flat_one_is_only_centred(cohort):
    store, _ = cohort
    preprocess(store, view({"step": "normalise", "scope": "window"}))
    rows, read = windows(store)
    np.testing.assert_allclose(read.mean(axis=-1), 0, atol=1e-5)
    flat = of(rows, read, "a/three")[:, 1]
    np.testing.assert_array_equal(flat, 0)
    others = np.concatenate([of(rows, read, "a/one").reshape(-1, 200), of(rows, read, "a/three")[:, 0]])
    np.testing.assert_allclose(others.std(axis=-1), 1, rtol=1e-5)


def test_windowed_flags_what_is_flat_and_what_has_no_sample():
    values = np.zeros((3, 2, 50), dtype=np.float32)
    values[0] = np.random.default_rng(0).normal(5, 2, (2, 50))
    values[1, 0], values[1, 1] = 1e6, np.nan
    values[2, 0] = np.linspace(3, 7, 50)
    values[2, 1, ::2] = np.nan
    for method in ("zscore", "centre", "minmax"):
        read, flat = windowed(values, method, np.zeros(2))
        assert flat.tolist() == [[False, False], [True, True], [False, True]]
        assert np.isfinite(read[0]).all()
        np.testing.assert_array_equal(read[1, 0], 0)
        assert np.isnan(read[1, 1]).all()
    assert windowed(values, "minmax", np.zeros(2))[0][2, 0].tolist()[::49] == [0, 1]


@pytest.mark.parametrize("lazy", [False, True])
def test_recording_its_whole_settled_length_gives_mean_and_spread(cohort, lazy):
    store, raw = cohort
    outcome = preprocess(store, view({"step": "normalise", "scope": "recording"}), lazy=lazy)
    assert outcome.transductive == {"EEG": "recording"}
    rows, read = windows(store)
    assert store.derived_streams.collect()["transductive"].all()
    for name in ("a/one", "a/two"):
        expected = (raw[name] - raw[name].mean(axis=1, keepdims=True)) / raw[name].std(axis=1, keepdims=True)
        np.testing.assert_allclose(np.hstack(of(rows, read, name)), expected, rtol=1e-5, atol=1e-5)
    third = store.derived_streams.filter(pl.col("recording_id") == "a/three").collect().row(0, named=True)
    assert third["flat"] == ["Cz"]
    np.testing.assert_array_equal(of(rows, read, "a/three")[:, 1], 0)


def test_subject_all_recordings_of_a_person_share_them_and_another_one_changes_them(cohort):
    store, raw = cohort
    chain = view({"step": "normalise", "method": "centre", "scope": "subject"})
    assert preprocess(store, chain).transductive == {"EEG": "subject"}
    rows, read = windows(store)
    both = np.concatenate([raw["a/one"], raw["a/two"]], axis=1).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(np.hstack(of(rows, read, "a/one")), raw["a/one"] - both, rtol=1e-5, atol=1e-3)
    put(store, {"a/four": eeg(4, gain=3)}, {"a/four": "s1"})
    assert preprocess(store, chain).derived == 3


def test_calibration_only_the_first_seconds_count_and_windows_leave_them_out(cohort):
    store, raw = cohort
    chain = view({"step": "normalise", "scope": "calibration", "seconds": 10})
    assert preprocess(store, chain).transductive == {}
    rows, read = windows(store)
    assert rows["t0_ns"].min() == 10 * 10**9
    head = raw["a/one"][:, :1000]
    expected = (raw["a/one"][:, 1000:] - head.mean(axis=1, keepdims=True)) / head.std(axis=1, keepdims=True)
    np.testing.assert_allclose(np.hstack(of(rows, read, "a/one")), expected, rtol=1e-5, atol=1e-5)


def test_calibration_longer_than_a_recording_is_a_status(cohort):
    store, _ = cohort
    outcome = preprocess(store, view({"step": "normalise", "scope": "calibration", "seconds": 100}))
    assert outcome.status == {"short": 3}


def test_causal_no_sample_depends_on_a_later_one(derived):
    random = np.random.default_rng(5)
    samples = random.normal(2000, 30, (1, 8000))
    steps = [{"step": "normalise", "scope": "causal", "seconds": 5}]
    found, plan = derived(steps, samples, 100, block=700)
    for at in (0, 3, 499, 500, 777, 7999):
        last = samples[0, max(0, at - 499) : at + 1]
        spread = last.std() if at else 1
        assert found[0, at] == pytest.approx((samples[0, at] - last.mean()) / spread, rel=1e-4, abs=1e-5)
    changed = samples.copy()
    changed[:, 4000:] *= 7
    other, _ = derived(steps, changed, 100, block=700)
    np.testing.assert_array_equal(found[:, :4000], other[:, :4000])
    assert plan.settling.after_s == 5


def test_causal_a_constant_is_centred_and_not_divided(derived):
    found, _ = derived([{"step": "normalise", "scope": "causal", "seconds": 5}], np.full((1, 3000), 1e5), 100, 700)
    np.testing.assert_allclose(found, 0, atol=1e-6)


def test_train_is_fitted_on_the_training_windows_alone_and_kept_as_text(cohort):
    store, raw = cohort
    preprocess(store, view({"step": "normalise", "scope": "train"}, {"step": "clip", "low": -2, "high": 2}))
    build_windows(store, "w", length_s=2, view="v")
    rows = store.windows("w").sort("window_id").collect()
    with pytest.raises(UsageError, match="no scaling"):
        read_windows(store, rows, "EEG")
    train = rows.filter(pl.col("recording_id") == "a/one")
    fitted = fit_scaling(SignalReader.of(store, train), train, "EEG")
    again = Scaling.from_json(fitted.to_json())
    assert again == fitted
    read = read_windows(store, rows, "EEG", scaling=again)
    mean, spread = raw["a/one"].mean(axis=1, keepdims=True), raw["a/one"].std(axis=1, keepdims=True)
    expected = np.clip((raw["a/two"] - mean) / spread, -2, 2)
    np.testing.assert_allclose(np.hstack(of(rows, read, "a/two")), expected, rtol=1e-4, atol=1e-4)


def test_what_is_computed_on_reading_is_what_is_stored_to_the_last_bit(cohort):
    store, _ = cohort
    band = {"step": "band", "low_hz": 0.5, "high_hz": 30}
    chain = view(band, {"step": "resample", "rate_hz": 128}, {"step": "normalise", "scope": "window"})
    assert preprocess(store, chain, lazy=True).derived == 3
    rows, computed = windows(store)
    assert store.derived_streams.select(pl.col("part").is_null().all()).collect().item()
    assert preprocess(store, chain, lazy=True).derived == 0
    assert preprocess(store, chain).derived == 3
    np.testing.assert_array_equal(read_windows(store, rows, "EEG"), computed)
    stored = store.windows("w").sort("window_id").collect()
    assert stored.equals(rows)


def test_a_recording_reads_its_view(cohort):
    store, raw = cohort
    preprocess(store, view({"step": "normalise", "scope": "recording"}, {"step": "clip", "low": -1, "high": 1}))
    found = store.recording("a/one").read("EEG", 3, 5, view="v")
    expected = (raw["a/one"] - raw["a/one"].mean(axis=1, keepdims=True)) / raw["a/one"].std(axis=1, keepdims=True)
    np.testing.assert_allclose(found, np.clip(expected[:, 300:500], -1, 1), rtol=1e-5, atol=1e-5)
