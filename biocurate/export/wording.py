"""Units and labels in the characters that a format has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from biocurate.recording import Channel, Stream, canonical_scale
from biocurate.sensors import SensorType
from biocurate.sensors.units import plain


@dataclass(frozen=True)
class Wording:
    """What a format can write."""

    unit: re.Pattern[str]
    label: re.Pattern[str]
    label_length: int
    no_unit: str
    """Written where a channel has no unit."""


@dataclass(frozen=True)
class Calibration:
    """A unit in a format's characters, with the scale to it."""

    unit: str
    gain: float
    offset: float
    note: str = ""


EDF = Wording(re.compile(r"[ -~]{0,8}"), re.compile(r"[ -~]{1,16}"), 16, "")
"""ASCII, in the widths of the header record: EDF 1992."""
WFDB = Wording(re.compile(r"[\w^\-?%/]+", re.ASCII), re.compile(r"[ -~]+"), 80, "NU")
"""header(5): no blank in a unit. A missing unit would be read as mV, so that one without is ``NU``, no unit."""

_RESERVED = {"EDF Annotations", "BDF Annotations"}


def calibrations(channel: Channel, sensor: SensorType, wording: Wording) -> Iterator[Calibration]:
    """Give ways to write a channel's scale, the first of them in its own unit where that can be written."""
    unit = plain(channel.unit).replace("°", "deg").replace("Ω", "Ohm").replace("Ω", "Ohm") or wording.no_unit
    if wording.unit.fullmatch(unit):
        note = "" if unit == channel.unit else f"unit {channel.unit!r} is written {unit!r}"
        yield Calibration(unit, channel.gain, channel.offset, note)
    name, gain, offset = canonical_scale(channel, sensor)
    if name != channel.unit and wording.unit.fullmatch(name):
        yield Calibration(name, gain, offset, f"in {name} instead of {channel.unit!r}, with the scale to go with it")


def doubts(streams: Sequence[Stream], wording: Wording) -> list[str]:
    """Note each channel that is suspect in the store: a file has no place for it, and states its unit all the same."""
    return [
        f"{label_of(channel, wording)[0]}: its unit is suspect, and is written as the raw file has it"
        for stream in streams
        for channel in stream.channels
        if channel.unit_status == "suspect"
    ]


def label_of(channel: Channel, wording: Wording) -> tuple[str, str]:
    """Give the label as it is written, and a note where it is not the stored one."""
    for text in (channel.label, plain(channel.label), channel.name):
        if wording.label.fullmatch(text) and text.strip() == text and text not in _RESERVED:
            return text, "" if text == channel.label else f"label {channel.label!r} is written {text!r}"
    text = plain(channel.label).encode("ascii", "replace").decode()[: wording.label_length].strip() or "signal"
    text = "signal" if text in _RESERVED else text
    return text, f"label {channel.label!r} is written {text!r}"
