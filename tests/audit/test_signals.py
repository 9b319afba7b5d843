"""Mains and heart rates: right recordings pass, and each single fault is found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.audit.excerpts import excerpts
from biocurate.audit.hearts import heart_rates, pulse_rates, rates_differ
from biocurate.audit.mains import shifted_mains

from .conftest import electrodes


def eeg(rate: float, line_hz: float | None, blocks: int = 6, seconds: float = 10.0, seed: int = 0) -> np.ndarray:
    """Noise that falls as 1/f, with a line of 4 uV in 10."""
    random = np.random.default_rng(seed)
    n = round(rate * seconds)
    spectrum = np.fft.rfft(random.standard_normal((blocks, 4, n)))
    x = np.fft.irfft(spectrum / np.maximum(np.arange(spectrum.shape[2]) * rate / n, 1.0) ** 0.5, n)
    x *= 10 / x.std()
    return x if line_hz is None else x + 4 * np.sin(2 * np.pi * line_hz * np.arange(n) / rate)


@pytest.mark.parametrize(("true", "declared"), [(250, 256), (256, 250), (512, 500), (500, 250), (1000, 250)])
@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_a_rate_that_is_declared_wrong_moves_the_mains_line_by_its_factor(true, declared, mains):
    x = eeg(true, mains)
    assert shifted_mains(x, true, mains) is None
    if mains + 4 > declared / 2 or mains * declared / true > declared / 2:
        return
    line = shifted_mains(x, declared, mains)
    assert line is not None
    assert line.hz == pytest.approx(mains * declared / true, abs=0.3)
    assert line.factor == pytest.approx(declared / true, rel=0.01)


def test_sixty_hertz_where_fifty_is_declared_is_found():
    line = shifted_mains(eeg(250, 60.0), 250, 50.0)
    assert line is not None
    assert line.factor == pytest.approx(1.2)


@pytest.mark.parametrize("line_hz", [None, 17.0, 33.0, 100.0])
def test_no_line_another_line_or_a_harmonic_that_a_notch_left_says_nothing(line_hz):
    assert shifted_mains(eeg(256, line_hz), 256, 50.0) is None


def test_noise_has_no_line():
    for seed in range(20):
        assert shifted_mains(eeg(256, None, blocks=1, seed=seed), 256, 50.0) is None


@pytest.mark.parametrize("bpm", range(50, 130, 5))
def test_the_harmonics_of_a_regular_heart_are_no_mains_line(bpm):
    """75 beats a minute have harmonics at 12.5 and at 25 Hz, a quarter and half of 50."""
    x = np.stack(list(electrodes(bpm=bpm).values()))[None]
    assert shifted_mains(x, 500.0, 50.0) is None


def test_a_stretch_too_short_or_with_gaps_says_nothing():
    assert shifted_mains(eeg(256, 51.2, blocks=1, seconds=3), 256, 50.0) is None
    broken = eeg(256, 51.2)
    broken[:, :, 5] = np.nan
    assert shifted_mains(broken, 256, 50.0) is None
    assert shifted_mains(np.zeros((6, 2, 2560)), 256, 50.0) is None


def windows(bpm: float, rate: float, n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """ECG and PPG of one heart, shape (windows, 1, samples) each."""
    lead = electrodes(seconds=30.0 * n, rate=rate, bpm=bpm)["LF"].reshape(n, 1, -1)
    times = np.arange(round(30 * n * rate)) / rate
    phase = 2 * np.pi * times * bpm / 60
    pulse = np.sin(phase - 1) + 0.3 * np.sin(2 * phase) + 0.05 * np.random.default_rng(1).standard_normal(len(times))
    return lead, pulse.reshape(n, 1, -1)


@given(st.floats(45, 170), st.sampled_from([125.0, 250.0]))
@settings(max_examples=20, deadline=None)
def test_heart_and_pulse_rates_are_those_of_the_heart(bpm, rate):
    ecg, ppg = windows(bpm, rate, n=3)
    np.testing.assert_allclose(heart_rates(ecg, rate), bpm, rtol=0.01)
    np.testing.assert_allclose(pulse_rates(ppg, rate), bpm, rtol=0.01)
    assert rates_differ(heart_rates(ecg, rate), pulse_rates(ppg, rate)) is None


@pytest.mark.parametrize(("true", "declared"), [(125.0, 128.0), (128.0, 125.0), (125.0, 250.0)])
def test_a_pulse_at_a_rate_that_is_declared_wrong_is_found(true, declared):
    ecg, ppg = windows(80, true)
    assert rates_differ(heart_rates(ecg, true), pulse_rates(ppg, declared)) == pytest.approx(declared / true, rel=0.01)


def test_the_pulse_of_another_person_is_found():
    assert rates_differ(heart_rates(windows(62, 125.0)[0], 125.0), pulse_rates(windows(80, 125.0)[1], 125.0))


def test_noise_beats_with_no_rate():
    noise = np.random.default_rng(0).standard_normal((6, 1, 3750))
    assert rates_differ(heart_rates(noise, 125.0), pulse_rates(windows(80, 125.0)[1], 125.0)) is None
    assert np.isnan(heart_rates(np.zeros((2, 1, 3750)), 125.0)).all()
    assert np.isnan(pulse_rates(np.zeros((2, 1, 3750)), 125.0)).all()


@given(st.lists(st.integers(0, 5000), max_size=8), st.integers(1, 700), st.integers(1, 7))
def test_an_excerpt_never_crosses_a_gap(segments, length, most):
    starts, found = excerpts(segments, length, most)
    assert len(starts) <= most
    assert len(np.unique(starts)) == len(starts)
    ends = np.cumsum(segments)
    if not segments or not max(segments):
        assert len(starts) == 0
        return
    assert len(starts)
    assert found == length if max(segments) >= length else found == max(segments)
    for start in starts:
        segment = int(np.searchsorted(ends, start, side="right"))
        assert start + found <= ends[segment]
