"""Statistics along the last axis over known values only: NaN, and no warning, where none is known."""

from __future__ import annotations

import numpy as np

from zoo.features.block import Floats


def mean(x: Floats) -> Floats:
    """Arithmetic mean."""
    count = np.isfinite(x).sum(axis=-1)
    total = np.nansum(x, axis=-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def deviation(x: Floats) -> Floats:
    """Sample standard deviation; NaN with fewer than two values."""
    count = np.isfinite(x).sum(axis=-1)
    square = np.nansum((x - mean(x)[..., None]) ** 2, axis=-1)
    return np.asarray(np.sqrt(np.divide(square, count - 1, out=np.full(square.shape, np.nan), where=count > 1)))


def median(x: Floats) -> Floats:
    """Median of a table, shape (rows, values)."""
    if not x.shape[1]:
        return np.full(len(x), np.nan)
    ordered = np.sort(x, axis=-1)
    count = np.isfinite(x).sum(axis=-1)
    row = np.arange(len(x))
    middle = 0.5 * (ordered[row, np.maximum(count - 1, 0) // 2] + ordered[row, np.minimum(count // 2, x.shape[1] - 1)])
    return np.where(count > 0, middle, np.nan)


def log10(x: Floats) -> Floats:
    """Decimal logarithm; NaN where there is none."""
    return np.log10(x, out=np.full(np.shape(x), np.nan), where=np.asarray(x) > 0)
