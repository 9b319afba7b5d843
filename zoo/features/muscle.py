"""EMG and EOG: how strong the signal is."""

from __future__ import annotations

import numpy as np

from zoo.features import known
from zoo.features.block import Block, Columns
from zoo.features.filters import band_pass


def emg_strength(block: Block) -> Columns:
    """Log root mean square of each channel above 20 Hz, where movement artefacts end (De Luca et al., 2010)."""
    return _strength(block, 20.0 if block.rate_hz > 60 else None, 450.0)


def eog_strength(block: Block) -> Columns:
    """Log root mean square of each channel between 0.3 and 15 Hz, where eye movements and blinks are."""
    return _strength(block, 0.3, 15.0)


def _strength(block: Block, low: float | None, high: float) -> Columns:
    x, usable = block.clean()
    band = band_pass(x - x.mean(axis=-1, keepdims=True), block.rate_hz, low, high)
    rms = np.where(usable, known.log10(np.sqrt((band**2).mean(axis=-1))), np.nan)
    return Columns.of([(f"{name}.rms", "log10 uV", rms[:, row]) for row, name in enumerate(block.channels)])
