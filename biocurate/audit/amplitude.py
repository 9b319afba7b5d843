"""Amplitudes against what a body and its sensors can give.

The limits are wide on purpose: they find a wrong factor (volts read as microvolts, counts read as millivolts), never
an unusual person.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from biocurate.sensors import SensorType


@dataclass(frozen=True)
class Plausible:
    """Amplitudes that a sensor type can have, in a unit."""

    measure: Literal["swing", "level"]
    """swing: peak-to-peak of a block of 10 s; level: its median. Of either the median over blocks is judged."""
    low: float
    high: float
    unit: str


PLAUSIBLE: dict[SensorType, Plausible] = {
    # ANSI/AAMI EC11: inputs of +-5 mV, so 10 mV; low voltage begins below 0.5 mV in limb leads (AHA/ACCF/HRS 2009)
    SensorType.ECG: Plausible("swing", 0.02, 20.0, "mV"),
    # Niedermeyer, Electroencephalography, 6th ed.: 10-100 uV, seizures and delta to 1000; electrocerebral silence < 2
    SensorType.EEG: Plausible("swing", 2.0, 5000.0, "uV"),
    # Malmivuo & Plonsey, Bioelectromagnetism (1995), ch. 28: 0.4-1 mV between cornea and retina, 5-20 uV a degree
    SensorType.EOG: Plausible("swing", 2.0, 10_000.0, "uV"),
    # De Luca, J. Appl. Biomech. 13 (1997) 135: to 10 mV peak to peak; a rectified envelope at rest has tenths of a uV
    SensorType.EMG: Plausible("swing", 0.1, 20_000.0, "uV"),
    # Boucsein, Electrodermal Activity, 2nd ed.: 1-40 uS at the palm; wrist sensors begin at 0.01 (Empatica)
    SensorType.GSR: Plausible("level", 0.005, 100.0, "uS"),
    # skin in the cold to fever; below 10 and above 45 no one wears the sensor
    SensorType.TEMP: Plausible("level", 10.0, 45.0, "degC"),
    # ISO 80601-2-61: oximeters are tested from 70 to 100; below 40 no saturation is reported
    SensorType.SPO2: Plausible("level", 40.0, 101.0, "%"),
    SensorType.HR: Plausible("level", 20.0, 300.0, "bpm"),  # IEC 60601-2-27: 30-200 for adults, to 250 for neonates
    SensorType.ABP: Plausible("level", 10.0, 300.0, "mmHg"),  # IEC 60601-2-34: transducers of -30 to 300 mmHg
    # at rest the vector's length is 1 g, so no axis lies above; 16 g is what wearables can count to
    SensorType.ACC: Plausible("level", -2.0, 2.0, "g"),
}
"""Sensor type -> amplitudes, each with its source."""


def amplitude(sensor: SensorType, unit: str, blocks: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Typical amplitude of each channel, by its sensor type's measure.

    Parameters
    ----------
    sensor : SensorType
    unit : str
        That the blocks are in.
    blocks : array, shape (blocks, channels, samples), NaN where invalid

    Returns
    -------
    array, shape (channels,), or None
        NaN where a channel never moves; None where nothing is known about this sensor type in this unit.
    """
    known = PLAUSIBLE.get(sensor)
    if known is None or known.unit != unit or not blocks.size:
        return None
    low, high = _extremes(blocks)
    swing = high - low
    moves = swing > 0
    values = swing if known.measure == "swing" else _quiet_median(blocks, axis=2)
    return _quiet_median(np.where(moves, values, np.nan), axis=0)


def implausible(sensor: SensorType, typical: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Channels whose typical amplitude lies outside of what their sensor type can have; NaN is not judged."""
    known = PLAUSIBLE[sensor]
    with np.errstate(invalid="ignore"):
        return np.asarray((typical < known.low) | (typical > known.high))


def _extremes(blocks: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest valid sample of each block and channel; NaN where there is none."""
    none = ~np.isfinite(blocks).any(axis=2)
    low = np.where(np.isfinite(blocks), blocks, np.inf).min(axis=2)
    high = np.where(np.isfinite(blocks), blocks, -np.inf).max(axis=2)
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def _quiet_median(x: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Median of what is known; NaN, without numpy's warning, where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(x, axis=axis))
