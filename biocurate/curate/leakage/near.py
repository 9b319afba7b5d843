"""Pairs of fingerprints that point the same way, without looking at every pair.

Random hyperplanes cut the space; which sides a fingerprint is on makes a key of a few bits, and fingerprints at a small
angle share a key of one set of hyperplanes or another (Charikar, Similarity estimation techniques from rounding
algorithms, STOC 2002). Only those that share a key are compared. The number of bits grows with the logarithm of the
number of fingerprints, so that the number of comparisons grows with the fingerprints and not with their square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.85
"""Least cosine of copies; docs/decisions/leakage.md has the distributions on real signals."""

FALSE_ALARMS = 0.01
"""Share of distinct recordings that may be taken for another's copy by chance."""

KEYS = 64
"""Sets of hyperplanes: at a cosine of 0.9 and 18 bits, 98 % of pairs share a key; at 0.95, all but one of 100,000."""

NEIGHBOURS = 16
"""Fingerprints that one is compared with under one key, where many share it."""

CHUNK = 100_000
"""Comparisons at once."""


@dataclass(frozen=True)
class Alike:
    """Pairs of fingerprints, each once, ``a < b``."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    cosine: NDArray[np.float64]
    """With its sign taken away: a copy upside down is a copy."""


def near_copies(fingerprints: NDArray[np.int8], seed: int = 0, alike: float = ALIKE) -> Alike:
    """Find the pairs that are too alike for chance.

    Parameters
    ----------
    fingerprints : array of int8, shape (n, size)
        None of them all zero.
    seed : int
        Of the hyperplanes.
    alike : float
        Least cosine, whatever chance gives.
    """
    n = len(fingerprints)
    least = least_cosines(fingerprints, alike)
    found = [np.zeros(0, dtype=np.int64)]
    bits = int(np.clip(np.ceil(np.log2(max(n, 2))), 8, 24))
    random = np.random.default_rng(seed)
    for _ in range(KEYS):
        keys = _keys(fingerprints, random.standard_normal((fingerprints.shape[1], bits), dtype=np.float32))
        pairs = _sharing(keys)
        a, b = np.divmod(pairs, n)
        found.append(pairs[_cosines(fingerprints, pairs, n) >= np.maximum(least[a], least[b])])
    pairs = np.unique(np.concatenate(found))
    return Alike(*np.divmod(pairs, n), _cosines(fingerprints, pairs, n))


def least_cosines(fingerprints: NDArray[np.int8], alike: float = ALIKE) -> NDArray[np.float64]:
    """From which cosine on each fingerprint has a copy.

    A signal of few frequencies, such as a ventilated patient's breath, meets others by chance. Of random directions in
    ``d`` dimensions, a share of about ``(1 - c^2)^((d - 1) / 2)`` is within a cosine ``c`` of a given one; ``d`` is
    twice the number of frequencies that hold the power, the participation ratio of the spectrum. The cosine is such
    that, among all fingerprints at hand, this happens to `FALSE_ALARMS` of them.
    """
    n = len(fingerprints)
    frequencies = np.empty(n)
    for first in range(0, n, CHUNK):
        block = fingerprints[first : first + CHUNK].astype(np.float32)
        # Padded to twice the length, each frequency counts twice.
        power = np.abs(np.fft.rfft(block, 2 * block.shape[1], axis=1)) ** 2
        frequencies[first : first + CHUNK] = power.sum(axis=1) ** 2 / (power**2).sum(axis=1) / 2
    by_chance = (FALSE_ALARMS / max(n, 1)) ** (2 / np.maximum(2 * frequencies - 1, 1))
    return np.maximum(alike, np.sqrt(1 - by_chance))


def _keys(fingerprints: NDArray[np.int8], planes: NDArray[np.float32]) -> NDArray[np.int64]:
    """Which sides of the planes each is on; the same for a fingerprint and its mirror image."""
    keys = np.empty(len(fingerprints), dtype=np.int64)
    weights = 1 << np.arange(planes.shape[1], dtype=np.int64)
    for first in range(0, len(keys), CHUNK):
        sides = fingerprints[first : first + CHUNK].astype(np.float32) @ planes > 0
        keys[first : first + CHUNK] = (sides ^ sides[:, :1]) @ weights
    return keys


def _sharing(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs that share a key, as ``a * n + b``: each with the next few of its key."""
    order = np.argsort(keys, kind="stable").astype(np.int64)
    ordered = keys[order]
    found = []
    for step in range(1, min(NEIGHBOURS, keys.size - 1) + 1):
        same = np.flatnonzero(ordered[step:] == ordered[:-step])
        if not same.size:
            break
        a, b = order[same], order[same + step]
        found.append(np.minimum(a, b) * keys.size + np.maximum(a, b))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _cosines(fingerprints: NDArray[np.int8], pairs: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    out = np.empty(pairs.size)
    for first in range(0, pairs.size, CHUNK):
        a, b = np.divmod(pairs[first : first + CHUNK], n)
        x, y = fingerprints[a].astype(np.float32), fingerprints[b].astype(np.float32)
        dot = np.einsum("ij,ij->i", x, y)
        lengths = np.sqrt(np.einsum("ij,ij->i", x, x) * np.einsum("ij,ij->i", y, y))
        out[first : first + CHUNK] = np.abs(dot) / lengths
    return out
