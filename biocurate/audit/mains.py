"""Mains peak against the declared sampling rate: the grid's frequency is a clock that nobody can misdeclare.

A recording whose rate is declared too high by a factor shows its mains line at that factor times 50 or 60 Hz. Only a
clear line is taken for one, and only at factors that come from rates which are really confused: 250 and 256 (500 and
512, 125 and 128) Hz, half and a quarter of the rate, 50 and 60 Hz mains. Twice and four times the frequency are
harmonics that a notch filter leaves behind, and prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLEAR_DB = 8.0
"""How far a clear line stands above nine tenths of its surroundings, in the median of all channels; the harmonics of a
regular heart stay below 6.5 (measured, docs/decisions/audit.md)."""
PRESENT_DB = 3.0
"""How far a line at the declared frequency must stand out to settle the matter."""
SEGMENT_S = 4.0
"""Length of a Fourier segment: a quarter of a hertz parts 50 from 48.8 and 51.2."""
DRIFT_HZ = 0.3
"""How far a grid strays from its frequency (EN 50160: 1 % for 99.5 % of a year), and the width of a bin."""
NEAR_HZ, FAR_HZ = 0.75, 4.0
"""Surroundings of a line: from and to this distance."""
LEAST_SEGMENTS = 3
FACTORS = (256 / 250, 250 / 256, 1 / 2, 1 / 4, 60 / 50, 50 / 60)


@dataclass(frozen=True)
class Line:
    """A clear line where none should be."""

    hz: float
    factor: float
    """Times the declared mains frequency."""
    above_db: float


def shifted_mains(blocks: NDArray[np.float64], rate_hz: float, mains_hz: float) -> Line | None:
    """Find a mains line that stands at a known factor of the declared frequency, and none at the frequency itself.

    Parameters
    ----------
    blocks : array, shape (blocks, channels, samples), of any unit
        Stretches without a gap; what is not finite is left out.
    rate_hz : float
        As declared.
    mains_hz : float
        Of the grid where it was recorded.

    Returns
    -------
    Line or None
        None where the mains line is where it belongs, lies above the rate's reach, or no line is clear.
    """
    frequencies, decibels = line_spectrum(blocks, rate_hz)
    if not len(frequencies) or mains_hz + FAR_HZ > frequencies[-1]:
        return None
    expected = [mains_hz, 2 * mains_hz, 3 * mains_hz]
    if any(_height(frequencies, decibels, hz) >= PRESENT_DB for hz in expected):
        return None
    heights = {factor: _height(frequencies, decibels, factor * mains_hz) for factor in FACTORS}
    factor = max(heights, key=lambda each: heights[each])
    if heights[factor] < CLEAR_DB:
        return None
    return Line(_peak(frequencies, decibels, factor * mains_hz), factor, heights[factor])


def line_spectrum(blocks: NDArray[np.float64], rate_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each frequency stands above its surroundings, in the median of all channels.

    Returns
    -------
    frequencies : array, shape (frequencies,), in hertz
    above : array, shape (frequencies,), in decibels
        Both are empty where the blocks are too short or nothing moves.
    """
    from scipy.signal import welch

    length = round(SEGMENT_S * rate_hz)
    good = np.isfinite(blocks).all(axis=(1, 2))
    blocks = blocks[good]
    none = np.empty(0), np.empty(0)
    segments = len(blocks) * max(0, 2 * (blocks.shape[2] // length) - 1) if length else 0
    if segments < LEAST_SEGMENTS:
        return none
    frequencies, power = welch(blocks, rate_hz, nperseg=length, detrend="constant", axis=2)
    power = power.mean(axis=0)
    power = power[power.max(axis=1) > 0]
    if not len(power):
        return none
    level = 10 * np.log10(np.maximum(power, power.max(axis=1, keepdims=True) * 1e-12))
    return frequencies, np.median(level - _surroundings(level, frequencies[1]), axis=0)


def _surroundings(level: NDArray[np.float64], step_hz: float) -> NDArray[np.float64]:
    """Level that nine tenths of a frequency's surroundings stay below.

    Not their median: a regular heart beat has harmonics about every hertz, and each of them stands above that.
    """
    near, far = round(NEAR_HZ / step_hz), round(FAR_HZ / step_hz)
    padded = np.pad(level, ((0, 0), (far, far)), mode="reflect")
    view = np.lib.stride_tricks.sliding_window_view(padded, 2 * far + 1, axis=1)
    distance = np.abs(np.arange(-far, far + 1))
    return np.asarray(np.quantile(view[..., distance >= near], 0.9, axis=2))


def _around(frequencies: NDArray[np.float64], hz: float) -> NDArray[np.intp]:
    return np.flatnonzero(np.abs(frequencies - hz) <= DRIFT_HZ)


def _height(frequencies: NDArray[np.float64], decibels: NDArray[np.float64], hz: float) -> float:
    """Height of the line at a frequency; nothing where the spectrum does not reach."""
    return float(decibels[_around(frequencies, hz)].max(initial=-np.inf))


def _peak(frequencies: NDArray[np.float64], decibels: NDArray[np.float64], hz: float) -> float:
    around = _around(frequencies, hz)
    return float(frequencies[around[decibels[around].argmax()]])
