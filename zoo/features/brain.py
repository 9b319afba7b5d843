"""EEG: how much power in which band."""

from __future__ import annotations

import numpy as np
from scipy.signal import welch

from zoo.features import known
from zoo.features.block import Block, Columns, Floats

BANDS = {"delta": (1.0, 4.0), "theta": (4.0, 8.0), "alpha": (8.0, 13.0), "beta": (13.0, 30.0), "gamma": (30.0, 45.0)}
"""In hertz, low included; gamma ends below both mains frequencies."""
RATIOS = (("theta", "beta"), ("theta", "alpha"), ("beta", "alpha"))
SEGMENT_S = 2.0
"""Welch segment: half a hertz of resolution."""
LEAST_UV2 = 1e-6
"""Power below this is the arithmetic's, not the brain's."""


def band_powers(block: Block) -> Columns:
    """Log power of each channel in each band, and log ratios of bands over the whole head.

    Power is the integral of Welch's density (Hann, 2 s segments, half overlapping); a band that reaches above half
    the sampling rate is NaN.

    Source: Welch, IEEE Trans. Audio Electroacoust. 15 (1967) 70.
    """
    x, usable = block.clean()
    length = min(round(SEGMENT_S * block.rate_hz), x.shape[-1])
    frequency, density = welch(x, block.rate_hz, nperseg=length, detrend="constant", axis=-1)
    power = np.stack([_integral(frequency, density, *band, block.rate_hz) for band in BANDS.values()], axis=-1)
    log = np.where(usable[..., None], np.log10(np.maximum(power, LEAST_UV2)), np.nan)

    columns = [
        (f"{channel}.{band}", "log10 uV^2", log[:, row, at])
        for row, channel in enumerate(block.channels)
        for at, band in enumerate(BANDS)
    ]
    head = known.mean(log.swapaxes(1, 2))
    order = list(BANDS)
    columns += [(f"{a}/{b}", "log10 ratio", head[:, order.index(a)] - head[:, order.index(b)]) for a, b in RATIOS]
    return Columns.of(columns)


def _integral(frequency: Floats, density: Floats, low: float, high: float, rate_hz: float) -> Floats:
    inside = (frequency >= low) & (frequency < high)
    if not inside.any() or high > rate_hz / 2:
        return np.full(density.shape[:-1], np.nan)
    return np.asarray(density[..., inside].sum(axis=-1) * (frequency[1] - frequency[0]))
