"""How small a difference this many persons could show at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from zoo.judging.figures import Metric
from zoo.judging.metrics import Predictions

POWER, LEVEL = 0.8, 0.05
"""Chance to find the difference, and to find one where there is none (two-sided)."""


def detectable(metric: Metric, repeats: Sequence[Predictions]) -> float | None:
    """Smallest difference of a figure from a fixed value, such as chance, that would be found with power 0.8.

    The spread over persons is that of the figures with each person left out in turn. A difference between two models
    is found more easily where both err on the same persons: `compare` gives its own.

    Returns
    -------
    float or None
        In the figure's unit; None where it cannot be told.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 11 (jackknife); Zar, Biostatistical
    Analysis, 5th ed. (2010), chapter 7: (t(alpha) + t(beta)) times the standard error, with n - 1 degrees of freedom.
    """
    persons = repeats[0].n_persons
    if persons < 3:
        return None
    without = 1 - np.eye(persons)
    found = np.mean([metric(each, without).value for each in repeats], axis=0)
    if not np.isfinite(found).all():
        return None
    error = float(np.sqrt((persons - 1) / persons * ((found - found.mean()) ** 2).sum()))
    return found_with_power(error, persons)


def found_with_power(error: float, persons: int) -> float:
    """Difference that is found with power 0.8 where its standard error is `error`."""
    return float((t.ppf(1 - LEVEL / 2, persons - 1) + t.ppf(POWER, persons - 1)) * error)
