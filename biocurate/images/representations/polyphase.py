"""Weighted sums of overlapping stretches of rows, a tap at a time: numbers that a processor adds side by side.

A stretch begins every so many samples, and its sum is made of numbers that lie side by side. Sums of many stretches,
one tap after the other, are made of vectors instead, in less than half of the time, and are equal to the last bit:
numbers are added in the order in which numpy adds a row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AT_ONCE = 1 << 17
"""Products that are worked on at once, so that they stay in a processor's cache."""


def stretches(x: Floats, first: int, weight: Floats) -> Floats:
    """Sum the products of weights and stretches of each row.

    Parameters
    ----------
    x : array, shape (batch, time)
    first : int
        Sample that the first stretch begins with, 0 or before it; what lies outside of a row is 0.
    weight : array, shape (points, taps)
        Of each stretch; they begin as many samples apart as ``time`` has for each point, a whole number.

    Returns
    -------
    array, shape (batch, points)
    """
    points, taps = weight.shape
    step = x.shape[1] // points
    turns = -(-taps // step)
    by_tap = np.ascontiguousarray(weight.T)[:, None, :]
    some = max(1, AT_ONCE // weight.size)
    out = np.empty((len(x), points))
    padded = np.zeros((some, (points + turns) * step))
    products = np.empty((taps, some, points))
    for start in range(0, len(x), some):
        n = len(x[start : start + some])
        padded[:n, -first : x.shape[1] - first] = x[start : start + some]
        # Sample s of a step of every stretch, side by side.
        by_phase = np.ascontiguousarray(padded[:n].reshape(n, points + turns, step).transpose(2, 0, 1))
        for turn in range(turns):
            mine = slice(turn * step, min((turn + 1) * step, taps))
            samples = by_phase[: mine.stop - mine.start, :, turn : turn + points]
            np.multiply(samples, by_tap[mine], out=products[mine, :n])
        out[start : start + n] = total(products[:, :n])
    return out


def total(parts: Floats) -> Floats:
    """Sum along the first dimension, in the order of numpy's sum of a row (pairwise, of eight sums at a time)."""
    n = len(parts)
    if n > 128:
        half = n // 2 - n // 2 % 8
        return total(parts[:half]) + total(parts[half:])
    whole = n - n % 8 if n >= 8 else 1
    out = parts[0].copy() if n < 8 else _of_eight(parts[:whole])
    for part in parts[whole:]:
        out += part
    return out


def _of_eight(parts: Floats) -> Floats:
    eight = np.add.reduce(parts.reshape(-1, 8, *parts.shape[1:]), axis=0)
    four = eight[0::2] + eight[1::2]
    two = four[0::2] + four[1::2]
    return np.asarray(two[0] + two[1])
