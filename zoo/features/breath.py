"""RESP: how fast and how evenly the subject breathes."""

from __future__ import annotations

import numpy as np

from zoo.features import known
from zoo.features.block import Block, Columns
from zoo.features.filters import Peaks, band_pass, summit

LOW_HZ, HIGH_HZ = 0.08, 1.0
"""5 to 60 breaths a minute."""


def breathing(block: Block) -> Columns:
    """Rate, evenness and depth from the spectrum of the breathing band.

    The rate is the highest peak of the periodogram between 5 and 60 breaths a minute (Hann window, zero-padded to at
    least 100 s, the peak between bins by a parabola); in a short window the lower bound is raised to two breaths a
    window. Evenness is the share of the band's power within 0.05 Hz, plus the window's own resolution, of the peak.
    The first channel is used.
    """
    x, usable = block.clean()
    low = max(LOW_HZ, 2 / block.seconds)
    band = band_pass(x[:, 0], block.rate_hz, LOW_HZ, min(HIGH_HZ, 0.4 * block.rate_hz))
    tapered = (band - band.mean(axis=1)[:, None]) * np.hanning(band.shape[1])
    padded = max(band.shape[1], round(100 * block.rate_hz))
    power = np.abs(np.fft.rfft(tapered, padded, axis=1)) ** 2
    frequency = np.fft.rfftfreq(padded, 1 / block.rate_hz)
    inside = (frequency >= low) & (frequency <= HIGH_HZ)
    if inside.sum() < 3:
        rate = even = np.full(len(x), np.nan)
    else:
        power, frequency = power[:, inside], frequency[inside]
        top = Peaks(np.arange(len(x)), power.argmax(axis=1), np.zeros(len(x)))
        rate = np.interp(summit(power, top), np.arange(len(frequency)), frequency)
        near = np.abs(frequency - rate[:, None]) <= 0.05 + 1 / block.seconds
        total = power.sum(axis=1)
        even = np.divide((power * near).sum(axis=1), total, out=np.full(len(x), np.nan), where=total > 0)
    columns = [
        ("rate", "1/min", 60 * rate),
        ("evenness", "share", even),
        ("depth", "log10 canonical unit", known.log10(band.std(axis=1))),
    ]
    return Columns.of([(name, unit, np.where(usable[:, 0], values, np.nan)) for name, unit, values in columns])
