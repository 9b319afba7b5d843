"""Samples that stand still: runs of equal values, found in many windows at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def in_long_runs(same: Mask, least: int) -> Mask:
    """Samples that lie in a run of True of at least so many.

    Parameters
    ----------
    same : array of bool, shape (rows, samples)
    least : int

    Returns
    -------
    array of bool, shape (rows, samples)
    """
    rows, samples = same.shape
    if not samples or not rows:
        return same
    # A wall of False between rows, so that no run goes from one to the next.
    walled = np.zeros((rows, samples + 1), dtype=np.int8)
    walled[:, :-1] = same
    line = np.concatenate([[0], walled.ravel()])
    step = np.diff(line)
    first, after = np.flatnonzero(step == 1), np.flatnonzero(step == -1)
    long = after - first >= least
    marks = np.zeros(line.size, dtype=np.int8)
    marks[first[long]] = 1
    marks[after[long]] -= 1
    return np.asarray(np.cumsum(marks[:-1]).reshape(rows, samples + 1)[:, :samples] > 0)


def flat(x: NDArray[np.float64], known: Mask, least: int) -> Mask:
    """Samples in a run of at least so many known samples of one value."""
    equal = (x[:, 1:] == x[:, :-1]) & known[:, 1:] & known[:, :-1]
    # A run of n equal samples has n - 1 equal pairs.
    pairs = in_long_runs(equal, max(least - 1, 1))
    found = np.zeros(x.shape, dtype=bool)
    found[:, 1:] |= pairs
    found[:, :-1] |= pairs
    return found


def clipped(x: NDArray[np.float64], known: Mask, least: int) -> Mask:
    """Samples in a run of at least so many at their row's greatest or least value, where it has more than one."""
    if not x.shape[1]:
        return known
    high = np.where(known, x, -np.inf).max(axis=1, keepdims=True)
    low = np.where(known, x, np.inf).min(axis=1, keepdims=True)
    moves = high > low
    return in_long_runs(known & (x == high) & moves, least) | in_long_runs(known & (x == low) & moves, least)
