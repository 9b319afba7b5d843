"""Small stores: one person's electrodes are on, the other's ECG is off in its second half."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from biocurate.curate.windows.build import build_windows
from biocurate.recording import ArraySamples, Recording
from biocurate.store.store import Store
from biocurate.testing.memory import interval, noise_stream, put

HALVES = (interval(0, 20, "rest"), interval(20, 20, "task"))


def made(seed: int, off: bool = False, **fields: object) -> Recording:
    """40 s of two-channel ECG at 100 Hz and GSR at 4 Hz."""
    ecg = noise_stream("ECG", 100, [(0, 4000)], ["I", "II"], seed=seed, gain=0.001, offset=0.0)
    if off:
        samples = ecg.digital.copy()
        samples[1, 2000:] = 7
        ecg = replace(ecg, samples=ArraySamples(samples))
    gsr = noise_stream("GSR", 4, [(0, 160)], seed=seed + 1, gain=0.001, offset=5.0)
    return Recording((ecg, gsr), HALVES, **fields)


@pytest.fixture
def recordings() -> dict[str, Recording]:
    """Two corpora, three persons."""
    return {
        "a/one": made(1, sex="F"),
        "a/two": made(3, off=True, sex="M"),
        "b/three": made(5),
    }


@pytest.fixture
def stored(store: Store, recordings: dict[str, Recording]) -> Store:
    """They are stored, and cut into windows of 10 s."""
    put(store, recordings)
    build_windows(store, "w10", length_s=10, labels=["condition"])
    return store


@pytest.fixture
def rng() -> np.random.Generator:
    """Always the same numbers."""
    return np.random.default_rng(0)
