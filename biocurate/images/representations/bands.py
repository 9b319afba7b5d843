"""Ranges of frequency, and where each sensor type has its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from biocurate.errors import UsageError
from biocurate.sensors import SensorType

Hertz = Annotated[float, Field(gt=0, allow_inf_nan=False)]

USUAL: Mapping[SensorType, Mapping[str, object]] = {
    SensorType.EEG: {"low_hz": 1.0, "high_hz": 45.0},  # delta to gamma, below the mains
    SensorType.EOG: {"low_hz": 0.3, "high_hz": 15.0},
    SensorType.ECG: {"low_hz": 0.5, "high_hz": 40.0},  # monitoring bandwidth: Kligfield et al., Circulation 2007
    SensorType.EMG: {"low_hz": 10.0},  # surface EMG: SENIAM; upwards as far as the rate goes
    SensorType.PPG: {"low_hz": 0.5, "high_hz": 8.0},  # 30 beats a minute to the pulse wave's harmonics
    SensorType.ABP: {"low_hz": 0.5, "high_hz": 12.0},
    SensorType.GSR: {"high_hz": 1.0},  # rises of skin conductance last 1 to 5 s: Boucsein, Electrodermal Activity
    SensorType.RESP: {"high_hz": 2.0},
    SensorType.CO2: {"high_hz": 4.0},
    SensorType.SPO2: {"high_hz": 0.4},
    SensorType.TEMP: {"high_hz": 0.4},
}
"""Bands by sensor type; an end that is missing follows the window and the rate."""

CYCLES = 2
"""Cycles of the lowest frequency that a window must hold."""

TOP = 0.45
"""Highest frequency where none is given, as a share of the rate."""


def check_band(kind: str, low_hz: float | None, high_hz: float | None, rate: float) -> None:
    """Refuse a band that the rate does not reach.

    Raises
    ------
    UsageError
        If a frequency is not below half the rate, or the band is empty.
    """
    for name, hertz in (("low_hz", low_hz), ("high_hz", high_hz)):
        if hertz is not None and hertz >= rate / 2:
            raise UsageError(
                f"{name} = {hertz:g} Hz is not below {rate / 2:g} Hz, half the sampling rate.",
                where=kind,
                mend=f"Give a {name} below {rate / 2:g}.",
            )
    top = TOP * rate if high_hz is None else high_hz
    if low_hz is not None and low_hz >= top:
        raise UsageError(
            f"the band from {low_hz:g} to {top:g} Hz is empty.", where=kind, mend=f"Give a low_hz below {top:g}."
        )


def band(low_hz: float | None, high_hz: float | None, samples: int, rate: float) -> tuple[float, float]:
    """Lowest and highest frequency in a window: what is given, or two cycles a window and 0.45 of the rate."""
    high = TOP * rate if high_hz is None else high_hz
    return (min(CYCLES * rate / samples, high / 2) if low_hz is None else low_hz), high
