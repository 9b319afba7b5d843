"""Whether a mean difference over persons is more than chance: signs flipped, and several tests at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXACT_PERSONS = 14
"""Up to so many persons every one of the 2 ** n flips is looked at."""
DRAWS = 10_000
BLOCK = 1 << 20
"""Signs held at once."""


def sign_flip(difference: Floats, seed: int = 0) -> float:
    """Two-sided p of a mean difference that is 0, where each person's could as well have had the other sign.

    Exact up to 14 persons; else 10,000 flips are drawn, and the sample counts as one of them, so that p is never 0.

    Parameters
    ----------
    difference : array, shape (persons,)
    seed : int

    Source: Fisher, The Design of Experiments (1935), section 21; the drawn test after Phipson & Smyth, Statistical
    Applications in Genetics and Molecular Biology 9 (2010) 39.
    """
    persons = len(difference)
    reached = abs(difference.sum()) * (1 - 1e-12)  # flips of equal sum must not differ by rounding
    if persons <= EXACT_PERSONS:
        flips = (np.arange(2**persons)[:, None] >> np.arange(persons)) & 1
        return float((np.abs((1 - 2 * flips) @ difference) >= reached).mean())
    rng = np.random.default_rng([seed, persons])
    step = max(1, BLOCK // persons)
    beyond = 0
    for start in range(0, DRAWS, step):
        signs = rng.integers(0, 2, size=(min(step, DRAWS - start), persons)) * 2 - 1
        beyond += int((np.abs(signs @ difference) >= reached).sum())
    return (beyond + 1) / (DRAWS + 1)


def holm(p: Floats) -> Floats:
    """P values that hold for all tests together, in the order given.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65.
    """
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    out = np.empty(len(p))
    out[order] = stepped
    return out
