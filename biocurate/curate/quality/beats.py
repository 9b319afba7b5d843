"""What repeats with the beat: find beats in many windows at once, and see how alike they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.quality.block import Floats

LEAST = 3
"""Beats that a window needs before anything is said about their likeness."""


class Beats(NamedTuple):
    """Beats of many rows, by row and then by time."""

    row: NDArray[np.intp]
    sample: NDArray[np.intp]


def smoothed(x: Floats, samples: float) -> Floats:
    """Mean over so many samples around each, along the last axis."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(x, max(round(samples), 1), axis=-1))


def peaks(x: Floats, distance: float, height: Floats) -> Beats:
    """`scipy.signal.find_peaks` of every row in one call: rows lie end to end, with a wall between them.

    Parameters
    ----------
    x : array, shape (rows, samples)
    distance : float
        Least samples between two peaks of a row; the higher one stays.
    height : array, shape (rows,)
        Least height.
    """
    from scipy.signal import find_peaks

    rows, samples = x.shape
    wall = int(np.ceil(distance)) + 2
    bottom = (x.min() if x.size else 0.0) - 1.0
    line = np.full((rows, samples + wall), bottom)
    line[:, :samples] = x
    # A row's first and last samples are no peaks, and suppress none: find_peaks looks at heights before distances.
    least = np.full(line.shape, np.inf)
    least[:, 1 : samples - 1] = np.asarray(height, dtype=np.float64)[:, None]
    index, _ = find_peaks(line.ravel(), distance=max(distance, 1.0), height=least.ravel())
    return Beats(*np.divmod(index, samples + wall))


def summit(x: Floats, beats: Beats, reach: int) -> Beats:
    """Move each beat to the highest sample within reach."""
    if not len(beats.row):
        return beats
    sample = np.clip(beats.sample[:, None] + np.arange(-reach, reach + 1), 0, x.shape[1] - 1)
    best = x[beats.row[:, None], sample].argmax(axis=1)
    return Beats(beats.row, sample[np.arange(len(best)), best])


def epochs(x: Floats, beats: Beats, before: int, after: int) -> tuple[NDArray[np.intp], Floats]:
    """Samples around each beat that has them all.

    Returns
    -------
    row : array, shape (beats,)
    samples : array, shape (beats, before + after)
    """
    whole = (beats.sample >= before) & (beats.sample + after <= x.shape[1])
    row, sample = beats.row[whole], beats.sample[whole]
    return row, x[row[:, None], sample[:, None] + np.arange(-before, after)]


def repeated(row: NDArray[np.intp], samples: Floats, rows: int) -> tuple[Floats, NDArray[np.intp]]:
    """Share of the variance around beats that every beat has alike.

    Beats of a row are repeated measurements of one course; of the variance of their samples this is the part between
    moments of the course, corrected for what the mean of so many beats keeps of their noise. A signal with noise of an
    equal variance gives 0.5, one of four times the noise's 0.8, noise alone 0.

    Source: the intraclass correlation ICC(1), Shrout & Fleiss, Psychol. Bull. 86 (1979) 420, over ensemble-averaged
    beats as in Sornmo & Laguna, Bioelectrical Signal Processing (2005), section 4.3.

    Parameters
    ----------
    row : array, shape (beats,), sorted
    samples : array, shape (beats, samples)
    rows : int

    Returns
    -------
    share : array, shape (rows,), from 0 to 1; 0 with fewer than two beats
    beats : array, shape (rows,)
    """
    count = np.bincount(row, minlength=rows)
    share = np.zeros(rows)
    if len(row) and samples.shape[1] > 1:
        there = np.flatnonzero(count)
        first = np.cumsum(count[there]) - count[there]
        n, length = count[there].astype(np.float64), samples.shape[1]
        course = np.add.reduceat(samples, first, axis=0) / n[:, None]
        apart = np.add.reduceat(np.square(samples).sum(axis=1), first) - n * np.square(course).sum(axis=1)
        spread = np.square(course - course.mean(axis=1, keepdims=True)).sum(axis=1)
        noise = np.maximum(apart, 0.0) / np.maximum((n - 1) * length, 1.0)
        signal = np.maximum(spread / (length - 1) - noise / n, 0.0)
        whole = signal + noise
        share[there] = np.where(n > 1, signal / np.where(whole > 0, whole, 1.0), 0.0)
    return share, count
