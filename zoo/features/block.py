"""What goes into a feature extractor and what comes out: blocks of windows, named columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_INVALID = 0.2
"""Share of a channel's samples that may be invalid; above it the window's features are NaN."""


@dataclass(frozen=True)
class Block:
    """Windows of one sensor type that share rate, length and channels."""

    x: NDArray[np.floating]
    """Shape (windows, channels, samples), canonical unit, NaN where invalid."""
    rate_hz: float
    channels: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Length of each window."""
        return float(self.x.shape[-1] / self.rate_hz)

    def clean(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Samples with short gaps bridged by straight lines, and which channels of which windows are usable.

        Returns
        -------
        x : array, shape (windows, channels, samples), float64, finite everywhere
        usable : array, shape (windows, channels); False where too much is invalid or the channel is flat
        """
        x = np.asarray(self.x, dtype=np.float64)
        bad = ~np.isfinite(x)
        usable = bad.mean(axis=-1) <= MAX_INVALID
        if bad.any():
            x = _bridge(x, bad)
        return x, usable & (np.ptp(x, axis=-1) > 0)


@dataclass(frozen=True)
class Columns:
    """Features of some windows: one column each, with its name and unit."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: Floats
    """Shape (windows, columns), NaN where a feature cannot be told."""

    @classmethod
    def of(cls, columns: Sequence[tuple[str, str, Floats]]) -> Columns:
        """Columns from (name, unit, values of shape (windows,))."""
        names, units, values = zip(*columns, strict=True)
        return cls(tuple(names), tuple(units), np.stack(values, axis=1))


Extractor = Callable[[Block], Columns]


def _bridge(x: Floats, bad: NDArray[np.bool_]) -> Floats:
    """Straight lines over invalid samples; the nearest valid value at the ends, 0 where nothing is valid."""
    samples = x.shape[-1]
    index = np.arange(samples)
    before = np.maximum.accumulate(np.where(bad, -1, index), axis=-1)
    after = np.minimum.accumulate(np.where(bad, samples, index)[..., ::-1], axis=-1)[..., ::-1]
    left = np.where(before < 0, after, before)
    right = np.where(after == samples, before, after)
    filled = np.where(bad, 0.0, x)
    low = np.take_along_axis(filled, np.clip(left, 0, samples - 1), axis=-1)
    high = np.take_along_axis(filled, np.clip(right, 0, samples - 1), axis=-1)
    share = (index - left) / np.maximum(right - left, 1)
    return np.where(bad, low + (high - low) * share, x)
