"""Amplitudes: a wrong unit is found, and artefacts, loose electrodes and sensors that are off are no wrong unit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from biocurate.audit.amplitude import PLAUSIBLE, Scales, amplitudes
from biocurate.audit.excerpts import excerpted
from biocurate.sensors import CANONICAL, SensorType

RATE = 250.0


def scales(n_channels, unit, gain=1.0, offset=0.0, invalid=None):
    return Scales(
        [unit] * n_channels, [unit] * n_channels, np.full(n_channels, gain), np.full(n_channels, offset),
        invalid or [None] * n_channels,
    )  # fmt: skip


def judged(sensor, x, rate_hz=RATE, **options):
    """Judge samples of shape (channels, samples) in one block."""
    sensor = SensorType(sensor)
    return amplitudes(sensor, [x], rate_hz, scales(len(x), PLAUSIBLE[sensor].unit, **options))


def wave(swing, n_channels=3, seconds=20):
    times = np.arange(round(seconds * RATE)) / RATE
    return np.tile(swing / 2 * np.sin(2 * np.pi * 5 * times), (n_channels, 1))


def test_every_limit_is_in_the_canonical_unit_of_its_type():
    assert {sensor: CANONICAL[sensor] for sensor in PLAUSIBLE} == {
        sensor: known.unit for sensor, known in PLAUSIBLE.items()
    }


@pytest.mark.parametrize(("sensor", "swing"), [("ECG", 1.5), ("EEG", 80.0), ("EOG", 100.0), ("EMG", 50.0)])
@pytest.mark.parametrize("factor", [1, 1e-3, 1e3, 1e-6, 1e6])
def test_a_unit_that_is_wrong_by_thousands_is_found(sensor, swing, factor):
    found = judged(sensor, wave(factor * swing))
    if (sensor, factor) in {("EMG", 1e-3), ("EMG", 1e3), ("EOG", 1e-3)}:
        return  # 50 uV of muscle in thousandths or thousands are still a muscle's; see the limits' sources
    assert found.typical == pytest.approx([factor * swing] * 3, rel=0.01)
    assert found.wrong.tolist() == [factor != 1] * 3


@pytest.mark.parametrize(
    ("sensor", "right", "wrong"),
    [
        ("TEMP", 33.0, 33.0 * 1.8 + 32),  # degrees Fahrenheit called Celsius
        ("TEMP", 36.6, 309.75),  # kelvin
        ("GSR", 4.0, 1000 / 4.0),  # kOhm called uS
        ("GSR", 4.0, 4e-6),  # S called uS
        ("SPO2", 97.0, 0.97),  # a share called per cent
        ("HR", 72.0, 1.2),  # Hz called bpm
        ("HR", 72.0, 833.0),  # the interval in ms called bpm
        ("ABP", 90.0, 12_000.0),  # Pa called mmHg
        ("ACC", 0.8, 9.4),  # m/s^2 called g
        ("ACC", 0.8, 60.0),  # 1/64 g called g
    ],
)
def test_a_level_in_another_unit_is_found(sensor, right, wrong):
    for level, says in ((right, False), (wrong, True)):
        x = level * (1 + 0.1 * wave(1.0, n_channels=1, seconds=60) * (3 if sensor == "ABP" else 0.1))
        assert judged(sensor, x).wrong.tolist() == [says], level


def test_gravity_on_one_axis_is_enough_for_all_axes():
    x = wave(0.5)
    x[2] += 9.81
    assert judged("ACC", x).wrong.tolist() == [True] * 3
    x[2] -= 9.0
    assert judged("ACC", x).wrong.tolist() == [False] * 3


def test_an_artefact_in_less_than_half_of_the_seconds_says_nothing():
    x = wave(80.0)
    x[:, : round(9 * RATE)] *= 1e4
    assert not judged("EEG", x).outside.any()


def test_a_drift_that_spans_volts_in_a_minute_says_nothing():
    x = wave(80.0, seconds=60) + np.linspace(0, 100_000, round(60 * RATE))
    assert not judged("EEG", x).outside.any()


def test_one_loose_electrode_among_others_is_no_wrong_unit():
    x = wave(80.0)
    x[1] *= 1e3
    found = judged("EEG", x)
    assert not found.wrong.any()
    assert found.alone.tolist() == [False, True, False]


def test_a_channel_that_is_stated_in_a_unit_of_its_own_is_judged_by_itself():
    """One of three says mV where it holds uV."""
    x = wave(80.0)
    mixed = Scales(["uV", "mV", "uV"], ["uV"] * 3, np.array([1.0, 1000.0, 1.0]), np.zeros(3), [None] * 3)
    assert amplitudes(SensorType.EEG, [x], RATE, mixed).wrong.tolist() == [False, True, False]


def test_noise_of_an_electrode_that_is_off_is_no_wrong_unit():
    """A few digital steps of 16 bits over 6.5 mV."""
    noise = np.random.default_rng(0).integers(-2, 3, (2, 5000)).astype(np.int16)
    assert not judged("EEG", noise, gain=0.01).outside.any()


def test_a_transducer_or_an_oximeter_that_is_off_is_no_wrong_unit():
    random = np.random.default_rng(0)
    assert not judged("ABP", random.normal(-2, 0.5, (1, 5000))).outside.any()
    connected = np.zeros((1, 600))
    connected[0, ::40] = 97  # there for one second in forty
    assert not judged("SPO2", connected, rate_hz=1.0).outside.any()


def test_what_never_moves_or_has_another_unit_is_not_judged():
    for x in (np.zeros((1, 2500)), np.full((1, 2500), np.nan), np.full((1, 2500), 7.0)):
        found = judged("ECG", x)
        assert np.isnan(found.typical).all()
        assert not found.outside.any()
    assert amplitudes(SensorType.ECG, [np.ones((1, 100))], RATE, scales(1, "")) is None
    assert amplitudes(SensorType.PPG, [np.ones((1, 100))], RATE, scales(1, "NU")) is None
    assert amplitudes(SensorType.ECG, [], RATE, scales(1, "mV")) is None


@given(
    st.sampled_from([np.int16, np.int32, np.float32, np.float64]), st.integers(1, 4), st.integers(1, 900),
    st.sampled_from(["EEG", "TEMP"]), st.integers(0, 10**6),
)  # fmt: skip
@settings(max_examples=60)
def test_typical_amplitudes_are_those_of_the_slow_obvious_way(dtype, n_channels, n_samples, sensor, seed):
    random = np.random.default_rng(seed)
    x = random.integers(-120, 121, (n_channels, n_samples)).astype(dtype)
    x[random.random(x.shape) < 0.2] = -128
    gain, offset = random.uniform(-2, 2, n_channels), random.uniform(-9, 9, n_channels)
    known = PLAUSIBLE[SensorType(sensor)]
    kind = Scales([known.unit] * n_channels, [known.unit] * n_channels, gain, offset, [-128] * n_channels)
    found = amplitudes(SensorType(sensor), [x], 100.0, kind)
    for row in range(n_channels):
        values, second = [], min(100, n_samples)
        for first in range(0, n_samples - second + 1, second):
            valid = [float(v) for v in x[row, first : first + second] if v != -128]
            if valid and max(valid) > min(valid):
                physical = sorted(v for v in (w * gain[row] + offset[row] for w in valid) if v)
                swing = (max(valid) - min(valid)) * abs(gain[row])
                values.append(swing if sensor == "EEG" else physical[(len(physical) - 1) // 2])
        expected = sorted(values)[(len(values) - 1) // 2] if values else np.nan
        np.testing.assert_allclose(found.typical[row], expected, rtol=1e-12)


@given(
    st.lists(st.integers(0, 4000) | st.integers(0, 9).map(lambda n: 10 * n), max_size=6),
    st.sampled_from([0.05, 1.0, 10.0, 128.0]),
    st.integers(1, 5),
)
@example([10, 10], 1.0, 1)
def test_excerpts_of_a_stream_never_cross_a_gap_and_touch_no_sample_twice(segments, rate_hz, n_channels):
    asked = []

    def read(start, stop):
        asked.append((start, stop))
        return np.zeros((n_channels, stop - start))

    blocks = excerpted(read, segments, rate_hz, n_channels)
    assert sum(block.shape[1] for block in blocks) <= max(60, 31 * rate_hz)
    assert bool(blocks) == bool(sum(segments))
    edges = np.cumsum([0, *segments])
    assert all(np.searchsorted(edges, start, "right") == np.searchsorted(edges, stop, "left") for start, stop in asked)
    assert all(a[1] <= b[0] for a, b in pairwise(asked))
