"""Fingerprints that begin where the signal says, so that a copy that begins elsewhere has them too.

A channel's steepest moment within a neighbourhood is a mark; its fingerprint is of that neighbourhood, made like that
of a recording's beginning (`biocurate.curate.leakage.fingerprint`). A copy that holds the neighbourhood has the same
mark and, at another rate, scale or width of numbers, nearly the same fingerprint.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.leakage.fingerprint import FINE, SIZE, Grid, smooth, vectors

HALF = SIZE // 2
"""Bins to both sides of a mark: it is the steepest among them, and they are its fingerprint."""


def span_s(grid: Grid) -> float:
    """Signal that a mark needs around it, and what is averaged at the ends."""
    return (SIZE + 4) / grid.rate_hz


def shapes(x: NDArray[np.float64], rate_hz: float, grid: Grid) -> NDArray[np.int8]:
    """Fingerprints at the marks of a channel.

    Parameters
    ----------
    x : array, shape (samples,), NaN where invalid
    rate_hz : float
    grid : Grid

    Returns
    -------
    array of int8, shape (marks, SIZE)
        In the order of time, without those that are too still.
    """
    n_fine = int(x.size / rate_hz * grid.rate_hz * FINE)
    if n_fine < SIZE * FINE:
        return np.empty((0, SIZE), dtype=np.int8)
    level = smooth(x, rate_hz, grid, n_fine)
    marks = _marks(level)
    if not marks.size:
        return np.empty((0, SIZE), dtype=np.int8)
    steps = np.arange(-HALF, HALF + 1) * FINE
    at = marks[:, None] + steps
    made = vectors(np.diff(np.interp(at, np.arange(level.size), level), axis=-1))
    return made[made.any(axis=1)]


def _marks(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the level is steeper than anywhere near, between bins by the parabola through three."""
    from scipy.ndimage import maximum_filter1d

    slope = np.abs(np.nan_to_num(np.gradient(level))) if level.size > 1 else np.zeros(level.size)
    reach = HALF * FINE
    if slope.size < 2 * reach + 3:
        return np.empty(0)
    highest = maximum_filter1d(slope, 2 * reach + 1)
    found = np.flatnonzero((slope == highest) & (slope > 0))
    found = found[(found > reach) & (found < slope.size - reach - 1)]
    before, here, after = slope[found - 1], slope[found], slope[found + 1]
    bend = before - 2 * here + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    return np.asarray(found + shift)
