"""Curves that rise once a beat: what every search for beats begins with, be it for clocks, quality or an audit.

Source: the energy of the slope after Pan & Tompkins, IEEE Trans. Biomed. Eng. 32 (1985) 230.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

QRS_HZ = (5.0, 20.0)
"""Where the slope of an ECG is that of its beats."""

QRS_S = 0.08
"""How long a beat's slope lasts."""


def band_pass(x: Floats, rate_hz: float, low: float, high: float) -> Floats:
    """Butterworth of order 2, forward and backward, along the last axis; a cut-off past 0.45 of the rate is lowered."""
    from scipy.signal import butter, sosfiltfilt

    sections = butter(2, (low, min(high, 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="sos")
    return np.asarray(sosfiltfilt(sections, x, axis=-1, padlen=min(x.shape[-1] - 1, round(rate_hz / low))))


def qrs_energy(x: Floats, rate_hz: float) -> Floats:
    """Energy of an ECG's slope: of each lead by its own size, summed over leads, so that polarity does not matter.

    Parameters
    ----------
    x : array, shape (..., leads, samples), without NaN
    rate_hz : float

    Returns
    -------
    array, shape (..., samples)
    """
    from scipy.ndimage import uniform_filter1d

    slope = np.gradient(band_pass(x, rate_hz, *QRS_HZ), axis=-1)
    energy = np.square(over(slope, slope.std(axis=-1, keepdims=True))).sum(axis=-2)
    return np.asarray(uniform_filter1d(energy, max(round(QRS_S * rate_hz), 1), axis=-1))


def over(x: Floats, size: Floats) -> Floats:
    """Quotient; 0 where the divisor is: a still channel has no beats."""
    return np.divide(x, size, out=np.zeros_like(x), where=size > 0)


def filled(x: Floats) -> Floats:
    """Samples that are not known on the line between their neighbours; 0 where a channel knows none.

    Parameters
    ----------
    x : array, shape (..., samples), NaN where a sample is not known
    """
    known = np.isfinite(x)
    if known.all():
        return x
    at = np.arange(x.shape[-1])
    flat, there = x.reshape(-1, x.shape[-1]), known.reshape(-1, x.shape[-1])
    rows = [
        np.interp(at, at[mine], row[mine]) if mine.any() else np.zeros(row.size)
        for row, mine in zip(flat, there, strict=True)
    ]
    return np.stack(rows).reshape(x.shape)
