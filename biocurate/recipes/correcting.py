"""A recipe's corrections: what a header states wrongly, with the reason and who says so. Integers are never touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, model_validator

from biocurate.recipes.fields import Fields, Regex
from biocurate.recording import Channel, Recording, Stream


class Correction(Fields):
    """One field of some channels, as it truly is."""

    recordings: Regex | None = None
    """Matches the whole name of a recording; all where absent."""
    channels: Regex | None = None
    """Matches the whole label as the file has it; all where absent."""
    field: Literal["gain", "offset", "unit", "invalid", "rate_hz"]
    value: float | str
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)
    """Who says so: a paper and its section, the corpus' errata, a measurement."""

    @model_validator(mode="after")
    def _value_fits(self) -> Correction:
        if (self.field == "unit") != isinstance(self.value, str):
            raise ValueError(f"the value of {self.field!r} is a {'text' if self.field == 'unit' else 'number'}")
        if self.field == "rate_hz" and not float(self.value) > 0:
            raise ValueError("a rate is more than 0 Hz")
        if self.field == "invalid" and float(self.value) != int(float(self.value)):
            raise ValueError("an invalid code is a whole number")
        return self

    def is_of(self, recording: str) -> bool:
        """Whether it is of a recording of this name."""
        return self.recordings is None or self.recordings.fullmatch(recording) is not None

    def fits(self, channel: Channel) -> bool:
        """Whether it is of this channel."""
        return self.channels is None or self.channels.fullmatch(channel.label) is not None


def correct_rates(corrections: Sequence[Correction], name: str, recording: Recording) -> Recording:
    """Give streams their true rates; segments after a gap keep the start that the file states.

    A stream of which only some channels are corrected becomes two.
    """
    streams = list(recording.streams)
    for correction in corrections:
        if correction.field == "rate_hz" and correction.is_of(name):
            streams = [piece for stream in streams for piece in _at_rate(stream, correction)]
    return replace(recording, streams=tuple(streams))


def correct_channels(corrections: Sequence[Correction], name: str, recording: Recording) -> Recording:
    """Give channels their true scale, unit and invalid code, and say in the warnings what was corrected and why."""
    here = [correction for correction in corrections if correction.is_of(name)]
    if not here:
        return recording
    streams = tuple(
        replace(stream, channels=tuple(_corrected(channel, here) for channel in stream.channels))
        for stream in recording.streams
    )
    channels = [channel for stream in recording.streams for channel in stream.channels]
    notes = [
        f"{correction.field} of {n} channels corrected: {correction.reason} ({correction.source})"
        for correction in here
        if (n := sum(correction.fits(channel) for channel in channels))
    ]
    return replace(recording, streams=streams, warnings=(*recording.warnings, *notes))


def _at_rate(stream: Stream, correction: Correction) -> list[Stream]:
    rows = range(len(stream.channels))
    fitting = [row for row in rows if correction.fits(stream.channels[row])]
    others = [row for row in rows if row not in fitting]
    if not fitting:
        return [stream]
    true = replace(stream, rate_hz=float(correction.value))
    return [true] if not others else [true.select(fitting), stream.select(others)]


def _corrected(channel: Channel, corrections: Sequence[Correction]) -> Channel:
    changes: dict[str, Any] = {}
    for correction in corrections:
        if correction.field != "rate_hz" and correction.fits(channel):
            changes[correction.field] = int(correction.value) if correction.field == "invalid" else correction.value
    if not changes:
        return channel
    if changes.keys() - {"invalid"}:
        changes["unit_status"] = "corrected"
    return replace(channel, **changes)
