"""Sizes and choices of PanLUNA: the published ones, ours, and LUNA's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from biocurate.sensors import SensorType

REFERENCE_SENSORS = (SensorType.ECG, SensorType.EEG, SensorType.PPG)
"""Rows of the published sensor table, in its order."""

SENSORS = (*REFERENCE_SENSORS, SensorType.EOG, SensorType.EMG, SensorType.RESP, SensorType.GSR)
"""Rows of our sensor table: the published ones first, so that their weights fit."""


@dataclass(frozen=True)
class Architecture:
    """What a PanLUNA is made of."""

    rate_hz: float = 256.0
    """Sampling rate of every channel."""
    patch: int = 32
    """Samples of a patch: 125 ms. A multiple of 4."""
    width: int = 64
    """Numbers of a token; a multiple of 16."""
    queries: int = 4
    """Learnt queries that sum up the channels of a patch."""
    heads: int = 2
    """Attention heads over channels; over time there are `queries` times as many."""
    depth: int = 6
    """Blocks over time."""
    sensors: tuple[SensorType, ...] = SENSORS
    """Sensor types that it tells apart, by row of their table; none where empty, as in LUNA."""
    names: int = 0
    """Channel names that the reconstruction is told; with 0 it is told places and sensor types only."""
    head_ratio: int = 2
    """Hidden numbers of the class head, by those of a summary."""
    norm: Literal["token", "sample"] = "token"
    """What the first layers norm over: each token by itself, or all tokens of a sample, as published."""
    positions: Literal["fixed", "present"] = "fixed"
    """What a place is measured by: its sensor type's own scale, or the span of the channels present, as published."""
    spectrum: Literal["log", "plain"] = "log"
    """Spectral features: log-magnitude with sine and cosine of the phase, or magnitude and phase, as published."""
    gate: bool = False
    """Whether each patch says how far it leans on each of its sensor types; ours, see `gate`."""

    @property
    def summary(self) -> int:
        """Numbers that sum up a patch."""
        return self.queries * self.width


REFERENCE = Architecture(sensors=REFERENCE_SENSORS, names=104, norm="sample", positions="present", spectrum="plain")
"""PanLUNA as published: 5,083,225 parameters for reconstruction."""

LUNA_BASE = Architecture(
    patch=40, depth=8, sensors=(), names=90, head_ratio=4, norm="sample", positions="present", spectrum="plain"
)
"""LUNA-Base as published, for EEG alone: 6,672,417 parameters for reconstruction."""
