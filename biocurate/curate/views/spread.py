"""Mean and spread of many samples, block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass
class Spread:
    """Of each channel: how many samples, their mean, squared deviations from it, least and greatest.

    Source: Chan, Golub & LeVeque, Updating formulae and a pairwise algorithm for computing sample variances, COMPSTAT
    1982.
    """

    channels: int
    count: Floats = field(init=False)
    mean: Floats = field(init=False)
    squares: Floats = field(init=False)
    low: Floats = field(init=False)
    high: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.count, self.mean, self.squares = (np.zeros(self.channels) for _ in range(3))
        self.low, self.high = np.full(self.channels, np.inf), np.full(self.channels, -np.inf)

    def add(self, block: NDArray[np.float32]) -> None:
        """Take in samples, shape (channels, samples); NaN is none."""
        if not block.shape[1]:
            return
        values = block.astype(np.float64)
        known = np.isfinite(values)
        count = known.sum(axis=1).astype(np.float64)
        mean = np.where(known, values, 0).sum(axis=1) / np.maximum(count, 1)
        away = np.where(known, values - mean[:, None], 0)
        low = np.where(known, values, np.inf).min(axis=1)
        high = np.where(known, values, -np.inf).max(axis=1)
        self.merge(count, mean, (away * away).sum(axis=1), low, high)

    def merge(self, count: Floats, mean: Floats, squares: Floats, low: Floats, high: Floats) -> None:
        """Take in what is known of other samples, each of shape (channels,)."""
        total = self.count + count
        part = np.divide(count, total, out=np.zeros_like(total), where=total > 0)
        step = np.where(count > 0, mean - self.mean, 0)
        self.mean = self.mean + step * part
        self.squares = self.squares + np.where(count > 0, squares, 0) + step * step * self.count * part
        self.count = total
        self.low, self.high = np.fmin(self.low, low), np.fmax(self.high, high)

    @property
    def std(self) -> Floats:
        """Standard deviation of the population; 0 where there is no sample."""
        found: Floats = np.sqrt(self.squares / np.maximum(self.count, 1))
        return found
