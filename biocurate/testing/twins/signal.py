"""Samples of twins: a rhythm in noise, so that nothing is flat and everything can be drawn and measured.

No two are alike: rhythms wander, since equal ones would be found as copies of each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Generator = np.random.Generator


def rhythm(random: Generator, samples: int, rate_hz: float, hz: float, size: float, level: float = 0.0) -> Floats:
    """An oscillation that wanders in pace and size, with a third of it in noise, about a level, shape (samples,)."""
    turns = np.cumsum(hz * _pace(random, samples, rate_hz)) / rate_hz + random.uniform()
    waves = _pace(random, samples, rate_hz) * np.sin(2 * np.pi * turns)
    return np.asarray(level + size * (waves + 0.33 * random.standard_normal(samples)))


def beats(random: Generator, samples: int, rate_hz: float, size: float) -> Floats:
    """Narrow peaks some 60 to 90 times a minute over noise, as R waves stand, shape (samples,)."""
    turns = np.cumsum(random.uniform(1.0, 1.5) * _pace(random, samples, rate_hz)) / rate_hz + random.uniform()
    peaks = np.exp(-(((turns % 1.0 - 0.5) / 0.03) ** 2))
    return np.asarray(size * (peaks + 0.2 * random.standard_normal(samples)))


def _pace(random: Generator, samples: int, rate_hz: float) -> Floats:
    """About 1, another value each second or so, on straight lines between them, shape (samples,)."""
    knots = max(2, round(samples / rate_hz) + 1)
    return np.interp(np.arange(samples), np.linspace(0, samples, knots), random.uniform(0.7, 1.3, knots))
