"""Time order and the fingerprint of a device: each against signals whose order and device are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from scipy.signal import butter, sosfiltfilt

from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.sensors import SensorType
from zoo.data.task import Task
from zoo.judging.controls.fingerprint import fingerprint
from zoo.judging.controls.fitted import fitted_on, nuisances
from zoo.judging.controls.spectrum import device_spectrum
from zoo.judging.controls.time_order import WAVES, time_order
from zoo.runs.config import RunConfig
from zoo.training.folds import Fold

RATE = 250.0


def rows(starts, labels_first=False):
    """Windows of one person a list of (recording, start, session, run), and a store that knows these recordings."""
    recordings = pl.DataFrame(
        [{"recording_id": name, "revision": "r", "start_ns": start, "session": None, "run": run}
         for name, start, run in starts],
        schema={"recording_id": pl.String, "revision": pl.String, "start_ns": pl.Int64, "session": pl.String,
                "run": pl.String},
    )  # fmt: skip
    table = recordings.select("recording_id", "revision", person=pl.lit("p")).join(
        pl.DataFrame({"t0_ns": [0, 10, 20]}), how="cross"
    )
    return SimpleNamespace(recordings=recordings.lazy()), table


def test_a_windows_place_is_that_in_its_recording_and_in_its_session():
    store, table = rows([("c/late", 500, "task"), ("c/early", 0, "rest")])
    found = time_order(store, table)
    assert found.shape == (6, 2 * WAVES + 1)
    np.testing.assert_allclose(found[:, 0], np.cos(np.pi * np.array([0, 0.5, 1, 0, 0.5, 1])), atol=1e-12)
    np.testing.assert_array_equal(found[:, WAVES], [2, 2, 2, 1, 1, 1])
    session = np.arccos(found[:, WAVES + 1]) / np.pi
    np.testing.assert_allclose(session, [0.6, 0.8, 1, 0, 0.2, 0.4], atol=1e-6)


def test_runs_that_are_numbers_tell_the_order_and_names_do_not():
    """A run that is called by its label would make an order of labels out of an order by name."""
    numbered = time_order(*rows([("c/b", None, "1"), ("c/a", None, "2")]))
    np.testing.assert_array_equal(numbered[:, WAVES], [1, 1, 1, 2, 2, 2])
    named = time_order(*rows([("c/b", None, "rest"), ("c/a", None, "task")]))
    assert np.isnan(named[:, WAVES:]).all()
    assert np.isfinite(named[:, :WAVES]).all()


def test_recordings_that_start_at_once_have_no_order():
    assert np.isnan(time_order(*rows([("c/b", 0, None), ("c/a", 0, None)]))[:, WAVES:]).all()


def test_a_label_that_comes_and_goes_over_a_session_is_found_by_time_alone():
    """Rest, task, rest: no straight line over time tells it, half waves do."""
    table = pl.DataFrame({"person": [f"p{n:02d}" for n in range(12)]}).join(
        pl.DataFrame({"t0_ns": range(9)}), how="cross"
    )
    table = table.with_columns(recording_id="person", revision=pl.lit("r"))
    known = table.select("recording_id", "revision").unique()
    known = known.with_columns(pl.lit(None, pl.Int64).alias("start_ns"), session=pl.lit(""), run=pl.lit(""))
    values = time_order(SimpleNamespace(recordings=known.lazy()), table)
    person = np.repeat(np.arange(12), 9)
    codes = np.tile([0, 0, 0, 1, 1, 1, 0, 0, 0], 12)
    task = SimpleNamespace(codes=codes, classes=["rest", "task"], person=person)
    fold = Fold("fold0", np.flatnonzero(person < 8), np.empty(0, int), np.flatnonzero(person >= 8))
    assert (fitted_on(values, task, fold).argmax(axis=1) == codes[fold.test]).mean() > 0.95


@pytest.mark.parametrize("there", [[0, 2], [1]])
def test_a_class_that_training_lacks_is_given_nothing(there):
    codes = np.array(there * 10 + [0, 1, 2])
    task = SimpleNamespace(codes=codes, classes=["a", "b", "c"], person=np.arange(len(codes)))
    fold = Fold("fold0", np.arange(len(codes) - 3), np.empty(0, int), np.arange(len(codes) - 3, len(codes)))
    values = np.random.default_rng(0).standard_normal((len(codes), 2))
    found = fitted_on(values, task, fold)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert not found[:, [at for at in range(3) if at not in there]].any()


def noise(seed=0, seconds=20, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((4, 1, round(seconds * RATE)))


def test_the_floor_is_the_density_of_white_noise_whatever_else_is_in_its_band():
    """White noise of deviation s has the one-sided density 2 s^2 / rate at every frequency."""
    t = np.arange(round(20 * RATE)) / RATE
    beats = 5 * sum(np.sin(2 * np.pi * f * t) for f in (1, 2, 5, 10))
    for scale in (0.01, 0.1):
        expected = np.log10(2 * scale**2 / RATE)
        floor = device_spectrum(noise(scale=scale) + beats, RATE)["floor"]
        np.testing.assert_allclose(floor, expected, atol=0.35)  # the lowest twentieth of a Welch estimate


def test_the_edges_of_a_filtered_band_are_found():
    x = sosfiltfilt(butter(8, (5, 40), "bandpass", fs=RATE, output="sos"), noise(seconds=60)) + 1e-3 * noise(1, 60)
    found = device_spectrum(x, RATE)
    assert 10 ** found["low"].mean() == pytest.approx(5, rel=0.6)
    assert 10 ** found["high"].mean() == pytest.approx(40, rel=0.5)


def test_the_step_is_that_of_the_quantisation():
    for step in (0.5, 0.125):
        x = np.round(noise() / step) * step
        np.testing.assert_allclose(device_spectrum(x.astype(np.float32), RATE)["step"], np.log10(step), atol=1e-3)


def test_mains_stands_out_where_it_is_and_only_there():
    t = np.arange(round(20 * RATE)) / RATE
    found = device_spectrum(noise() + np.sin(2 * np.pi * 50 * t), RATE)
    assert (found["mains50"] > 0.8).all()
    assert (np.abs(found["mains60"]) < 0.4).all()
    assert "mains50" not in device_spectrum(noise(), 64.0)


def test_invalid_samples_are_counted_and_a_flat_channel_has_no_floor():
    x = noise()
    x[0, 0, : x.shape[2] // 10] = np.nan
    x[1] = 3.0
    found = device_spectrum(x, RATE)
    np.testing.assert_allclose(found["invalid"][:, 0], [0.1, 0, 0, 0])
    assert np.isnan(found["floor"][1])
    assert np.isfinite(found["floor"][[0, 2, 3]]).all()


def test_a_fingerprint_has_a_row_a_window_and_tells_gain_rate_and_who_lacks_a_sensor(cohort):
    store = cohort()
    table = store.manifest("folds").rows
    names, values = fingerprint(store, table, [SensorType.EEG, SensorType.GSR])
    assert values.shape == (table.height, len(names))
    lacks = (table["person"] == "twin/p11").to_numpy()
    np.testing.assert_array_equal(values[:, names.index("GSR.covered")], ~lacks)
    np.testing.assert_allclose(values[:, names.index("EEG.rate")], np.log10(64))
    gain = values[:, names.index("EEG.Fz.gain")]
    declared = store.channels.filter(pl.col("name") == "Fz").select("recording_id", "gain").collect()
    expected = table.select("recording_id").join(declared, on="recording_id", maintain_order="left")["gain"]
    np.testing.assert_allclose(gain, np.log10(expected))


def test_the_fingerprint_is_of_the_sensors_that_a_models_images_show_and_of_no_other(cohort):
    store = cohort()
    task = Task.of(store.manifest("folds"))
    generate(store, store.manifest("folds"), representation("spectrogram-psd", segment=32), ["GSR"], image_set="skin")
    shown = nuisances(store, task, RunConfig(model="image-cnn", manifest="folds", images="skin"))
    alone = fingerprint(store, task.rows, [SensorType.GSR])[1]
    np.testing.assert_array_equal(shown["fingerprint"], alone)
    both = nuisances(store, task, RunConfig(model="features-logreg", manifest="folds"))
    assert both["fingerprint"].shape[1] > alone.shape[1]
