"""Noise in what a model is judged on: of the ratio asked for, the same in every batch, and nothing at infinity."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal
from typer.testing import CliRunner

from biocurate.curate.quality.validation.noise import KINDS, applies
from biocurate.errors import ModelError, UsageError
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.sensors import SensorType
from zoo.cli import app
from zoo.data.noise import BANDS, INSIDE, Noise, disturbed, items, power_within
from zoo.judging.judge import judge_again
from zoo.judging.noisy import judge_with_noise
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune

SENSORS = {SensorType.EEG: 256.0, SensorType.ECG: 500.0, SensorType.PPG: 64.0, SensorType.GSR: 8.0}
FEW = Evaluation(draws=50, permutations=0)


def signals(rate, n=4, seconds=30, seed=0):
    """Noise with a spectrum that falls, on an offset."""
    x = np.random.default_rng(seed).standard_normal((n, int(seconds * rate))).cumsum(axis=1)
    return (100 + x - x.mean(axis=1, keepdims=True)).astype(np.float32)


def in_band(x, rate, band):
    """Power in a band by a steep filter's spectrum, found otherwise than by the code: the mean of a periodogram."""
    frequency, density = signal.periodogram(x, rate, detrend="constant", scaling="spectrum")
    inside = (frequency >= band[0]) & (frequency <= band[1]) & (frequency > 0)
    return density[:, inside].sum(axis=1)


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "dropout"])
@pytest.mark.parametrize("snr_db", [20.0, 0.0])
def test_the_ratio_is_of_powers_within_the_sensors_band(kind, sensor, snr_db):
    rate = SENSORS[sensor]
    x = signals(rate)
    made = Noise(kind, snr_db)(x, np.arange(len(x)), rate, sensor)
    if not applies(kind, sensor, rate):
        np.testing.assert_array_equal(made, x)
        return
    band = BANDS[sensor]
    noise = made.astype(np.float64) - x
    power = in_band(noise, rate, band if kind in INSIDE else (0, np.inf))
    np.testing.assert_allclose(10 * np.log10(in_band(x, rate, band) / power), snr_db, atol=0.05)


def test_dropout_holds_a_stretch_at_the_rail_whose_power_is_the_ratio():
    x = signals(100.0, n=200)
    made = Noise("dropout", 6.0)(x, np.arange(len(x)), 100.0, SensorType.ECG)
    changed = made != x
    share = changed.mean(axis=1)
    assert share.max() - share.min() < 0.002
    ratio = 10 * np.log10(x.var(axis=1).sum() / ((made - x) ** 2).mean(axis=1).sum())
    assert abs(ratio - 6) < 1
    skin = Noise("dropout", 6.0)(x, np.arange(len(x)), 8.0, SensorType.GSR)
    assert (skin[skin != x] == 0).all()


def test_infinity_leaves_every_bit_and_what_is_missing_stays_missing():
    x = signals(250.0)
    x[1, 100:400] = np.nan
    for kind in KINDS:
        assert Noise(kind, np.inf)(x, np.arange(4), 250.0, SensorType.EEG).tobytes() == x.tobytes()
        made = Noise(kind, 3.0)(x, np.arange(4), 250.0, SensorType.EEG)
        np.testing.assert_array_equal(np.isnan(made), np.isnan(x))
        assert made.dtype == np.float32


@given(st.permutations(range(6)), st.sampled_from(KINDS), st.integers(1, 5))
def test_noise_of_a_window_is_the_same_in_every_batch(order, kind, first):
    x, order = signals(125.0, n=6, seconds=4), np.array(order)
    noise = Noise(kind, 10.0, seed=3)
    whole = noise(x, np.arange(6), 125.0, SensorType.ECG)
    for some in (order[:first], order[first:]):
        np.testing.assert_array_equal(noise(x[some], some, 125.0, SensorType.ECG), whole[some])


def test_channels_and_seeds_differ_and_a_ratio_changes_the_size_alone():
    x = np.zeros((2, 3, 500), np.float32)
    x += signals(100.0, n=1, seconds=5)[0]
    one = disturbed(Noise("white", 10.0), x, np.array([4, 9]), 100.0, SensorType.EEG) - x
    flat = one.reshape(6, -1)
    assert np.abs(np.corrcoef(flat) - np.eye(6)).max() < 0.2
    assert len(np.unique(items(np.repeat([4, 9], 3), np.tile(range(3), 2)))) == 6
    quieter = disturbed(Noise("white", 30.0), x, np.array([4, 9]), 100.0, SensorType.EEG) - x
    np.testing.assert_allclose(quieter * 10, one, atol=2e-3)


def test_power_is_that_of_parseval():
    for samples in (400, 401):
        x = np.random.default_rng(1).standard_normal((3, samples))
        np.testing.assert_allclose(power_within(x, 100.0, (0, np.inf)), x.var(axis=1))


@pytest.fixture(scope="module")
def tried(cohort, tmp_path_factory):
    """Runs of features and of stored images, by three folds."""
    store = cohort(12, 3.0)
    folder = tmp_path_factory.mktemp("noisy")
    generate(store, store.manifest("folds"), representation("spectrogram-psd", segment=32), ["EEG"], image_set="noisy")
    training = Training(epochs=2, batch_size=16, lr=3e-3)
    for name, config in {
        "features": RunConfig(model="features-logreg", manifest="folds", sensors=("EEG", "GSR"), evaluation=FEW),
        "holdout": RunConfig(model="features-logreg", manifest="holdout", sensors=("EEG",), evaluation=FEW),
        "images": RunConfig(
            model="test-image-cnn",
            manifest="folds",
            images="noisy",
            sensors=("EEG",),
            evaluation=FEW,
            training=training,
        ),
    }.items():
        finetune(store, config, folder / name)
    return store, folder


@pytest.mark.parametrize("name", ["features", "holdout", "images"])
def test_at_infinity_figures_are_those_of_the_run_and_they_fall_with_the_ratio(tried, name):
    store, folder = tried
    found = judge_with_noise(folder / name, store, ["white"], [float("inf"), 0.0, -20.0])
    plain = judge_again(folder / name)
    none, infinite, loud, louder = found.rows
    for row in (none, infinite):
        for metric in ("balanced_accuracy", "auroc"):
            assert row.metrics[metric] == plain.metrics[metric]
    assert all(less.value == 0 for less in infinite.less.values())
    assert louder.metrics["auroc"].value < none.metrics["auroc"].value
    assert loud.less["auroc"].value == pytest.approx(loud.metrics["auroc"].value - none.metrics["auroc"].value)
    assert (loud.kind, loud.snr_db, loud.windows) == ("white", 0.0, none.windows)


def test_sensor_types_without_such_a_noise_are_told_and_a_kind_that_none_has_is_left_out(tried):
    store, folder = tried
    found = judge_with_noise(folder / "features", store, ["wander", "mains"], [10.0])
    assert [row.kind for row in found.rows] == ["none", "wander"]
    assert any(note == "wander: GSR at 8 Hz has no such noise." for note in found.notes)
    assert any("mains: EEG at 64 Hz, GSR at 8 Hz has no such noise, and the rows" in note for note in found.notes)


class Steps:
    """A bar that keeps what it was told."""

    def __init__(self):
        self.total, self.steps = 0, []

    def start(self, total):
        self.total = total

    def advance(self, amount):
        self.steps.append(amount)


def test_a_noise_that_no_sensor_type_has_is_tried_at_one_ratio_alone(tried):
    """Other ratios would predict the same windows from the same samples."""
    store, folder = tried
    bar = Steps()
    found = judge_with_noise(folder / "holdout", store, ["mains"], [20.0, 10.0, 0.0], bar=bar)
    assert [row.kind for row in found.rows] == ["none"]
    assert bar.steps == [1, 1, 2]
    assert sum(bar.steps) == bar.total


def test_an_unknown_noise_is_refused(tried):
    store, folder = tried
    with pytest.raises(UsageError, match="no noise 'hum'"):
        judge_with_noise(folder / "features", store, ["hum"], [10.0])


def test_a_store_with_another_manifest_is_refused(tried, cohort):
    _, folder = tried
    with pytest.raises(ModelError, match="the run was on"):
        judge_with_noise(folder / "features", cohort(6, 1.0), ["white"], [10.0])


def test_the_command_prints_a_table_over_ratios(tried):
    store, folder = tried
    given = ["evaluate", str(folder / "features"), "--store", store.url, "--noise", "white,motion", "--snr", "20,0"]
    done = CliRunner().invoke(app, [*given, "--json"], catch_exceptions=False)
    rows = json.loads(done.stdout)["rows"]
    assert [(row["kind"], row["snr_db"]) for row in rows] == [
        ("none", None), ("white", 20.0), ("white", 0.0), ("motion", 20.0), ("motion", 0.0)
    ]  # fmt: skip
    plain = CliRunner().invoke(app, given, catch_exceptions=False)
    assert "SNR (dB)" in plain.stdout
