"""Amplitudes against what a body and its sensors can give.

The limits are wide on purpose: they find a wrong factor (volts read as microvolts, counts read as millivolts), never
an unusual person. Artefacts and loose electrodes give no verdict: what is typical is a median over seconds, channels
that share a unit are judged together, and a channel that rests is not judged at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from biocurate.sensors import SensorType

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_STEPS = 50.0
"""Digital steps of swing below which a channel rests: a sensor that is off is no wrong unit."""
SECOND_SAMPLES = 10
"""Samples of a second at least, at rates below ten."""


@dataclass(frozen=True)
class Plausible:
    """Amplitudes that a sensor type can have, in a unit."""

    measure: Literal["swing", "level"]
    """swing: peak-to-peak of a second; level: its median. Of either the median over seconds is judged."""
    low: float
    high: float
    unit: str
    pulse: float = 0.0
    """Swing that a second must have for its level to count."""
    share: float = 0.5
    """Share of the channels of one unit that more than must lie outside for the unit to be wrong."""


PLAUSIBLE: dict[SensorType, Plausible] = {
    # ANSI/AAMI EC11: inputs of +-5 mV, so 10 mV; low voltage begins below 0.5 mV in limb leads (AHA/ACCF/HRS 2009),
    # and 2 uV is less than a preamplifier's noise
    SensorType.ECG: Plausible("swing", 0.002, 20.0, "mV"),
    # Niedermeyer, Electroencephalography, 6th ed.: 10-100 uV, seizures and delta to 1000; electrocerebral silence < 2
    SensorType.EEG: Plausible("swing", 0.2, 5000.0, "uV"),
    # Malmivuo & Plonsey, Bioelectromagnetism (1995), ch. 28: 0.4-1 mV between cornea and retina, 5-20 uV a degree
    SensorType.EOG: Plausible("swing", 0.2, 10_000.0, "uV"),
    # De Luca, J. Appl. Biomech. 13 (1997) 135: to 10 mV peak to peak; a rectified envelope at rest has tenths of a uV
    SensorType.EMG: Plausible("swing", 0.02, 20_000.0, "uV"),
    # Boucsein, Electrodermal Activity, 2nd ed.: 1-40 uS at the palm; wrist sensors begin at 0.01 (Empatica), and show
    # thousandths where they are not worn
    SensorType.GSR: Plausible("level", 0.0005, 100.0, "uS"),
    # skin in the cold to fever; below 10 and above 45 no one wears the sensor
    SensorType.TEMP: Plausible("level", 10.0, 45.0, "degC"),
    # ISO 80601-2-61: oximeters are tested from 70 to 100; below 40 no saturation is reported
    SensorType.SPO2: Plausible("level", 40.0, 101.0, "%"),
    SensorType.HR: Plausible("level", 20.0, 300.0, "bpm"),  # IEC 60601-2-27: 30-200 for adults, to 250 for neonates
    # IEC 60601-2-34: transducers of -30 to 300 mmHg; one that is off or open to the air has no pulse
    SensorType.ABP: Plausible("level", 10.0, 300.0, "mmHg", pulse=10.0),
    # at rest the vector's length is 1 g, and it may lie along any one axis; 16 g is what wearables can count to
    SensorType.ACC: Plausible("level", -2.0, 2.0, "g", share=0.0),
}
"""Sensor type -> amplitudes, each with its source."""


@dataclass(frozen=True)
class Amplitudes:
    """How strong the channels of a stream are, each array of shape (channels,)."""

    typical: Array
    """In the canonical unit; NaN where a channel has another unit or never moves."""
    outside: Mask
    """What no sensor of this type can have."""
    wrong: Mask
    """Channels whose unit is wrong: most channels that have it are outside."""

    @property
    def alone(self) -> Mask:
        """Channels outside whose unit is right by the others that have it: an electrode that is off or loose."""
        return self.outside & ~self.wrong

    def median(self, rows: Mask) -> float:
        """Typical amplitude of the channels outside among some."""
        return float(np.median(self.typical[rows & self.outside]))


@dataclass(frozen=True)
class Scales:
    """From digital values to canonical units, a channel each."""

    written: Sequence[str]
    """Units as the file or recipe has them."""
    units: Sequence[str]
    """Canonical units."""
    gain: Array
    offset: Array
    invalid: Sequence[int | None]


def amplitudes(sensor: SensorType, blocks: Sequence[NDArray[Any]], rate_hz: float, scales: Scales) -> Amplitudes | None:
    """Judge the typical amplitude of each channel by its sensor type's limits.

    Parameters
    ----------
    sensor : SensorType
    blocks : sequence of array, each of shape (channels, samples)
        As the file holds them.
    rate_hz : float
    scales : Scales

    Returns
    -------
    Amplitudes or None
        None where nothing is known about this sensor type in these units, or there is no sample.
    """
    known = PLAUSIBLE.get(sensor)
    if known is None or known.unit not in scales.units or not blocks:
        return None
    digital = _seconds(blocks, rate_hz)
    swing = _swings(digital, scales.invalid) * np.abs(scales.gain)[:, None]
    moves = (swing > 0) & (swing >= known.pulse)
    values = swing
    if known.measure == "level":
        values = np.concatenate([_levels(each, scales) for each in digital], axis=1)
    typical = _median(np.where(moves, values, np.nan))
    typical[[unit != known.unit for unit in scales.units]] = np.nan
    outside = (typical > known.high) | ((typical < known.low) & ~_rests(known, digital[0].dtype, typical, scales.gain))
    return Amplitudes(typical, outside, _wrong_units(outside, typical, scales, known.share))


def _rests(known: Plausible, dtype: np.dtype[Any], typical: Array, gain: Array) -> Mask:
    """Channels that move by so few digital steps that there is no signal in them."""
    if known.measure == "level" or dtype.kind == "f":
        return np.zeros(len(typical), bool)
    return np.asarray(typical < LEAST_STEPS * np.abs(gain))


def _wrong_units(outside: Mask, typical: Array, scales: Scales, share: float) -> Mask:
    """All channels of a unit, as it is written, of which more than a share of those that move lies outside.

    Gains tell nothing apart: files that fit each channel's range to its samples have one for every loose electrode.
    """
    if not outside.any():
        return outside
    order = {unit: number for number, unit in enumerate(dict.fromkeys(scales.written))}
    group = np.array([order[unit] for unit in scales.written])
    moving = np.bincount(group, np.isfinite(typical), len(order))
    found = np.bincount(group, outside, len(order))
    return np.asarray(((found > share * moving) & (found > 0))[group])


def _seconds(blocks: Sequence[NDArray[Any]], rate_hz: float) -> list[NDArray[Any]]:
    """Blocks as views of shape (channels, seconds, samples); what does not fill a second is left out."""
    length = blocks[0].shape[1]
    second = min(length, max(SECOND_SAMPLES, round(rate_hz)))
    whole = length // second
    return [block[:, : whole * second].reshape(len(block), whole, second) for block in blocks]


def _swings(digital: Sequence[NDArray[Any]], invalid: Sequence[int | None]) -> Array:
    """Peak-to-peak of valid samples in digital steps, shape (channels, seconds); NaN where there is none."""
    floats = digital[0].dtype.kind == "f"
    if floats:
        digital = [each if np.isfinite(each).all() else np.where(np.isfinite(each), each, np.nan) for each in digital]
    # The plain minimum of integers is several times faster than the one that passes over NaN.
    least, most = (np.fmin, np.fmax) if floats else (np.minimum, np.maximum)
    ends = [(least.reduce(each, axis=2), most.reduce(each, axis=2)) for each in digital]
    low: Array = np.concatenate([lowest for lowest, _ in ends], axis=1, dtype=np.float64)
    high: Array = np.concatenate([highest for _, highest in ends], axis=1, dtype=np.float64)
    # Only a code that is an extreme of its second changes what lies between the extremes.
    for row in _rows_with(invalid, low, high):
        x = np.concatenate([each[row] for each in digital])
        valid = np.where(x == invalid[row], np.nan, x)
        low[row], high[row] = np.fmin.reduce(valid, axis=1), np.fmax.reduce(valid, axis=1)
    return high - low


def _rows_with(codes: Sequence[int | None], low: Array, high: Array) -> list[int]:
    """Rows of which some extreme is the row's code."""
    if not any(code is not None for code in codes):
        return []
    code = np.array([np.nan if code is None else code for code in codes])[:, None]
    return np.flatnonzero(((low == code) | (high == code)).any(axis=1)).tolist()


def _levels(digital: NDArray[Any], scales: Scales) -> Array:
    """Median of valid samples in the canonical unit, shape (channels, seconds).

    Exact zeros are none: an oximeter or thermometer that is off puts them out.
    """
    x = digital * scales.gain[:, None, None] + scales.offset[:, None, None]
    for row, code in enumerate(scales.invalid):
        if code is not None:
            x[row][digital[row] == code] = np.nan
    return _median(np.where(np.isfinite(x) & (x != 0), x, np.nan))


def _median(x: Array) -> Array:
    """Lower median of what is known along the last axis; NaN where nothing is."""
    rows = x.reshape(-1, x.shape[-1])
    middle = np.maximum(np.isfinite(rows).sum(axis=1) - 1, 0) // 2  # NaN are sorted last
    found: Array = np.sort(rows, axis=1)[np.arange(len(rows)), middle]
    return found.reshape(x.shape[:-1])
