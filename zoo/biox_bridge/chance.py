"""What drawing a class at random gives, without drawing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def by_chance(share: NDArray[np.float64]) -> dict[str, float]:
    """Expected figures of a classifier that draws each of the classes as often, on many windows.

    Parameters
    ----------
    share : array, shape (classes,)
        How often each class is true; adds up to 1.

    Returns
    -------
    dict
        ``balanced_accuracy``, ``macro_f1`` and ``weighted_f1``.
    """
    guess = 1 / len(share)
    f1 = 2 * share * guess / (share + guess)
    return {"balanced_accuracy": guess, "macro_f1": float(f1.mean()), "weighted_f1": float(f1 @ share)}
