"""Features made alike before a straight line goes through them: what is unknown is replaced, and each has spread 1."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Standard(NamedTuple):
    """What was learnt of each feature over training windows, each of shape (features,)."""

    median: Floats
    """What an unknown value is replaced by."""
    mean: Floats
    scale: Floats
    """Standard deviation of the values with medians filled in; infinite where the feature tells nothing."""

    @classmethod
    def of(cls, values: Floats) -> Standard:
        """Learn from training windows.

        Parameters
        ----------
        values : array, shape (windows, features), NaN where unknown
        """
        median, known = _medians(values)
        filled = np.where(np.isfinite(values), values, median)
        mean, scale = filled.mean(axis=0), filled.std(axis=0)
        # A constant feature, or one never seen in training, tells nothing; dividing by its spread would be all noise.
        return cls(median, mean, np.where(known & (scale > 1e-12 * np.maximum(np.abs(mean), 1.0)), scale, np.inf))

    def applied(self, values: Floats) -> Floats:
        """Standardised features of any windows, shape (windows, features)."""
        return np.asarray((np.where(np.isfinite(values), values, self.median) - self.mean) / self.scale)


def _medians(values: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Median of each feature's known values, 0 where none is known; and where some are."""
    known = np.asarray(np.isfinite(values).any(axis=0))
    median = np.zeros(values.shape[1])
    median[known] = np.nanmedian(values[:, known], axis=0)
    return median, known
