"""Zero-phase filters and a peak finder over many windows at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, find_peaks, sosfiltfilt

from zoo.features.block import Floats


class Peaks(NamedTuple):
    """Peaks of many windows, by window and then by sample."""

    window: NDArray[np.intp]
    sample: NDArray[np.intp]
    rise: Floats
    """Prominence: how far each stands out of its surroundings."""


def band_pass(x: Floats, rate_hz: float, low: float | None, high: float | None, order: int = 2) -> Floats:
    """Butterworth in second-order sections, forward and backward, along the last axis.

    A cut-off at or above 0.45 of the rate is left out, as is one that is None. The ends are padded by a period of
    the lowest cut-off, so that a slow filter does not ring at the edge of a short window.
    """
    high = None if high is None or high >= 0.45 * rate_hz else high
    if low is None and high is None:
        return x
    kind, cut = ("highpass", low) if high is None else ("lowpass", high) if low is None else ("bandpass", (low, high))
    sections = butter(order, cut, kind, fs=rate_hz, output="sos")
    slowest = low if low is not None else high
    padding = min(x.shape[-1] - 1, max(round(rate_hz / slowest), 12)) if slowest else 12
    return np.asarray(sosfiltfilt(sections, x, axis=-1, padlen=padding))


def peaks_of(
    x: Floats,
    distance: float,
    height: Floats | float | None = None,
    prominence: Floats | float | None = None,
) -> Peaks:
    """`scipy.signal.find_peaks` of every window, in one call.

    The windows are laid end to end with walls between them. A wall is higher than any sample, so that a window's
    first and last samples are no peaks and no prominence reaches across, just as when it stands alone; and
    it is wide enough that its own peak suppresses none in the windows.

    Parameters
    ----------
    x : array, shape (windows, samples)
    distance : float
        Least samples between two peaks of a window; the higher one stays.
    height, prominence : array of shape (windows,) or float, optional
        Least height and prominence.
    """
    windows, samples = x.shape
    wall = 2 * int(np.ceil(distance)) + 3
    line = np.full((windows + 1, wall + samples), (x.max() if x.size else 0.0) + 1.0)
    line[:windows, wall:] = x
    flat = line.ravel()[: windows * (wall + samples) + wall]

    limits = None if height is None else np.repeat(np.append(np.broadcast_to(height, windows), 0.0), wall + samples)
    index, found = find_peaks(
        flat,
        distance=max(distance, 1),
        height=None if limits is None else limits[: len(flat)],
        prominence=(None, None),
        wlen=2 * samples + 1,  # from wall to wall; without it each wall's own prominence would search the whole line
    )
    window, sample = np.divmod(index, wall + samples)
    keep = sample >= wall
    if prominence is not None:  # scipy takes only one limit for all, or one a peak
        keep &= found["prominences"] >= np.append(np.broadcast_to(prominence, windows), np.inf)[window]
    return Peaks(window[keep], sample[keep] - wall, found["prominences"][keep])


def summit(x: Floats, peaks: Peaks) -> Floats:
    """Where each peak lies between samples, by the parabola through it and its neighbours.

    Returns
    -------
    array, shape (peaks,), float64, in samples
    """
    window, sample = peaks.window, peaks.sample
    sample = np.clip(sample, 1, x.shape[1] - 2)
    before, here, after = (x[window, sample + step] for step in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    return np.asarray(sample + np.clip(shift, -0.5, 0.5))


def per_window(windows: int, peaks: Peaks, values: Floats) -> Floats:
    """Values of peaks as a table, shape (windows, most peaks of a window), NaN after a window's last."""
    count = np.bincount(peaks.window, minlength=windows)
    table = np.full((windows, max(int(count.max(initial=0)), 1)), np.nan)
    first = np.cumsum(count) - count
    table[peaks.window, np.arange(len(peaks.window)) - first[peaks.window]] = values
    return table
