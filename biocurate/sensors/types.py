"""Sensor types and the words for them."""

from __future__ import annotations

from enum import StrEnum

from biocurate.errors import UsageError


class SensorType(StrEnum):
    """What a channel measures: BIDS' name where BIDS has one."""

    EEG = "EEG"
    ECOG = "ECOG"
    SEEG = "SEEG"
    EOG = "EOG"
    ECG = "ECG"
    EMG = "EMG"
    PPG = "PPG"
    GSR = "GSR"
    RESP = "RESP"
    TEMP = "TEMP"
    SPO2 = "SPO2"
    CO2 = "CO2"
    ABP = "ABP"  # arterial pressure as a waveform
    BP = "BP"  # readings: systolic, diastolic, mean
    CVP = "CVP"
    PAP = "PAP"
    ICP = "ICP"
    HR = "HR"
    IBI = "IBI"
    PCG = "PCG"
    BCG = "BCG"
    ICG = "ICG"
    ACC = "ACC"
    GYRO = "GYRO"
    MAGN = "MAGN"
    TRIG = "TRIG"
    MISC = "MISC"

    @classmethod
    def parse(cls, text: str) -> SensorType:
        """Read a sensor type or one of its aliases, in any case.

        Raises
        ------
        UsageError
            No sensor type has this name.
        """
        found = type_of_word(text)
        if found is None:
            raise UsageError(f"there is no sensor type {text!r}.", mend=f"Use one of {', '.join(cls)}.")
        return found


_TYPE_WORDS: dict[str, str] = {
    "ECG": "EKG ELECTROCARDIOGRAM",
    "EMG": "ELECTROMYOGRAM",
    "EOG": "HEOG VEOG ELECTROOCULOGRAM",
    "PPG": "BVP PLETH PLETHYSMOGRAM PHOTOPLETHYSMOGRAM",
    "GSR": "EDA ELECTRODERMAL",
    "RESP": "RSP RESPIRATION RESPIRATORY",
    "TEMP": "TEMPERATURE",
    "SPO2": "SAO2 OXSAT",
    "CO2": "ETCO2 CAPNO CAPNOGRAM",
    "ABP": "ART",
    "ACC": "ACCEL ACCELEROMETER",
    "GYRO": "GYROSCOPE ANGVEL",
    "MAGN": "MAG MAGNETOMETER",
    "HR": "HEARTRATE",
    "PCG": "PHONOCARDIOGRAM",
    "BCG": "BALLISTOCARDIOGRAM",
    "TRIG": "TRIGGER STIM STATUS MARKER",
}
_TYPES = {str(sensor): sensor for sensor in SensorType} | {
    word: SensorType(name) for name, words in _TYPE_WORDS.items() for word in words.split()
}


def type_of_word(word: str) -> SensorType | None:
    """Look up a sensor type by its name or an alias, in any case; None where there is none."""
    return _TYPES.get(word.strip().upper())
