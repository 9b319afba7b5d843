"""Random numbers that belong to a seed, an epoch and an item, whatever worker or batch asks for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def uniform(seed: int, epoch: int, purpose: int, item: Ints, count: int) -> NDArray[np.float64]:
    """Numbers from 0 up to 1, counted instead of drawn one after the other.

    Source: SplitMix64 of Steele, Lea & Flood, Fast splittable pseudorandom number generators, OOPSLA 2014, as the
    hash of a counter (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011).

    Parameters
    ----------
    seed, epoch : int
    purpose : int
        Numbers of different purposes are independent.
    item : array of int, shape (n,)
    count : int
        Numbers of each item.

    Returns
    -------
    array, shape (n, count)
    """
    key = np.zeros(1, dtype=np.uint64)
    for part in (seed, epoch, purpose):
        key = _mix(key ^ np.array([part % 2**64], dtype=np.uint64))
    of_item = _mix(key ^ item.astype(np.uint64))
    mixed = _mix(of_item[:, None] + np.arange(count, dtype=np.uint64) * GOLDEN)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = value + GOLDEN
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
