"""When the heart beats: times of beats in a long ECG or PPG, to a fraction of a sample.

Both detectors look for peaks of one curve that rises once a beat, above a share of its own height nearby, so that a
signal which grows or fades keeps its beats; all of it is a few operations on whole arrays.

Source: the steepest rise of the pulse as its fiducial point after Kazanavicius et al., Information Technology and
Control 34 (2005) 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.beat_curves import band_pass, filled, over, qrs_energy

Array = NDArray[np.float64]

FASTEST_HZ = 3.3
"""Beats a second; what follows a beat sooner is no beat of its own."""
NEARBY_S = 2.0
"""A stretch that holds at least one beat."""
SHARE = 0.35
"""Of the height nearby that a beat must have."""
LEAST_S = 5.0
"""A shorter stretch tells nothing of its own height."""


def ecg_beats(x: Array, rate_hz: float) -> Array:
    """Times of the beats of an ECG.

    They are peaks of the slope's energy (`qrs_energy`).

    Parameters
    ----------
    x : array, shape (leads, samples), without a gap; NaN where a sample is not known
    rate_hz : float

    Returns
    -------
    array, shape (beats,), in seconds from the first sample, rising
    """
    if x.shape[1] < LEAST_S * rate_hz:
        return np.empty(0)
    return _peaks(qrs_energy(filled(x), rate_hz), rate_hz)


def ppg_beats(x: Array, rate_hz: float) -> Array:
    """Times at which the pulse rises most steeply.

    A pulse rises faster than it falls: a curve whose slopes lean the other way counts light, not blood, and is turned.

    Parameters
    ----------
    x : array, shape (channels, samples), without a gap; NaN where a sample is not known
    rate_hz : float

    Returns
    -------
    array, shape (beats,), in seconds from the first sample, rising
    """
    if x.shape[1] < LEAST_S * rate_hz:
        return np.empty(0)
    slope = np.gradient(band_pass(filled(x), rate_hz, 0.6, 5.0), axis=1)
    slope = over(slope, np.median(np.abs(slope), axis=1, keepdims=True))
    # An artefact is steep to both sides: what leans is told without it.
    calm = np.clip(slope, -8, 8)
    leaning = np.sign((calm**3).mean(axis=1, keepdims=True))
    return _peaks((slope * leaning).mean(axis=0), rate_hz)


def _peaks(curve: Array, rate_hz: float) -> Array:
    """Peaks above a share of the height nearby, in seconds, between samples by the parabola through three."""
    from scipy.signal import find_peaks

    floor = np.maximum(SHARE * _height(curve, rate_hz), np.finfo(float).tiny)
    peaks, _ = find_peaks(curve, height=floor, distance=max(1.0, rate_hz / FASTEST_HZ))
    peaks = peaks[(peaks > 0) & (peaks < curve.size - 1)]
    before, here, after = curve[peaks - 1], curve[peaks], curve[peaks + 1]
    bend = before - 2 * here + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    return np.asarray((peaks + shift) / rate_hz)


def _height(curve: Array, rate_hz: float) -> Array:
    """The usual height of beats around each sample: the median, over about 10 s, of the highest point of each 2 s."""
    from scipy.ndimage import median_filter

    size = round(NEARBY_S * rate_hz)
    blocks = curve.size // size
    highest = curve[: blocks * size].reshape(blocks, size).max(axis=1)
    usual = median_filter(highest, size=5, mode="nearest")
    return np.asarray(np.interp(np.arange(curve.size), (np.arange(blocks) + 0.5) * size, usual))
