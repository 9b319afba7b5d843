"""Lead ranges: leads of one heart do not all swing by exactly the same voltage.

A peak-to-peak that is the same number in every lead is a normalisation lead by lead, whatever unit the header states.
LUDB 1.0.1 is such a corpus: 1.000 "mV" in each of its leads (measured; docs/faults.md).
"""

from __future__ import annotations

from statistics import median

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_LEADS = 3
LEAST_STEPS = 50.0
"""Of peak-to-peak: below it, leads have equal ranges by chance."""


def equal_ranges(low: ArrayLike, high: ArrayLike, scale: ArrayLike) -> float | None:
    """Common peak-to-peak of all leads, where they have one to within half a digital step.

    Parameters
    ----------
    low, high : array, shape (leads,)
        Least and greatest digital value of each lead over a whole recording.
    scale : array, shape (leads,)
        Physical value of one digital step of each.

    Returns
    -------
    float or None
        None where ranges differ, or fewer than three leads move.
    """
    steps: NDArray[np.float64] = np.asarray(high, np.float64) - np.asarray(low, np.float64)
    size = np.abs(np.asarray(scale, np.float64))
    moving = np.isfinite(steps) & (steps > 0)
    swing, half = (steps * size)[moving], 0.5 * size[moving]
    if len(swing) < LEAST_LEADS or steps[moving].min() < LEAST_STEPS:
        return None
    common = median(swing.tolist())  # numpy's takes longer than all the rest, for a dozen numbers
    return common if bool((np.abs(swing - common) <= half).all()) else None
