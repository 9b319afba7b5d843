"""Offset and drift of two clocks that felt one heart, and none where they felt two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.curate.clocks.estimate import Estimate, Refused, estimate
from biocurate.curate.clocks.heart_rate import heart_rate
from biocurate.curate.clocks.lag import correlate

SETTINGS = settings(max_examples=12)


def moved(beats, lag_s, ppm):
    """Beats by a clock that must be given ``lag + (1 + ppm) t`` to be true."""
    return (beats - lag_s) / (1 + ppm * 1e-6)


def worst_error(found, beats, lag_s, ppm):
    at = np.linspace(beats[0], beats[-1], 100)
    return np.abs(found.line.added(at) - (lag_s + ppm * 1e-6 * at)).max()


@SETTINGS
@given(
    seed=st.integers(0, 10_000),
    lag=st.floats(0.1, 30) | st.floats(-30, -0.1),
    ppm=st.floats(-50, 50),
    bpm=st.floats(50, 110),
)
def test_lag_and_drift_are_recovered_within_the_uncertainty(heart, seed, lag, ppm, bpm):
    """The issue asks for 0.1 to 30 s and up to 50 ppm."""
    random = np.random.default_rng(seed)
    true = heart(seed, bpm=bpm)
    a = true + random.normal(0, 0.005, true.size)
    b = moved(true + random.normal(0, 0.005, true.size), lag, ppm)
    found = estimate(a, b)
    assert isinstance(found, Estimate)
    assert found.method == "beats"
    # Twice the 95 % interval, over all the recording and all examples.
    assert worst_error(found, b, lag, ppm) < 2 * found.line.uncertainty_s + 1e-3
    assert found.line.uncertainty_s < 0.01


@SETTINGS
@given(seed=st.integers(0, 10_000), same_rate=st.booleans())
def test_two_hearts_give_no_confidence(heart, seed, same_rate):
    a = heart(seed, bpm=70)
    b = heart(seed + 20_000, bpm=70 if same_rate else 82)
    assert isinstance(estimate(a, b), Refused)


def test_missed_beats_and_jitter_are_borne(heart, felt):
    true = heart(5, seconds=600)
    b = moved(felt(true, 1, jitter_s=0.02, missed=0.1), 7.0, 30)
    found = estimate(felt(true, 2, jitter_s=0.02, missed=0.1), b)
    assert isinstance(found, Estimate)
    assert worst_error(found, b, 7.0, 30) < 0.01


def test_a_clock_that_bends_is_followed_in_pieces(heart, felt):
    true = heart(6, seconds=600)
    bend = 0.15 * np.sin(2 * np.pi * true / 400)
    found = estimate(felt(true, 1), felt(true - bend, 2))
    assert isinstance(found, Estimate)
    assert found.line.knots_s.size > 3
    at = np.linspace(20, 580, 200)
    assert np.abs(found.line.added(at - np.interp(at, true, bend)) - np.interp(at, true, bend)).max() < 0.04


def test_a_straight_clock_stays_one_line(heart, felt):
    for seed in range(5):
        true = heart(seed, seconds=600)
        found = estimate(felt(true, 1), moved(felt(true, 2), 2.0, 20))
        assert isinstance(found, Estimate)
        assert found.line.knots_s.size == 2


def test_an_even_heart_is_told_apart_by_its_few_odd_intervals(felt):
    """Every shift by a beat brings all beats together; three early beats in four minutes say which one is right."""
    intervals = np.full(300, 0.66) + np.random.default_rng(0).normal(0, 0.004, 300)
    for early in (40, 120, 220):
        intervals[early] -= 0.12
        intervals[early + 1] += 0.12
    true = np.cumsum(intervals)
    found = estimate(true, moved(felt(true, 1, jitter_s=0.003, missed=0), 5.0, 0))
    if isinstance(found, Estimate):  # it may refuse; what it may not do is take the next beat
        assert abs(found.line.offsets_s.mean() - 5.0) < 0.05


def test_a_metronome_gives_no_confidence():
    beats = np.arange(0, 300, 0.8)
    assert isinstance(estimate(beats, beats - 3.0), Refused)


@pytest.mark.parametrize("seconds", [0, 20, 45])
def test_too_short_a_time_in_common_is_refused_with_the_reason(heart, seconds):
    true = heart(8, seconds=seconds + 1)
    found = estimate(true, true - 1.0)
    assert isinstance(found, Refused)
    assert "beats" in found.reason or "in common" in found.reason


def test_a_lag_out_of_reach_is_refused(heart, felt):
    true = heart(9)
    assert isinstance(estimate(true, moved(felt(true, 1), 90.0, 0), most_s=30), Refused)
    assert isinstance(estimate(true, moved(felt(true, 1), 90.0, 0), most_s=120), Estimate)


def test_heart_rate_correlates_at_its_lag(heart):
    true = heart(10, seconds=600)
    found = correlate(heart_rate(true), heart_rate(true - 12.5), 60)
    assert found.best is not None
    assert found.lags_s[found.best] == pytest.approx(12.5, abs=0.25)
    assert found.r[found.best] > 0.95
    assert found.z[found.best] > 10


def test_heart_rate_is_unknown_where_beats_are_missed_for_long(heart):
    true = heart(11, seconds=100)
    held = true[(true < 40) | (true > 50)]
    rate = heart_rate(held)
    at = rate.start_s + np.arange(rate.bpm.size) / 4
    assert np.isnan(rate.bpm[(at > 42) & (at < 48)]).all()
    assert np.isfinite(rate.bpm[(at > 10) & (at < 35)]).all()
