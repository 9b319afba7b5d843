"""Units: every spelling that is known, and the exact way to each sensor type's canonical unit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from biocurate.sensors.types import SensorType


@dataclass(frozen=True)
class Unit:
    """A canonical unit and the way to it: canonical value = value * factor + shift."""

    name: str
    factor: float
    shift: float = 0.0


_MICRO, _MILLI, _KILO = Fraction(1, 10**6), Fraction(1, 1000), Fraction(1000)
_G0 = Fraction("9.80665")  # standard gravity, m/s^2: CGPM 1901
_MMHG = Fraction("133.322387415")  # pascal: BS 350

# dimension -> {spellings: size in the dimension's own unit}; case counts first, then any case that is not ambiguous
_SIZES: dict[str, dict[str, Fraction]] = {
    "voltage": {
        "V volt volts": Fraction(1),
        "mV millivolt millivolts": _MILLI,
        "uV microV microvolt microvolts": _MICRO,
        "nV nanovolt nanovolts": _MICRO * _MILLI,
    },
    "conductance": {
        "S siemens mho": Fraction(1),
        "mS millisiemens": _MILLI,
        "uS microS microsiemens micro-siemens uSiemens umho micromho": _MICRO,
        "nS nanosiemens": _MICRO * _MILLI,
    },
    "resistance": {"Ohm Ohms Ω": Fraction(1), "mOhm": _MILLI, "kOhm kOhms kΩ": _KILO, "MOhm MΩ": _KILO * _KILO},
    "temperature": {
        "degC °C C celsius deg.C Cel": Fraction(1),
        "K kelvin": Fraction(1),
        "degF °F F fahrenheit": Fraction(5, 9),
    },
    "acceleration": {
        "m/s^2 m/s2 m/s**2 m.s-2 ms-2 ms^-2": 1 / _G0,
        "g gee": Fraction(1),
        "mg milli-g": _MILLI,
    },
    "turn": {"deg/s dps °/s degrees/s": Fraction(1), "rad/s": Fraction("57.295779513082320876798154814105")},
    "flux": {"T tesla": Fraction(1), "mT": _MILLI, "uT microtesla": _MICRO, "G gauss": Fraction(1, 10**4)},
    "pressure": {
        "mmHg torr": _MMHG,
        "cmH2O": Fraction("98.0665"),
        "Pa pascal": Fraction(1),
        "hPa mbar": Fraction(100),
        "kPa": _KILO,
    },
    "rate": {"bpm /min 1/min beats/min pm per_minute": Fraction(1), "Hz": Fraction(60)},
    "time": {"s sec second seconds": Fraction(1), "ms msec milliseconds": _MILLI, "us usec": _MICRO},
    "share": {"% percent pct": Fraction(1)},
    "arbitrary": {"NU n.u. normalized adu a.u. au arb counts count": Fraction(1)},
    "state": {"Boolean bool": Fraction(1)},
}
_SHIFTS = {"K": Fraction("-273.15"), "degF": Fraction(-160, 9)}
_SHIFTS |= {"kelvin": _SHIFTS["K"], "°F": _SHIFTS["degF"], "F": _SHIFTS["degF"], "fahrenheit": _SHIFTS["degF"]}

# sensor type -> dimensions it can have (the first is its own) and the canonical unit of the first
_DIMENSIONS: dict[SensorType, str] = {
    SensorType.EEG: "voltage uV",
    SensorType.ECOG: "voltage uV",
    SensorType.SEEG: "voltage uV",
    SensorType.EOG: "voltage uV",
    SensorType.ECG: "voltage mV",
    SensorType.EMG: "voltage uV",
    SensorType.PPG: "arbitrary NU voltage mV",
    SensorType.GSR: "conductance uS",
    SensorType.RESP: "arbitrary NU voltage mV resistance Ohm pressure mmHg temperature degC",
    SensorType.TEMP: "temperature degC",
    SensorType.SPO2: "share %",
    SensorType.CO2: "pressure mmHg share %",
    SensorType.ABP: "pressure mmHg",
    SensorType.BP: "pressure mmHg",
    SensorType.CVP: "pressure mmHg",
    SensorType.PAP: "pressure mmHg",
    SensorType.ICP: "pressure mmHg",
    SensorType.HR: "rate bpm",
    SensorType.IBI: "time ms",
    SensorType.PCG: "arbitrary NU voltage mV",
    SensorType.BCG: "arbitrary NU voltage mV acceleration g",
    SensorType.ICG: "resistance Ohm",
    SensorType.ACC: "acceleration g",
    SensorType.GYRO: "turn deg/s",
    SensorType.MAGN: "flux uT",
    SensorType.TRIG: "state Boolean arbitrary NU voltage uV",
    SensorType.MISC: (
        "arbitrary NU voltage uV conductance uS resistance Ohm temperature degC acceleration g turn deg/s flux uT "
        "pressure mmHg rate bpm time ms share % state Boolean"
    ),
}
_ALLOWED = {
    sensor: dict(zip(text.split()[::2], text.split()[1::2], strict=True)) for sensor, text in _DIMENSIONS.items()
}

CANONICAL: dict[SensorType, str] = {sensor: next(iter(units.values())) for sensor, units in _ALLOWED.items()} | {
    SensorType.MISC: ""
}
"""The unit that each sensor type is stored and read in; empty for `MISC`, which has none of its own."""

_EXACT = {
    (dimension, word): (word, size)
    for dimension, units in _SIZES.items()
    for words, size in units.items()
    for word in words.split()
}
_FOLDED: dict[tuple[str, str], set[tuple[str, Fraction]]] = {}
for (_dimension, _word), _entry in _EXACT.items():
    _FOLDED.setdefault((_dimension, _word.casefold()), set()).add(_entry)

_SCALED = re.compile(r"(?P<over>\d+(?:\.\d+)?)(?:/(?P<under>\d+(?:\.\d+)?))?\s*\*?\s*(?P<unit>[^\d\s/*].*)")


@lru_cache(maxsize=4096)
def canonical_unit(unit: str, sensor_type: SensorType) -> Unit | None:
    """Find the canonical unit of a sensor type, and the factor and shift from the unit given.

    Parameters
    ----------
    unit : str
        As a file or recipe writes it: ``uV``, ``µV``, ``mv``, ``microsiemens``, ``degF``, ``1/64 g``.
    sensor_type : SensorType

    Returns
    -------
    Unit or None
        None where the unit is empty, unknown, or of a dimension that the sensor type cannot have.

    Notes
    -----
    ``MV`` is not read as ``mV``: an upper-case M means mega, and no file that means megavolts is known.
    """
    text = plain(unit)
    scale = Fraction(1)
    if match := _SCALED.fullmatch(text):
        scale = Fraction(match["over"]) / Fraction(match["under"] or 1)
        text = match["unit"]
    allowed = _ALLOWED[sensor_type]
    for find in (_as_spelt, _in_any_case):
        for dimension, name in allowed.items():
            if entry := find(dimension, text):
                word, size = entry
                shift = _SHIFTS.get(word, Fraction(0))
                return Unit(name, float(scale * size / _EXACT[dimension, name][1]), float(shift))
    return None


def is_as_defined(unit: str, sensor_type: SensorType) -> bool:
    """Tell whether a unit that is known is written in the case that it is defined in: ``mV`` is, ``mv`` is not."""
    text = plain(unit)
    if match := _SCALED.fullmatch(text):
        text = match["unit"]
    found = any(_as_spelt(dimension, text) for dimension in _ALLOWED[sensor_type])
    return found or canonical_unit(unit, sensor_type) is None


def _as_spelt(dimension: str, text: str) -> tuple[str, Fraction] | None:
    return _EXACT.get((dimension, text))


def _in_any_case(dimension: str, text: str) -> tuple[str, Fraction] | None:
    folded = _FOLDED.get((dimension, text.casefold()), set())
    if len({size for _, size in folded}) != 1:
        return None
    entry = next(iter(folded))
    mega = text[:1] == "M" and entry[1] < 1
    return None if mega else entry


def plain(text: str) -> str:
    """Give one spelling of a text: both micro signs are ``u``, the ohm sign is a Greek letter, blanks are single."""
    text = unicodedata.normalize("NFKC", text).replace("μ", "u").replace("º", "°")
    return " ".join(text.replace("\x00", " ").split())


def fits(unit: str, sensor_type: SensorType) -> bool:
    """Tell whether a channel in this unit can be of this type; an unknown or arbitrary unit rules nothing out."""
    known_as = canonical_unit(unit, SensorType.MISC)
    return known_as is None or known_as.name == "NU" or canonical_unit(unit, sensor_type) is not None
