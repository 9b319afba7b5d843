"""Hashes of short runs of stored numbers, chosen by the numbers alone: a copy that begins elsewhere has them too.

Every run of `GRAM` neighbouring numbers has a hash; of those that begin within one window the least is kept. Two
recordings that share a whole window of stored numbers therefore keep the same hash of it, wherever it lies in either.

Source: Schleimer, Wilkerson & Aiken, Winnowing: local algorithms for document fingerprinting, SIGMOD 2003; the hash of
a run is a polynomial modulo 2^64 (Karp & Rabin, IBM J. Res. Dev. 31 (1987) 249) of numbers that were mixed first
(splitmix64).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.int64]
Words = NDArray[np.uint64]

GRAM = 64
"""Numbers in a run."""

WINDOW_S = 4.0
"""One hash is kept of at least every so many seconds."""

LEAST_BENDS = GRAM // 2
"""Places of a run at which the signal bends: steps, ramps and silence are like too many others."""

BITS = 53
"""Of a hash that are kept: what a float holds exactly."""

_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64


def window_of(rate_hz: float) -> int:
    """Runs of which one is kept: as many as begin within `WINDOW_S`, and no fewer than a run is long."""
    return max(GRAM, round(WINDOW_S * rate_hz))


def shared_for_certain(rate_hz: float) -> int:
    """Samples that two recordings have to share until two of their hashes are the same, where the signal bends."""
    return 2 * window_of(rate_hz) + GRAM + 1


def grams(x: NDArray[Any], rate_hz: float) -> Hashes:
    """Hashes that are kept of channels.

    Parameters
    ----------
    x : array of integers or floats, shape (channels, samples)
        As stored. Of integers only differences count, so that an offset changes nothing.
    rate_hz : float

    Returns
    -------
    array of int64, shape (hashes,)
        Rising, each once. Those of blocks that overlap by `shared_for_certain` are together those of the whole.
    """
    kept = [_kept(row, window_of(rate_hz)) for row in x]
    return np.unique(np.concatenate(kept)) if kept else np.empty(0, dtype=np.int64)


def _kept(row: NDArray[Any], window: int) -> Hashes:
    """The least hash of every window of a channel."""
    from scipy.ndimage import minimum_filter1d

    words = _words(row)
    if words.size < window + GRAM:
        return np.empty(0, dtype=np.int64)
    hashes = (_rolling(words) >> np.uint64(64 - BITS)).astype(np.float64)
    hashes[_bends(words) < LEAST_BENDS] = np.inf
    # The filter's result stands in the middle of its window; windows over the ends are none.
    centred: NDArray[np.float64] = np.asarray(minimum_filter1d(hashes, window), dtype=np.float64)
    least = centred[window // 2 :][: hashes.size - window + 1]
    new = np.concatenate([[True], least[1:] != least[:-1]])
    found = np.unique(least[new])
    return np.asarray(found[np.isfinite(found)], dtype=np.int64)


def _words(row: NDArray[Any]) -> Words:
    """What counts of each sample: the difference of integers from the last, the bits of a float."""
    if row.dtype.kind == "f":
        return np.asarray(row.astype(np.float64) + 0.0).view(np.uint64)  # -0 is 0
    return np.diff(row.astype(np.int64)).view(np.uint64)


def _bends(words: Words) -> NDArray[np.int64]:
    """Of each run, how many of its numbers differ from the one before."""
    total = np.concatenate([[0, 0], np.cumsum(words[1:] != words[:-1], dtype=np.int64)])
    return np.asarray(total[GRAM:] - total[1 : 1 - GRAM])


def _rolling(words: Words) -> Words:
    """The hash of each run of `GRAM` words."""
    up, down = _powers(words.size)
    total = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(_mixed(words) * up)])
    return _mixed((total[GRAM:] - total[:-GRAM]) * down[: words.size - GRAM + 1])


@lru_cache(maxsize=2)
def _powers(size: int) -> tuple[Words, Words]:
    """Powers of the base, and of its inverse, modulo 2^64."""
    bases = np.array([_BASE, pow(_BASE, -1, 1 << 64)], dtype=np.uint64)
    powers = np.empty((2, size), dtype=np.uint64)
    powers[:, 0] = 1
    powers[:, 1:] = bases[:, None]
    both = np.cumprod(powers, axis=1)
    return both[0], both[1]


def _mixed(words: Words) -> Words:
    """Splitmix64: every bit of a word changes half of the bits of the result (Steele et al., OOPSLA 2014)."""
    mixed = words + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
