"""Features of windows, one extractor a sensor type, each batched over windows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from biocurate.sensors import SensorType
from zoo.features.block import Block, Columns, Extractor
from zoo.features.brain import band_powers
from zoo.features.breath import breathing
from zoo.features.muscle import emg_strength, eog_strength
from zoo.features.pulse import ecg_rhythm, ppg_rhythm
from zoo.features.skin import tonic_phasic
from zoo.features.slow import motion, statistics

__all__ = ["EXTRACTORS", "Block", "Columns", "Extractor"]

EXTRACTORS: Mapping[SensorType, Extractor] = MappingProxyType(
    {
        SensorType.EEG: band_powers,
        SensorType.ECG: ecg_rhythm,
        SensorType.PPG: ppg_rhythm,
        SensorType.GSR: tonic_phasic,
        SensorType.RESP: breathing,
        SensorType.EMG: emg_strength,
        SensorType.EOG: eog_strength,
        SensorType.ACC: motion,
        SensorType.GYRO: motion,
        SensorType.TEMP: statistics,
        SensorType.HR: statistics,
        SensorType.SPO2: statistics,
        SensorType.ABP: statistics,
    }
)
"""By sensor type; one that is not here has no features yet."""
