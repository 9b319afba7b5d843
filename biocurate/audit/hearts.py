"""Heart rate by ECG against pulse rate by PPG: one heart has one rate.

Where the two differ by a constant factor, one sampling rate is declared wrong; where they have nothing to do with each
other, a channel was swapped. Only windows in which both signals beat regularly are compared, and the median over them
decides, so that an artefact in some says nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.beat_curves import band_pass, filled, over, qrs_energy

Array = NDArray[np.float64]

SLOWEST, FASTEST = 30.0, 200.0
"""Beats a minute."""
REGULAR = 0.15
"""Share of the median by which half of the intervals may differ from it."""
LEAST_INTERVALS = 6
"""In a window."""
LEAST_WINDOWS = 3
DIFFER = 0.02
"""Share by which the median of the rates' ratios must lie off 1; 250 for 256 Hz is 0.024. Where rates are right it lies
off by 0.004 at most (measured, docs/decisions/audit.md)."""


def rates_differ(heart: Array, pulse: Array) -> float | None:
    """Ratio of pulse rate to heart rate, where it is not 1.

    Parameters
    ----------
    heart, pulse : array, shape (windows,), in beats a minute, NaN where not known

    Returns
    -------
    float or None
        None where they agree, or too few windows tell.
    """
    ratio = pulse / heart
    ratio = ratio[np.isfinite(ratio)]
    if len(ratio) < LEAST_WINDOWS:
        return None
    typical = float(np.median(ratio))
    # Half of the windows must say so: a detector that fails in some gives ratios to both sides.
    off = np.abs(ratio - 1) > DIFFER
    return typical if abs(typical - 1) > DIFFER and off.mean() > 0.5 else None


def heart_rates(x: Array, rate_hz: float) -> Array:
    """Heart rate of windows of an ECG.

    Peaks of the slope's energy (`qrs_energy`) that pass 0.3 of the window's 98th percentile are beats.

    Parameters
    ----------
    x : array, shape (windows, leads, samples)
    rate_hz : float

    Returns
    -------
    array, shape (windows,), in beats a minute, NaN where it does not beat regularly
    """
    return np.array(
        [_rate(row, rate_hz, 0.3 * np.percentile(row, 98)) for row in qrs_energy(filled(x), rate_hz)], dtype=np.float64
    )


def pulse_rates(x: Array, rate_hz: float) -> Array:
    """Pulse rate of windows of a PPG, from its systolic peaks between 0.5 and 4 Hz.

    Parameters
    ----------
    x : array, shape (windows, channels, samples)
    rate_hz : float

    Returns
    -------
    array, shape (windows,), in beats a minute, NaN where it does not beat regularly
    """
    filtered = band_pass(filled(x), rate_hz, 0.5, 4.0)
    pulse = over(filtered, filtered.std(axis=2, keepdims=True)).mean(axis=1)
    return np.array([_rate(row, rate_hz, 0.5 * np.percentile(row, 90)) for row in pulse])


def _rate(x: Array, rate_hz: float, height: float) -> float:
    from scipy.signal import find_peaks

    if height <= 0:
        return float("nan")
    peaks, _ = find_peaks(x, height=height, distance=max(1.0, 60 / FASTEST * rate_hz))
    intervals = np.diff(peaks)[1:-1] / rate_hz  # the filter bends what is next to the ends
    if len(intervals) < LEAST_INTERVALS:
        return float("nan")
    middle = np.median(intervals)
    regular = np.median(np.abs(intervals - middle)) <= REGULAR * middle and middle <= 60 / SLOWEST
    # The mean of intervals near the median is finer than the median, which counts whole samples.
    near = intervals[np.abs(intervals - middle) <= 0.2 * middle]
    return float(60 / near.mean()) if regular else float("nan")
