"""What of a window's samples is the device's: step, floor, band, mains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from zoo.features import known
from zoo.features.block import Block

Floats = NDArray[np.float64]

SEGMENT_S, LEAST_SEGMENT = 2.0, 32
"""Welch segment, in seconds and at least in samples."""
FLOOR_SHARE = 0.05
"""The noise floor is what this share of the frequencies lies below."""
ABOVE_FLOOR = 10.0
"""The band ends where the density is last this many times the floor."""
BELOW_TOP = 0.01
"""It begins where the density is first this share of its 95th percentile; what leaks below it is above the floor."""
MAINS_HZ = (50.0, 60.0)
NEAR_HZ, AROUND_HZ = 1.0, 5.0
"""Mains is what is near its frequency, by what is around it."""
LEAST = 1e-30
"""Density below this is the arithmetic's."""


def device_spectrum(x: NDArray[np.floating], rate_hz: float) -> dict[str, Floats]:
    """Measure every channel of every window.

    Parameters
    ----------
    x : array, shape (windows, channels, samples), NaN where invalid
    rate_hz : float

    Returns
    -------
    dict of arrays, each of shape (windows, channels), NaN where a channel is flat or mostly invalid

        invalid
            Share of samples that are invalid.
        step
            log10 of the smallest difference between neighbouring samples: the quantisation as it is, where a file's
            gain says what it could be.
        floor
            log10 of the density, in unit^2/Hz, that 5 % of the frequencies lie below.
        low, high
            log10 of the frequencies, in hertz, that the band begins and ends at.
        mains50, mains60
            log10 of the density there by that around; left out where the rate is too low.

    Source: Welch, IEEE Trans. Audio Electroacoust. 15 (1967) 70, Hann, half overlapping.
    """
    invalid = (~np.isfinite(x)).mean(axis=-1)
    clean, usable = Block(x, rate_hz, ()).clean()
    length = min(max(round(SEGMENT_S * rate_hz), LEAST_SEGMENT), clean.shape[-1])
    frequency, density = welch(clean, rate_hz, nperseg=length, detrend="linear", axis=-1)
    frequency, density = frequency[1:], np.maximum(density[..., 1:], LEAST)
    floor = np.quantile(density, FLOOR_SHARE, axis=-1)
    within = density >= ABOVE_FLOOR * floor[..., None]
    low = (density >= BELOW_TOP * np.quantile(density, 0.95, axis=-1)[..., None]).argmax(axis=-1)
    high = within.shape[-1] - 1 - within[..., ::-1].argmax(axis=-1)
    found = {
        "step": _step(clean),
        "floor": np.log10(floor),
        "low": np.log10(frequency[low]),
        "high": np.where(within.any(axis=-1), np.log10(frequency[high]), np.nan),
    }
    for mains in MAINS_HZ:
        if mains + AROUND_HZ < rate_hz / 2:
            found[f"mains{mains:.0f}"] = _mains(frequency, density, mains)
    told = {name: np.where(usable, values, np.nan) for name, values in found.items()}
    return {"invalid": invalid, **told}


def _step(x: Floats) -> Floats:
    """Smallest difference of neighbours that is more than the rounding of float32."""
    apart = np.abs(np.diff(x, axis=-1))
    rounding = 1e-6 * np.abs(x).max(axis=-1, keepdims=True)
    least = np.where(apart > rounding, apart, np.inf).min(axis=-1)
    return known.log10(np.where(np.isfinite(least), least, np.nan))


def _mains(frequency: Floats, density: Floats, mains: float) -> Floats:
    apart = np.abs(frequency - mains)
    near, around = apart <= NEAR_HZ, (apart > NEAR_HZ) & (apart <= AROUND_HZ)
    if not (near.any() and around.any()):
        return np.full(density.shape[:-1], np.nan)
    return np.asarray(np.log10(density[..., near].mean(axis=-1) / np.median(density[..., around], axis=-1)))
