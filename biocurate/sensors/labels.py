"""What a channel label says: tables and patterns, so that a new spelling is one more entry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from biocurate.sensors.types import SensorType, type_of_word
from biocurate.sensors.units import fits, plain


@dataclass(frozen=True)
class Identity:
    """What a channel label says."""

    sensor_type: SensorType
    name: str
    """Canonical: ``Fp1``, ``Fp1-F7``, ``aVR``, ``PPG``; the label itself where it is unknown."""
    reference: str | None = None


# 10-20 and 10-10 electrodes: Jasper 1958; Oostenveld & Praamstra 2001, https://doi.org/10.1016/S1388-2457(00)00527-7
_ROWS = (
    "Fp 1z2|AF 123456789Xz|F 123456789Xz|FT 789X|FC 123456z|T 123456789X|C 123456z|TP 789X|CP 123456z|"
    "P 123456789Xz|PO 123456789Xz|O 129Xz|I 12z|N z|A 12|M 12|CB 12|SP 12|PG 12"
)
_ELECTRODES = {
    (row + site).upper(): row + site
    for row, sites in (entry.split() for entry in _ROWS.split("|"))
    for site in (digit.replace("X", "10") for digit in sites)
}
_REFERENCES = {
    "REF": "REF", "LE": "LE", "RE": "RE", "AVG": "AVG", "AV": "AVG", "AVE": "AVG", "CAR": "AVG", "A1A2": "A1A2",
    "M1M2": "M1M2", "A1+A2": "A1A2", "M1+M2": "M1M2", "CLE": "CLE", "G2": "G2", "VREF": "VREF", "GND": "GND",
}  # fmt: skip
_SCALP = {SensorType.EEG, SensorType.ECOG, SensorType.SEEG}
_EARS = {"A1", "A2", "M1", "M2"}
_LEADS = {
    lead.upper(): lead
    for lead in "I II III aVR aVL aVF -aVR V V1 V2 V3 V4 V5 V6 V7 V8 V9 V3R V4R V5R V6R V7R V8R V9R "
    "Vx Vy Vz MLI MLII MLIII MCL1 MCL2 MCL3 MCL4 MCL5 MCL6 CM2 CM4 CM5 CC5 ML2 ML5 MV1 MV2 MV5".split()
}
_SITES = {"horizontal": "HEOG", "vertical": "VEOG"}
_NAMES = {"HEOG": "HEOG", "VEOG": "VEOG"}  # words for a type that say the site too
_BIOSEMI = re.compile(r"[A-I]\d{1,2}")

_EYE = r"(?:LOC|ROC|E1|E2)-(?P<reference>A1|A2|M1|M2|REF|Fpz|Cz)"
# whole-label patterns, in order; `name` is the canonical name where the pattern has no group of that name
_LABELS: tuple[tuple[re.Pattern[str], SensorType, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), sensor, name)
    for pattern, sensor, name in (
        (rf"(?P<name>{_EYE})", SensorType.EOG, ""),
        (r"(?P<name>LOC|ROC)", SensorType.EOG, ""),
        (r"(?P<name>[NA]BP ?(?:Sys|Dias?|Mean))", SensorType.BP, ""),
        (r"(?:Resp\. ?Imp\.?|Thoracic impedance)", SensorType.RESP, "RESP"),
        (r"(?P<name>(?:Air|Nasal ?)?Flow|Nasal(?: ?Pressure)?)", SensorType.RESP, ""),
        (r"(?P<name>(?:Thor|Thorax|Abdo|Abdomen|Chest)(?: ?(?:Res|Effort|Belt))?)", SensorType.RESP, ""),
        (r"(?P<name>Effort (?:Tho|Abd))", SensorType.RESP, ""),
        (r"(?:Skin ?conductance|SCR|SCL)", SensorType.GSR, "GSR"),
        (r"(?:Pulse(?: ?rate)?|Heart ?rate|PR)", SensorType.HR, "HR"),
        (r"(?:DIG DTRIG|Event ?marker|Annotations?|Events?)", SensorType.TRIG, "TRIG"),
        (r"(?P<name>[LRHVI]EOG)", SensorType.EOG, ""),
        (r"(?P<name>FECG)", SensorType.ECG, ""),
        (r"(?P<name>[A-Z]+)[ _-]EOG", SensorType.EOG, ""),
        (r"(?P<name>[A-Z]+)[ _-](?:ECG|EKG)", SensorType.ECG, ""),
        (r"(?P<name>[A-Z]+)[ _-]?EMG", SensorType.EMG, ""),
        (r"(?P<name>[A-Z]+)[ _-](?:GSR|EDA)", SensorType.GSR, ""),
        (r"(?P<name>[A-Z]+)[ _-](?:PPG|BVP)", SensorType.PPG, ""),
    )
)
_TYPED = re.compile(r"(?P<type>[A-Za-z]+\d?)[\s_:-]+(?P<rest>.+)")


@lru_cache(maxsize=4096)
def identify(label: str, unit: str = "") -> Identity:
    """Read a channel label.

    Parameters
    ----------
    label : str
        As the file writes it. Known forms: a type and a site (``EEG Fp1-REF``, ``ECG lead II``, ``Temp rectal``: EDF+
        section 2.1.3), an electrode or a pair of them (``Fp1``, ``C4-A1``, ``Fp1-F7``), an ECG lead (``avr``,
        ``MLII``), or a common name (``PLETH``, ``ART``).
    unit : str
        As the file writes it; a type that cannot have this unit is ruled out.

    Returns
    -------
    Identity
        ``MISC`` with the label as its name where nothing is known.
    """
    text = plain(label).strip(" .")
    for found in (_typed(text), _common(text), _derivation(text), _lead(text)):
        if found is not None and fits(unit, found.sensor_type):
            return found
    return Identity(SensorType.MISC, text or label)


def identify_all(labels: Sequence[tuple[str, str]]) -> list[Identity]:
    """Read the (label, unit) pairs of one file, where a label's neighbours can tell more.

    In BioSemi's layout A1-A32, B1-B32, ... the labels ``A1``, ``C3`` or ``F4`` are places in a cap, not the electrodes
    of those names: they are `MISC` until a recipe names them.
    """
    texts = [plain(label).strip(" .") for label, _ in labels]
    biosemi = sum(re.fullmatch(r"B\d{1,2}", text) is not None for text in texts) >= 8
    return [
        Identity(SensorType.MISC, text) if biosemi and _BIOSEMI.fullmatch(text) else identify(label, unit)
        for text, (label, unit) in zip(texts, labels, strict=True)
    ]


def _typed(text: str) -> Identity | None:
    """Read a label that begins with its type, or is nothing else."""
    if sensor := type_of_word(text):
        return Identity(sensor, _NAMES.get(text.upper(), str(sensor)))
    match = _TYPED.fullmatch(text)
    sensor = type_of_word(match["type"]) if match else None
    if match is None or sensor is None:
        return None
    rest = match["rest"].strip()
    pair = _derivation(rest) if sensor in _SCALP else None
    return Identity(sensor, pair.name, pair.reference) if pair else Identity(sensor, _site(sensor, rest))


def _site(sensor: SensorType, rest: str) -> str:
    if type_of_word(rest) is sensor:
        return str(sensor)
    if sensor is SensorType.ECG:
        rest = re.sub(r"(?i)^lead[ _-]*", "", rest)
        rest = _LEADS.get(rest.upper(), rest)
    if re.fullmatch(r"\d+|[XYZxyz]", rest):
        return f"{sensor}{rest.lower()}"
    return _SITES.get(rest.lower(), rest)


def _common(text: str) -> Identity | None:
    for pattern, sensor, name in _LABELS:
        if match := pattern.fullmatch(text):
            groups = match.groupdict()
            return Identity(sensor, groups.get("name") or name, groups.get("reference"))
    return None


def _derivation(text: str) -> Identity | None:
    """One electrode, one against a reference (name: the electrode), or two against each other (name: the pair)."""
    first, _, second = (part.strip(" .").upper() for part in text.partition("-"))
    if first not in _ELECTRODES:
        return None
    name = _ELECTRODES[first]
    if not second:
        return Identity(SensorType.EEG, name) if "-" not in text else None
    if second in _REFERENCES:
        return Identity(SensorType.EEG, name, _REFERENCES[second])
    if second not in _ELECTRODES:
        return None
    other = _ELECTRODES[second]
    if second in _EARS and first not in _EARS:
        return Identity(SensorType.EEG, name, other)
    return Identity(SensorType.EEG, f"{name}-{other}", other)


def _lead(text: str) -> Identity | None:
    lead = _LEADS.get(text.upper())
    return Identity(SensorType.ECG, lead) if lead else None
