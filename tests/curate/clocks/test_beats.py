"""Times of beats in simulated signals."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.curate.clocks.beats import ecg_beats, ppg_beats


def ecg_of(beats, rate, seconds):
    """A narrow wave, 40 ms wide, at each beat."""
    t = np.arange(int(seconds * rate)) / rate
    return sum(np.exp(-0.5 * ((t - beat) / 0.012) ** 2) for beat in beats)


def ppg_of(beats, rate, seconds):
    """A pulse that rises in 0.15 s and falls in 0.5 s, from each beat on."""
    t = np.arange(int(seconds * rate)) / rate
    since = [np.clip(t - beat, 0, None) for beat in beats]
    return sum((1 - np.exp(-after / 0.06)) * np.exp(-after / 0.25) for after in since)


@pytest.mark.parametrize("rate", [125.0, 250.0, 500.0])
def test_ecg_beats_lie_at_the_r_waves(heart, rate):
    true = heart(1, seconds=60)
    true = true[(true > 1) & (true < 59)]
    found = ecg_beats(ecg_of(true, rate, 60)[None], rate)
    assert found.size == true.size
    assert np.abs(found - true).max() < 0.010


@pytest.mark.parametrize("rate", [25.0, 64.0, 125.0])
def test_ppg_beats_follow_the_pulse_by_a_constant(heart, rate):
    true = heart(2, seconds=60)
    true = true[(true > 1) & (true < 58)]
    found = ppg_beats(ppg_of(true, rate, 60)[None], rate)
    assert found.size == true.size
    assert (found - true).std() < 0.012


def test_polarity_does_not_matter(heart):
    true = heart(3, seconds=60)
    signal = ppg_of(true, 64.0, 60)[None]
    assert np.allclose(ppg_beats(-signal, 64.0), ppg_beats(signal, 64.0), atol=1e-6)
    wave = ecg_of(true, 250.0, 60)[None]
    assert np.allclose(ecg_beats(-wave, 250.0), ecg_beats(wave, 250.0), atol=1e-6)


def test_missing_samples_cost_no_beats_elsewhere(heart):
    true = heart(4, seconds=60)
    signal = ppg_of(true, 64.0, 60)[None]
    holed = signal.copy()
    holed[0, 64 * 20 : 64 * 21] = np.nan
    whole, found = ppg_beats(signal, 64.0), ppg_beats(holed, 64.0)
    assert np.isin(np.round(whole[(whole < 18) | (whole > 23)], 1), np.round(found, 1)).mean() > 0.9


@pytest.mark.parametrize("samples", [0, 1, 60])
def test_a_stretch_too_short_has_no_beats(samples):
    assert ecg_beats(np.ones((1, samples)), 250.0).size == 0
    assert ppg_beats(np.ones((1, samples)), 25.0).size == 0


def test_a_flat_line_has_no_beats():
    assert ecg_beats(np.zeros((2, 5000)), 250.0).size == 0
    assert ppg_beats(np.full((1, 5000), 3.0), 64.0).size == 0
