"""Features against signals whose truth is known."""

from __future__ import annotations

import warnings

import neurokit2 as nk
import numpy as np
import pytest
from scipy.signal import find_peaks

from zoo.features import EXTRACTORS, Block
from zoo.features.filters import peaks_of
from zoo.features.pulse import intervals


def measured(sensor, x, rate, channels=None):
    """Features of windows, by name."""
    x = np.asarray(x)
    x = x[:, None] if x.ndim == 2 else x
    found = EXTRACTORS[sensor](Block(x.astype(np.float32), rate, tuple(channels or map(str, range(x.shape[1])))))
    assert len(found.names) == len(found.units) == found.values.shape[1]
    assert len(set(found.names)) == len(found.names)
    return dict(zip(found.names, found.values.T, strict=True))


def sine(hertz, rate, seconds, amplitude=1.0):
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize(("hertz", "band"), [(2.5, "delta"), (6, "theta"), (10, "alpha"), (20, "beta"), (38, "gamma")])
def test_a_sine_has_its_power_in_its_band_and_nowhere_else(hertz, band):
    found = measured("EEG", [sine(hertz, 250, 20, amplitude=40)], 250, ["Cz"])
    powers = {name: value[0] for name, value in found.items() if name.startswith("Cz.")}
    assert powers.pop(f"Cz.{band}") == pytest.approx(np.log10(40**2 / 2), abs=0.02)
    assert max(powers.values()) < np.log10(40**2 / 2) - 3


def test_band_ratios_compare_bands_over_the_head():
    x = np.stack([sine(6, 250, 20, 20) + sine(10, 250, 20, 10)] * 2)[None]
    found = measured("EEG", x, 250, ["Fz", "Cz"])
    assert found["theta/alpha"][0] == pytest.approx(2 * np.log10(2), abs=0.02)


def test_a_band_above_half_the_rate_is_unknown_not_zero():
    found = measured("EEG", [sine(10, 64, 10)], 64, ["Cz"])
    assert np.isnan(found["Cz.gamma"][0])
    assert np.isfinite(found["Cz.beta"][0])


@pytest.mark.parametrize("sensor", ["ECG", "PPG"])
@pytest.mark.parametrize("bpm", [60, 90])
def test_heart_rate_of_a_simulated_heart(sensor, bpm):
    rate = 250 if sensor == "ECG" else 64
    simulate = {
        "ECG": lambda seed: nk.ecg_simulate(20, sampling_rate=rate, heart_rate=bpm, noise=0.05, random_state=seed),
        "PPG": lambda seed: nk.ppg_simulate(20, sampling_rate=rate, heart_rate=bpm, random_state=seed),
    }[sensor]
    found = measured(sensor, [simulate(seed) for seed in range(4)], rate)
    np.testing.assert_allclose(found["heart_rate"], bpm, atol=2)


def test_heart_rate_does_not_depend_on_polarity_or_on_a_lead_that_is_off():
    lead = np.stack([nk.ecg_simulate(20, sampling_rate=250, heart_rate=75, random_state=3)])
    alone = measured("ECG", lead, 250)
    pair = measured("ECG", np.stack([-lead, np.zeros_like(lead)], axis=1), 250)
    np.testing.assert_allclose(pair["heart_rate"], alone["heart_rate"])


def test_variability_of_known_intervals_is_that_of_the_task_force():
    """Task Force (1996), table 1: SDNN, RMSSD and pNN50 of the intervals that were put in."""
    rng = np.random.default_rng(0)
    interval = 0.9 + 0.04 * rng.standard_normal(60)
    beat = np.cumsum(interval)
    rate = 500
    x = np.zeros(round((beat[-1] + 0.5) * rate))
    for at in beat:
        x += np.exp(-0.5 * ((np.arange(x.size) / rate - at) / 0.012) ** 2)
    found = measured("ECG", [x], rate)
    inner = 1000 * interval[1:]
    assert found["heart_rate"][0] == pytest.approx(60000 / inner.mean(), rel=1e-3)
    assert found["sdnn"][0] == pytest.approx(inner.std(ddof=1), rel=0.02)
    assert found["rmssd"][0] == pytest.approx(np.sqrt(np.mean(np.diff(inner) ** 2)), rel=0.02)
    assert found["pnn50"][0] == pytest.approx(100 * np.mean(np.abs(np.diff(inner)) > 50), abs=4)


def test_a_missed_and_a_false_beat_leave_the_intervals_around_them():
    beats = np.arange(12, dtype=float)
    beats = np.sort(np.append(np.delete(beats, 5), 8.4))
    found = intervals(beats[None])[0]
    assert np.isnan(found).sum() == 3
    np.testing.assert_allclose(found[np.isfinite(found)], 1.0)


def test_windows_without_a_heartbeat_are_unknown():
    rng = np.random.default_rng(1)
    flat, invalid = np.zeros(5000), np.full(5000, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for sensor in ("ECG", "PPG"):
            found = measured(sensor, [flat, invalid, 1e-3 * rng.standard_normal(5000).cumsum()], 250)
            assert np.isnan(found["heart_rate"][:2]).all()


@pytest.mark.parametrize("responses", [1, 3, 5])
def test_skin_conductance_responses_are_counted(responses):
    eda = nk.eda_simulate(60, sampling_rate=8, scr_number=responses, noise=0, drift=-0.01, random_state=1)
    found = measured("GSR", [eda], 8)
    assert found["response_rate"][0] == pytest.approx(responses, abs=0.01)
    assert found["response_sum"][0] > 0.2 * responses


def test_a_steady_slope_of_conductance_is_no_response():
    found = measured("GSR", [5 + 0.01 * np.arange(240) / 4], 4)
    assert found["slope"][0] == pytest.approx(0.6, rel=1e-3)
    assert found["level"][0] == pytest.approx(5.3, abs=0.01)
    assert found["response_rate"][0] == found["response_sum"][0] == 0


@pytest.mark.parametrize("per_minute", [8, 15, 24])
def test_breathing_rate(per_minute):
    found = measured("RESP", [sine(per_minute / 60, 25, 60)], 25)
    assert found["rate"][0] == pytest.approx(per_minute, abs=0.3)
    assert found["evenness"][0] > 0.9


def test_strength_of_muscle_and_statistics_of_slow_signals():
    assert measured("EMG", [sine(100, 1000, 5, 50)], 1000, ["a"])["a.rms"][0] == pytest.approx(
        np.log10(50 / np.sqrt(2)), abs=0.01
    )
    found = measured("TEMP", [[30, 31, 32, 33]], 1)
    assert {name: value[0] for name, value in found.items()} == pytest.approx(
        {"mean": 31.5, "slope": 60.0, "spread": np.sqrt(1.25), "least": 30, "greatest": 33}
    )


def test_motion_does_not_depend_on_how_the_device_is_turned():
    x = np.random.default_rng(2).standard_normal((3, 3, 320))
    turned = x[:, [2, 0, 1]] * [[[1], [-1], [1]]]
    one, other = measured("ACC", x, 32), measured("ACC", turned, 32)
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-5)


@pytest.mark.parametrize("sensor", EXTRACTORS)
def test_features_of_a_window_do_not_depend_on_the_others_beside_it(sensor):
    rng = np.random.default_rng(4)
    x = rng.standard_normal((5, 1, 2500)).cumsum(axis=-1).astype(np.float32)
    x[3] *= 100
    together = EXTRACTORS[sensor](Block(x, 100.0, ("a",))).values
    alone = np.concatenate([EXTRACTORS[sensor](Block(x[at : at + 1], 100.0, ("a",))).values for at in range(5)])
    np.testing.assert_allclose(together, alone, rtol=1e-9)


@pytest.mark.parametrize("sensor", EXTRACTORS)
def test_invalid_samples_are_bridged_where_few_and_unknown_where_many(sensor):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((2, 1, 2500)).cumsum(axis=-1)
    x[0, 0, 700:760] = np.nan
    x[1, 0, 100:2000] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = EXTRACTORS[sensor](Block(x, 100.0, ("a",))).values
    assert np.isnan(found[1]).all()
    if sensor not in {"ECG", "PPG"}:  # a random walk has no rhythm
        assert np.isfinite(found[0]).all()


def test_peaks_of_many_windows_are_those_of_each_alone():
    rng = np.random.default_rng(6)
    x = rng.standard_normal((20, 300)).cumsum(axis=-1) + 5 * rng.standard_normal((20, 300))
    height = np.percentile(x, 60, axis=1)
    for limits in ({}, {"height": height}, {"prominence": 4.0}):
        found = peaks_of(x, 7, **limits)
        for at, row in enumerate(x):
            own = {"height": height[at]} if "height" in limits else limits
            expected, about = find_peaks(row, distance=7, **{"prominence": (None, None)} | own)
            np.testing.assert_array_equal(found.sample[found.window == at], expected)
            np.testing.assert_allclose(found.rise[found.window == at], about["prominences"])
