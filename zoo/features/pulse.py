"""ECG and PPG: when the heart beats, and what follows from that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from zoo.features import known
from zoo.features.block import Block, Columns, Floats
from zoo.features.filters import Peaks, band_pass, peaks_of, per_window, summit

SHORTEST_S, LONGEST_S = 0.3, 2.0
"""Intervals between beats outside are no intervals: 30 to 200 beats a minute."""
STRAY = 0.3
"""An interval that differs from the window's median by more than this share is a missed, false or ectopic beat."""
LEAST = 3
"""Intervals that a window needs before anything is said about it."""
LEAST_KURTOSIS = 5.0
"""Of the slope of a lead that shows QRS complexes: these have 8 and more, noise has 3."""
COVER = 0.5
"""Share of the window that its accepted intervals must cover."""


def ecg_rhythm(block: Block) -> Columns:
    """Heart rate and variability from R peaks over all leads together.

    The slope of each lead in the 5-20 Hz band is squared and summed over leads, so that the polarity of a lead does not
    matter and a tall T wave counts little; peaks of its mean over 80 ms that pass 0.3 of the window's 98th percentile
    are beats, placed at the largest deflection within 60 ms. A lead whose slope has a kurtosis of 5 or less is noise:
    an electrode that is off, or no ECG at all.

    Source: energy detector after Pan & Tompkins, IEEE Trans. Biomed. Eng. 32 (1985) 230; kurtosis as a quality index
    from Clifford et al., Physiol. Meas. 33 (2012) 1419.
    """
    x, usable = block.clean()
    filtered = band_pass(x, block.rate_hz, 5.0, 20.0)
    slope = np.gradient(filtered, axis=-1)
    good = usable & (_kurtosis(slope) > LEAST_KURTOSIS)
    size, energy = (np.where(good[..., None], each**2, 0.0).sum(axis=1) for each in (filtered, slope))
    smooth = uniform_filter1d(energy, max(round(0.08 * block.rate_hz), 1), axis=-1, mode="constant")
    found = peaks_of(smooth, SHORTEST_S * block.rate_hz, height=0.3 * np.percentile(smooth, 98, axis=1))
    beats = _highest_near(size, found, round(0.06 * block.rate_hz))
    return Columns.of(_variability(block, beats, size, np.asarray(good.any(axis=1))))


def ppg_rhythm(block: Block) -> Columns:
    """Heart rate and variability from systolic peaks, and the pulse's size.

    Channels are brought to one scale in the 0.7-4 Hz band and averaged; peaks at least 0.3 s apart that pass half
    of the window's 90th percentile are beats.
    """
    x, usable = block.clean()
    filtered = band_pass(x, block.rate_hz, 0.7, 4.0)
    size = filtered.std(axis=-1)
    scale = np.divide(1.0, size, out=np.zeros_like(size), where=usable & (size > 0))
    pulse = (filtered * scale[..., None]).mean(axis=1)
    beats = peaks_of(pulse, SHORTEST_S * block.rate_hz, height=0.5 * np.percentile(pulse, 90, axis=1))
    any_usable = np.asarray(usable.any(axis=1))
    columns = _variability(block, beats, pulse, any_usable)
    amplitude = np.where(any_usable, np.where(usable, size, 0.0).max(axis=1), np.nan)
    return Columns.of([*columns, ("amplitude", "log10 of the channel's unit", known.log10(amplitude))])


def intervals(beat_s: Floats) -> Floats:
    """Intervals between successive beats that may be believed.

    Parameters
    ----------
    beat_s : array, shape (windows, beats), in seconds, NaN after the last

    Returns
    -------
    array, shape (windows, beats - 1), in seconds; NaN where there is none or it is a stray
    """
    interval = np.diff(beat_s, axis=1)
    with np.errstate(invalid="ignore"):
        interval[(interval < SHORTEST_S) | (interval > LONGEST_S)] = np.nan
        centre = known.median(interval)[:, None]
        interval[np.abs(interval - centre) > STRAY * centre] = np.nan
    return np.asarray(interval)


def _variability(block: Block, beats: Peaks, x: Floats, usable: NDArray[np.bool_]) -> list[tuple[str, str, Floats]]:
    """Statistics in the time domain, NaN for windows with too few intervals.

    Source: Task Force of the ESC and NASPE, Circulation 93 (1996) 1043: SDNN, RMSSD, pNN50.
    """
    windows = len(x)
    beat_s = per_window(windows, beats, summit(x, beats) / block.rate_hz)
    interval = intervals(beat_s)
    step = np.diff(interval, axis=1) if interval.shape[1] > 1 else np.full((windows, 1), np.nan)
    enough = usable & (np.isfinite(interval).sum(axis=1) >= LEAST)
    enough &= np.nansum(interval, axis=1) >= COVER * block.seconds
    moved = np.where(np.isfinite(step), np.abs(step) > 0.05, np.nan)
    columns = [
        ("heart_rate", "bpm", 60.0 / known.mean(interval)),
        ("sdnn", "ms", 1000.0 * known.deviation(interval)),
        ("rmssd", "ms", 1000.0 * np.sqrt(known.mean(step**2))),
        ("pnn50", "%", 100.0 * known.mean(moved)),
    ]
    return [(name, unit, np.where(enough, values, np.nan)) for name, unit, values in columns]


def _kurtosis(x: Floats) -> Floats:
    """Fourth moment over the square of the second, along the last axis: 3 for noise; 0 where nothing moves."""
    square = (x - x.mean(axis=-1, keepdims=True)) ** 2
    second = square.mean(axis=-1)
    fourth = (square**2).mean(axis=-1)
    return np.asarray(np.divide(fourth, second**2, out=np.zeros_like(second), where=second**2 > 0))


def _highest_near(x: Floats, peaks: Peaks, reach: int) -> Peaks:
    """The highest sample within `reach` of each peak."""
    around = np.arange(-reach, reach + 1)
    sample = np.clip(peaks.sample[:, None] + around, 0, x.shape[1] - 1)
    best = x[peaks.window[:, None], sample].argmax(axis=1)
    return peaks._replace(sample=sample[np.arange(len(best)), best])
