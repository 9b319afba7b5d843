"""Shares of samples and of power, on windows whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.curate.quality import score

RATE = 200.0
T = np.arange(2000) / RATE


def sine(hz=7.0, size=1.0):
    return (size * np.sin(2 * np.pi * hz * T)).astype(np.float32)


def of(x, column, sensor="ECG", unit="mV", rate=RATE):
    return float(score(np.asarray(x, np.float32)[None, None], rate, sensor, unit).columns[column][0, 0])


def test_missing_is_the_share_of_samples_that_are_no_number():
    x = sine()
    x[:300], x[300:500] = np.nan, np.inf
    assert of(x, "missing_v1") == 0.25


def test_flat_is_a_run_of_equal_samples_not_a_slow_one():
    x = sine()
    x[500:900] = x[500]
    assert of(x, "flat_v1") == pytest.approx(0.2, abs=0.002)
    x[500:900] += np.arange(400) * 1e-4
    assert of(x, "flat_v1") == 0.0


def test_a_run_of_79_samples_is_not_flat_and_one_of_80_is():
    # ECG: 0.4 s, which is 80 samples at 200 Hz
    short, long = sine(1.3), sine(1.3)
    short[500:579], long[500:580] = 0.123, 0.123
    assert (of(short, "flat_v1"), of(long, "flat_v1")) == (0.0, 0.04)


def test_clipped_is_what_lies_on_the_rails():
    x = np.clip(sine(2.0), -0.5, 0.5)
    expected = np.mean(np.abs(x) == 0.5)
    assert of(x, "clipped_v1") == pytest.approx(expected, abs=0.01)
    assert of(sine(2.0), "clipped_v1") == 0.0


def test_kleckner_2018_limits_of_skin_conductance():
    # Kleckner et al. 2018: below 0.05 uS, above 60 uS, or faster than 10 uS/s
    x = np.full(240, 5.0, np.float32) + np.linspace(0, 1, 240, dtype=np.float32)
    x[0:24], x[100:112] = 0.04, 61.0
    # The steps at both ends of the 61 and after the 0.04 are too steep, too.
    assert of(x, "out_of_range_v1", "GSR", "uS", 4.0) == pytest.approx((24 + 12 + 2) / 240)


def test_limits_are_held_only_against_the_canonical_unit():
    found = score(np.full((1, 1, 2000), 5000.0) + sine()[None, None], RATE, "ECG", "counts")
    assert np.isnan(found.columns["out_of_range_v1"]).all()
    assert found.reason[0, 0] == "no-unit"


def test_mains_is_the_share_of_power_at_the_lines_of_50_or_60_hz():
    for hz in (50.0, 60.0):
        x = sine(7.0) + sine(hz)
        assert of(x, "mains_v1") == pytest.approx(0.5, abs=0.01)
    assert of(sine(55.0), "mains_v1") < 0.01


def test_drift_is_the_share_of_power_below_the_sensors_band():
    x = sine(7.0) + sine(0.2, 2.0)
    assert of(x, "drift_v1") == pytest.approx(0.8, abs=0.05)


def test_kurtosis_of_gaussian_noise_is_a_half_and_of_a_sine_a_fifth():
    noise = np.random.default_rng(0).standard_normal(200_000)
    assert of(noise, "kurtosis_v1_rel") == pytest.approx(0.5, abs=0.01)
    assert of(sine(7.0), "kurtosis_v1_rel") == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("x", "sensor", "reason"),
    [
        (np.full(2000, np.nan), "ECG", "missing"),
        (np.zeros(2000), "ECG", "flat"),
        (np.zeros(0), "ECG", "too-short"),
        (sine()[:100], "ECG", "too-short"),
        (np.linspace(0, 1, 2000), "ECG", "no-beats"),
        (sine(), "EEG", "no-unit"),
    ],
)
def test_each_reason(x, sensor, reason):
    unit = "mV" if sensor == "ECG" else None
    assert score(np.asarray(x)[None, None], RATE, sensor, unit).reason[0, 0] == reason


def test_an_index_of_a_signal_that_is_not_there_is_0_and_of_one_that_is_too_short_null():
    assert of(np.zeros(2000), "ecg_sqi_v1") == 0.0
    assert of(np.full(2000, np.nan), "ecg_sqi_v1") == 0.0
    assert np.isnan(of(sine()[:100], "ecg_sqi_v1"))
    assert np.isnan(of(sine(0.3), "ecg_sqi_v1", rate=40.0))
