"""Beat trains of simulated hearts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[np.float64]
Heart = Callable[..., Array]


def beat_train(seed: int, seconds: float = 300.0, bpm: float = 70.0, variability: float = 0.04) -> Array:
    """Beats whose intervals follow breath, a slow wave and chance, as a heart's do."""
    random = np.random.default_rng(seed)
    mean = 60 / bpm
    n = int(seconds / mean * 1.3)
    beat = np.arange(n)
    breath, wave = random.uniform(3.0, 5.0), random.uniform(8.0, 14.0)
    swing = np.sin(2 * np.pi * beat / breath + random.uniform(0, 6)) + np.sin(2 * np.pi * beat / wave)
    drift = np.cumsum(random.normal(0, 0.15, n))
    drift -= drift.mean()
    intervals = mean * (1 + variability * (swing + 0.5 * random.normal(0, 1, n)) + 0.004 * drift)
    beats = np.cumsum(np.clip(intervals, 0.4, 1.8))
    return beats[beats < seconds]


@pytest.fixture(scope="session")
def heart() -> Heart:
    """Simulate a heart by its seed."""
    return beat_train


@pytest.fixture(scope="session")
def felt() -> Callable[..., Array]:
    """A device's view of beats: jitter, and beats that are missed."""

    def see(beats: Array, seed: int, jitter_s: float = 0.008, missed: float = 0.05) -> Array:
        random = np.random.default_rng(seed + 1000)
        kept = beats[random.random(beats.size) > missed]
        return np.sort(kept + random.normal(0, jitter_s, kept.size))

    return see
