"""What a sensor type can show: limits of the body and of its sensors, and the times that go with them."""

from __future__ import annotations

from dataclasses import dataclass

from biocurate.sensors import SensorType


@dataclass(frozen=True)
class Limits:
    """What samples of a sensor type are held against."""

    flat_s: float | None = None
    """Equal samples for so long are a loose or saturated sensor; None where standing still is natural."""
    clip_s: float | None = None
    """Samples at the window's greatest or least value for so long are clipped; None where a plateau is natural."""
    low: float | None = None
    high: float | None = None
    """In the canonical unit; beyond is no body."""
    steepest: float | None = None
    """Canonical units a second; None where nothing is known."""
    drift_hz: float | None = None
    """What is slower is drift of baseline or electrode; None where the signal itself is slow."""


LIMITS: dict[SensorType, Limits] = {
    # range: ANSI/AAMI EC11 (inputs of 10 mV); drift: AHA/ACC/HRS 2007 part I, low cut-off of monitors
    SensorType.ECG: Limits(0.4, 0.02, -10.0, 10.0, drift_hz=0.5),
    # range: Niedermeyer, Electroencephalography, 6th ed.: beyond 1 mV lies no rhythm; drift: ACNS guideline 1 (2016)
    SensorType.EEG: Limits(0.4, 0.02, -1000.0, 1000.0, drift_hz=0.5),
    SensorType.EOG: Limits(0.4, 0.02, -5000.0, 5000.0),
    SensorType.EMG: Limits(0.4, 0.02, -10_000.0, 10_000.0, drift_hz=5.0),
    # no unit and no range: what a photodiode gives depends on the device alone
    SensorType.PPG: Limits(0.4, 0.08, drift_hz=0.3),
    SensorType.ABP: Limits(0.4, 0.08, -30.0, 300.0, drift_hz=0.3),  # IEC 60601-2-34
    # 0.05 to 60 uS, at most 10 uS/s: Kleckner et al., IEEE Trans. Biomed. Eng. 65 (2018) 1460
    SensorType.GSR: Limits(10.0, None, 0.05, 60.0, steepest=10.0),
    # skin that is worn upon: Kleckner et al. take 30-40 for a warm hand, wrists and cold rooms go lower
    SensorType.TEMP: Limits(None, None, 15.0, 43.0),
    SensorType.SPO2: Limits(None, None, 40.0, 100.0),  # ISO 80601-2-61
    SensorType.HR: Limits(None, None, 20.0, 300.0),  # IEC 60601-2-27
    SensorType.ACC: Limits(None, None, -16.0, 16.0),  # what wearables can count to
    SensorType.RESP: Limits(5.0, None, drift_hz=0.05),  # the end of a breath out is a plateau,
}


def limits_of(sensor: SensorType) -> Limits:
    """Limits of a sensor type; none but those of every channel where nothing is known about it."""
    return LIMITS.get(sensor, Limits(flat_s=2.0))
