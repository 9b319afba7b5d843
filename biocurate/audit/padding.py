"""Padding: zeros in every lead at a recording's ends, put there to make all recordings equally long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_S = 0.1
"""Shorter runs of zeros occur in signals: a lead that is at rest on its baseline."""


def zero_ends(digital: NDArray[np.generic]) -> tuple[int, int]:
    """Count the samples at each end that are exactly 0 in every lead.

    Parameters
    ----------
    digital : array, shape (leads, samples)

    Returns
    -------
    first, last : int
        Both are the number of samples where there is nothing but zeros.
    """
    n_samples = digital.shape[1]
    moving: NDArray[np.bool_] = np.any(digital != 0, axis=0)
    if not moving.any():
        return n_samples, n_samples
    return int(moving.argmax()), int(moving[::-1].argmax())
