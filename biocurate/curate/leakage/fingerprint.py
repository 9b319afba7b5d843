"""Fingerprints of channels that a change of rate, scale, offset, sign or width of numbers leaves as they are.

The first stretch of a channel is averaged over short bins, so that recordings of any rate come to the same bins; what
counts is how each bin differs from the last, which drift and offset do not touch; the differences are scaled to one
length, which takes the gain out, and their sign is settled by the largest. Copies then point the same way, up to what
anti-aliasing took from one of them; signals of other persons or times do not.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biocurate.sensors import SensorType

SIZE = 256
"""Numbers in a fingerprint."""

LEAST = 48
"""Differences that must be there: a shorter signal is like too many others."""

FINE = 4
"""Bins that are averaged with a Hann window into one."""

CLIP = 4.0
"""Differences count up to so many times the usual one."""

VERSION = 2
"""Of the rules here, of `grams` and of `shapes`; fingerprints of another one are made anew."""


@dataclass(frozen=True)
class Grid:
    """Bins of a sensor type."""

    rate_hz: float

    @property
    def span_s(self) -> float:
        """Length of signal that a fingerprint is made from."""
        return (SIZE + 2) / self.rate_hz


FAST = Grid(16.0)
SLOW = Grid(1.0)
_SLOW_TYPES = frozenset({SensorType.GSR, SensorType.TEMP, SensorType.SPO2, SensorType.HR, SensorType.CO2})
"""Signals that say nothing new within a sixteenth of a second."""

UNSEEN = frozenset({SensorType.TRIG, SensorType.MISC, SensorType.IBI, SensorType.BP})
"""Types whose values repeat by their nature: markers, counters, readings."""


def grid_of(sensor: SensorType) -> Grid:
    """Bins of a sensor type: the same whatever its rate."""
    return SLOW if sensor in _SLOW_TYPES else FAST


def fingerprints(x: NDArray[np.float64], rate_hz: float, grid: Grid) -> NDArray[np.int8]:
    """Fingerprints of channels that begin together.

    Parameters
    ----------
    x : array, shape (..., samples), NaN where invalid
        From the first sample on, up to ``grid.span_s``; what lies beyond is not looked at.
    rate_hz : float
    grid : Grid

    Returns
    -------
    array of int8, shape (..., SIZE)
        All zero where there is too little signal, or one that never moves.
    """
    n_fine = int(min(x.shape[-1] / rate_hz, grid.span_s) * grid.rate_hz * FINE)
    return vectors(np.diff(smooth(x, rate_hz, grid, n_fine, every=FINE), axis=-1)[..., :SIZE])


def vectors(step: NDArray[np.float64]) -> NDArray[np.int8]:
    """Fingerprints from up to `SIZE` differences from bin to bin, NaN where one is not known; see `fingerprints`."""
    out = np.zeros((*step.shape[:-1], SIZE))
    out[..., : step.shape[-1]] = _tamed(np.nan_to_num(step))
    length = np.linalg.norm(out, axis=-1, keepdims=True)
    enough = (length > 0) & (np.count_nonzero(out, axis=-1, keepdims=True) >= LEAST)
    out = np.where(enough, out / np.where(length > 0, length, 1), 0.0)
    peak = np.take_along_axis(out, np.abs(out).argmax(axis=-1, keepdims=True), axis=-1)
    # Steps of a 127th of the largest: the angle that rounding adds is below a hundredth.
    scaled = out / np.where(peak == 0, 1, peak) * 127
    result: NDArray[np.int8] = np.rint(scaled).astype(np.int8)
    return result


def _tamed(step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Differences without their median, cut off at a few times their usual size.

    Otherwise one jump, as when a device is switched on, would be all that a fingerprint tells.
    """
    if not step.shape[-1]:
        return step
    step = step - np.median(step, axis=-1, keepdims=True)
    moving = np.where(step == 0, np.nan, np.abs(step))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        usual = np.nan_to_num(np.nanmedian(moving, axis=-1, keepdims=True))
    return np.clip(step, -CLIP * usual, CLIP * usual)


def smooth(x: NDArray[np.float64], rate_hz: float, grid: Grid, n_fine: int, every: int = 1) -> NDArray[np.float64]:
    """Means over bins, each under a Hann window over its neighbours; NaN where no sample is valid.

    Parameters
    ----------
    x : array, shape (..., samples), NaN where invalid
    rate_hz : float
    grid : Grid
    n_fine : int
        How many of a bin's `FINE` parts are looked at.
    every : int
        So many of these parts lie between two means.

    Returns
    -------
    array, shape (..., means)
    """
    fine_hz = grid.rate_hz * FINE
    edges: NDArray[np.float64] = np.arange(n_fine + 1, dtype=np.float64) * (rate_hz / fine_hz)
    valid = np.isfinite(x)
    # What is held of a bin: all of it where every sample is valid, which spares an integral.
    held = np.diff(edges) if valid.all() else _between(valid.astype(np.float64), edges)
    known = np.broadcast_to(held > 1e-9, (*x.shape[:-1], n_fine))
    mean = _between(x if valid.all() else np.where(valid, x, 0.0), edges) / np.maximum(held, 1e-9)
    window = np.hanning(2 * FINE + 1)[1:-1]
    if n_fine < window.size:
        return np.zeros((*x.shape[:-1], 0))
    weight = _windows(known.astype(np.float64), window, every)
    return np.where(weight > 0, _windows(np.where(known, mean, 0.0), window, every) / np.maximum(weight, 1e-9), np.nan)


def _between(x: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integral of the samples, each held for its own time, between neighbouring edges."""
    total = np.concatenate([np.zeros((*x.shape[:-1], 1)), np.cumsum(x, axis=-1)], axis=-1)
    at = np.minimum(edges.astype(np.int64), x.shape[-1])
    part = np.minimum(edges, x.shape[-1]) - at
    held = np.concatenate([x, np.zeros((*x.shape[:-1], 1))], axis=-1)
    return np.diff(total[..., at] + part * held[..., at], axis=-1)


def _windows(x: NDArray[np.float64], window: NDArray[np.float64], every: int) -> NDArray[np.float64]:
    view = np.lib.stride_tricks.sliding_window_view(x, window.size, axis=-1)[..., ::every, :]
    return np.asarray(view @ window)
