"""Heart rate as a series on an even grid: what is compared first, because it needs no beat to be matched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GRID_HZ = 4.0
"""Heart rate changes slower than half of this."""
SLOWEST_S, FASTEST_S = 2.0, 0.3
"""Intervals of a heart."""
STEADY = 0.25
"""Share by which an interval may differ from the median of its neighbours: a missed or extra beat differs by more."""
HOLE_S = 3.0
"""Between two intervals that count; what lies in a wider hole is not known."""


@dataclass(frozen=True)
class HeartRate:
    """Heart rate every 1 / `GRID_HZ` seconds.

    Parameters
    ----------
    start_s : float
        Time of the first value, a multiple of the grid's step.
    bpm : array, shape (values,), NaN where it is not known
    """

    start_s: float
    bpm: Array


def intervals_that_count(beats: Array) -> NDArray[np.bool_]:
    """Of each interval between two beats, whether it is one of a heart whose beats were all found.

    Parameters
    ----------
    beats : array, shape (beats,), in seconds, rising
    """
    from scipy.ndimage import median_filter

    gaps = np.diff(beats)
    if not gaps.size:
        return np.zeros(0, dtype=bool)
    usual = median_filter(gaps, size=9, mode="nearest")
    return np.asarray((gaps >= FASTEST_S) & (gaps <= SLOWEST_S) & (np.abs(gaps - usual) <= STEADY * usual))


def heart_rate(beats: Array) -> HeartRate:
    """Heart rate from the times of beats.

    Parameters
    ----------
    beats : array, shape (beats,), in seconds, rising

    Returns
    -------
    HeartRate
        Each interval's rate stands at its middle; between them lies a line.
    """
    good = intervals_that_count(beats)
    if good.sum() < 2:
        return HeartRate(0.0, np.empty(0))
    gaps, middles = np.diff(beats)[good], ((beats[1:] + beats[:-1]) / 2)[good]
    first, last = np.ceil(middles[0] * GRID_HZ), np.floor(middles[-1] * GRID_HZ)
    grid = np.arange(first, last + 1) / GRID_HZ
    bpm = np.interp(grid, middles, 60 / gaps)
    next_one = np.clip(np.searchsorted(middles, grid), 1, middles.size - 1)
    bpm[middles[next_one] - middles[next_one - 1] > HOLE_S] = np.nan
    return HeartRate(float(first / GRID_HZ), bpm)
