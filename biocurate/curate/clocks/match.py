"""Beats of two signals that are one beat of the heart, and whether their intervals say so.

A heart's intervals differ from beat to beat. Where beats are matched rightly, these differences are the same in both
signals; one beat off, they have nothing to do with each other. This tells apart what the times alone cannot: of a heart
that beats evenly, every shift by a beat brings all beats together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.clocks.track import Track

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

MATCH_S = 0.12
"""From the path; a beat farther off is another beat or an artefact."""
JUMP_S = 0.15
"""A change of the interval counts as much at most, so that a missed beat does not decide."""
LEAST_INTERVALS = 10
LEAST_CHANGE_S = 0.001
"""Intervals that change less, as a standard deviation, are those of a pacemaker or a generator, and their changes
rounding."""


def match(a: Array, b: Array, path: Track) -> tuple[Ints, Ints]:
    """Beats of two signals that fall together along a path, each with one only.

    Parameters
    ----------
    a, b : array, shape (beats,), in seconds, rising

    Returns
    -------
    of_a, of_b : array, shape (matches,)
        Indices of the beats, rising.
    """
    expected = a - np.interp(a, path.times_s, path.offsets_s)
    right = np.clip(np.searchsorted(b, expected), 1, b.size - 1)
    nearest = np.where(expected - b[right - 1] < b[right] - expected, right - 1, right)
    off = np.abs(b[nearest] - expected)
    close = np.flatnonzero(off <= MATCH_S)
    # Of several beats that meet the same one, the nearest counts.
    order = close[np.lexsort((off[close], nearest[close]))]
    first = np.ones(order.size, dtype=bool)
    first[1:] = np.diff(nearest[order]) != 0
    kept = order[first]
    return kept.astype(np.int64), nearest[kept].astype(np.int64)


def agreement(a: Array, b: Array, of_a: Ints, of_b: Ints) -> float:
    """How far the intervals of matched beats change together, in standard deviations of what chance gives.

    Fisher's z of the correlation of intervals, each less the median of the nine around it.
    """
    neighbours = (np.diff(of_a) == 1) & (np.diff(of_b) == 1)
    if neighbours.sum() < LEAST_INTERVALS:
        return 0.0
    x, y = _changes(np.diff(a[of_a])[neighbours]), _changes(np.diff(b[of_b])[neighbours])
    if min(x.std(), y.std()) < LEAST_CHANGE_S:
        return 0.0
    r = float((x * y).sum() / np.sqrt(np.square(x).sum() * np.square(y).sum()))
    return float(np.arctanh(np.clip(r, -0.999, 0.999)) * np.sqrt(x.size - 3))


def _changes(intervals: Array) -> Array:
    from scipy.ndimage import median_filter

    change = np.clip(intervals - median_filter(intervals, size=9, mode="nearest"), -JUMP_S, JUMP_S)
    return np.asarray(change - change.mean())
