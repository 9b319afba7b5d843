"""A recipe's channel rules: what each channel is, and which channels make a stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.recipes.fields import whole
from biocurate.recipes.schema import ChannelRule
from biocurate.recipes.units import filled
from biocurate.recording import Channel, Recording, Samples, Stream
from biocurate.sensors import Identity, SensorType, canonical_unit, identify_all


@dataclass(frozen=True)
class Stacked:
    """Channels of several sets of samples, one below the other."""

    stack: tuple[Samples, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels of all, samples of each."""
        return sum(samples.shape[0] for samples in self.stack), self.stack[0].shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of every set."""
        return self.stack[0].dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        return np.concatenate([samples.read(start, stop) for samples in self.stack])


@dataclass(frozen=True)
class Known:
    """What the recipe, or else the label itself, says that a channel is."""

    sensor: SensorType
    name: str
    unit: str
    """The recipe's, else the file's."""
    reference: str | None
    position: str | None
    rule: ChannelRule | None
    """The rule that matched; None where the label was read instead."""

    @cached_property
    def unit_is_known(self) -> bool:
        """Whether the unit can be made canonical for this sensor type."""
        return canonical_unit(self.unit, self.sensor) is not None


def know(rules: Sequence[ChannelRule], labels: Sequence[tuple[str, str]]) -> list[Known | None]:
    """Say what channels are.

    Parameters
    ----------
    rules : sequence of ChannelRule
        The first that matches a label wins.
    labels : sequence of (str, str)
        Label and unit of every channel of one file, as it writes them.

    Returns
    -------
    list of Known or None
        None where the recipe skips the channel.
    """
    read = identify_all(labels)
    return [_known(rules, label, unit, found) for (label, unit), found in zip(labels, read, strict=True)]


def _known(rules: Sequence[ChannelRule], label: str, unit: str, read: Identity) -> Known | None:
    for rule in rules:
        match = whole(rule.match, label)
        if match is None:
            continue
        if rule.sensor is None:
            return None
        groups = {group: text for group, text in match.groupdict().items() if text is not None}
        said = rule.name or ("{name}" if "name" in rule.match.groupindex else None)
        name = filled(said, groups) if said else read.name if read.sensor_type is rule.sensor else label
        reference = filled(rule.reference, groups) if rule.reference else read.reference
        position = filled(rule.position, groups) if rule.position else None
        return Known(rule.sensor, name, rule.unit or unit or rule.default_unit or "", reference, position, rule)
    return Known(read.sensor_type, read.name, unit, read.reference, None, None)


Layout = tuple[tuple[Channel, ...], ...]
"""Channels of each of a reader's streams."""

LAYOUTS = 256
"""Sets of labels whose channels are remembered."""


@dataclass(frozen=True, eq=False)
class Rulings:
    """Rules, and what they said of labels before: most files of a corpus have the same ones."""

    rules: Sequence[ChannelRule]
    _before: dict[tuple[tuple[str, str], ...], list[Known | None]] = field(default_factory=dict, repr=False)
    _parted: dict[tuple[int, ...], tuple[Layout, list[_Piece], list[str]]] = field(default_factory=dict, repr=False)
    """By the ids of tuples, which are held with them."""

    def know(self, labels: Sequence[tuple[str, str]]) -> Sequence[Known | None]:
        """As the function `know` says of these labels."""
        asked = tuple(labels)
        said = self._before.get(asked)
        if said is None:
            if len(self._before) == LAYOUTS:
                self._before.clear()
            said = self._before[asked] = know(self.rules, asked)
        return said

    def pieces(self, layout: Layout) -> tuple[list[_Piece], list[str]]:
        """Which channels make a stream, and warnings.

        Readers that make the channels of alike files once (`formats.edf`) hand over the very same tuples each time.
        """
        place = tuple(map(id, layout))
        found = self._parted.get(place)
        if found is None or any(mine is not theirs for mine, theirs in zip(found[0], layout, strict=True)):
            if len(self._parted) == LAYOUTS:
                self._parted.clear()
            known = iter(self.know([(channel.label, channel.unit) for channels in layout for channel in channels]))
            made = [piece for number, channels in enumerate(layout) for piece in _pieces(number, channels, known)]
            found = self._parted[place] = layout, made, _warnings(made)
        return found[1], found[2]


def regroup(recording: Recording, rulings: Rulings) -> Recording:
    """Name and type a recording's channels, and make its streams anew: one for each sensor type and clock.

    Channels keep the file's order. What no rule matches is read by its label and reported; what that does not know
    either is `MISC`.
    """
    pieces, warnings = rulings.pieces(tuple(stream.channels for stream in recording.streams))
    streams = [_taken(recording.streams[piece.number], piece) for piece in pieces]
    return replace(recording, streams=_joined(streams), warnings=(*recording.warnings, *warnings))


@dataclass(frozen=True)
class _Piece:
    """The channels of one reader's stream that are of one sensor type."""

    number: int
    """Of the stream in its recording."""
    sensor: SensorType
    clock: str | None
    rows: tuple[int, ...] | None
    """Of its channels; None where it is all of them in the file's order."""
    channels: tuple[Channel, ...]
    known: tuple[Known, ...]


def _pieces(number: int, channels: Sequence[Channel], known: Iterator[Known | None]) -> list[_Piece]:
    rows: dict[tuple[SensorType, str | None], list[tuple[int, Known]]] = {}
    for row, said in enumerate(islice(known, len(channels))):
        if said is not None:
            clock = said.rule.clock if said.rule else None
            rows.setdefault((said.sensor, clock), []).append((row, said))
    return [
        _Piece(
            number,
            sensor,
            clock,
            None if len(picked) == len(channels) else tuple(row for row, _ in picked),
            tuple(_named(channels[row], said) for row, said in picked),
            tuple(said for _, said in picked),
        )
        for (sensor, clock), picked in rows.items()
    ]


def _taken(stream: Stream, piece: _Piece) -> Stream:
    # All rows in the file's order need no selection: the samples stay one memory map.
    part = stream if piece.rows is None else stream.select(piece.rows)
    return replace(part, sensor_type=piece.sensor, channels=piece.channels, clock=piece.clock)


def _named(channel: Channel, known: Known) -> Channel:
    rule = known.rule
    return Channel(
        label=channel.label,
        name=known.name,
        unit=known.unit,
        gain=channel.gain if rule is None or rule.gain is None else rule.gain,
        offset=channel.offset if rule is None or rule.offset is None else rule.offset,
        invalid=channel.invalid,
        reference=channel.reference if known.reference is None else known.reference,
        prefilter=channel.prefilter if rule is None or rule.prefilter is None else rule.prefilter,
        position=channel.position if known.position is None else known.position,
        unit_status=_status(channel, known),
        place=channel.place,
    )


def _status(channel: Channel, known: Known) -> str:
    """How far a unit is to be trusted; what the recipe changes is `corrected`, what it adds is `recipe`."""
    rule = known.rule
    if rule is not None and rule.unit_status is not None:
        return rule.unit_status
    if not known.unit_is_known:
        return "unknown"
    if rule is None or (rule.unit in (None, channel.unit) and rule.gain is None and rule.offset is None):
        return channel.unit_status if channel.unit or known.unit == channel.unit else "recipe"
    return "corrected" if channel.unit else "recipe"


def _disagrees(known: Known, channel: Channel) -> bool:
    """Whether a default unit is of another size than the file's own."""
    stated = known.rule.default_unit if known.rule else None
    if not stated or not channel.unit:
        return False
    return canonical_unit(stated, known.sensor) != canonical_unit(channel.unit, known.sensor)


def _joined(streams: Sequence[Stream]) -> tuple[Stream, ...]:
    """Streams in the order of their first channel; those that share type, clock and kind of sample are one."""
    alike: dict[tuple[Any, ...], list[Stream]] = {}
    for stream in streams:
        dtype = str(stream.samples.dtype)
        kind = (stream.sensor_type, stream.rate_hz, stream.clock, stream.segments, dtype, stream.band_hz)
        alike.setdefault(kind, []).append(stream)
    return tuple(_stacked(some) for some in alike.values())


def _stacked(streams: Sequence[Stream]) -> Stream:
    if len(streams) == 1:
        return streams[0]
    channels = tuple(channel for stream in streams for channel in stream.channels)
    return replace(streams[0], channels=channels, samples=Stacked(tuple(stream.samples for stream in streams)))


def _warnings(pieces: Sequence[_Piece]) -> list[str]:
    """What a reader of the recording should know about its channels, each once."""
    pairs = [pair for piece in pieces for pair in zip(piece.channels, piece.known, strict=True)]
    noted = []
    for channel, known in pairs:
        if known.rule is None:
            noted.append(f"channel {channel.label!r} matches no rule of the recipe; read as {known.sensor}")
        if not known.unit_is_known:
            noted.append(f"channel {channel.label!r}: no unit of {known.sensor} is {channel.unit!r}")
        if known.rule is not None and _disagrees(known, channel):
            noted.append(f"channel {channel.label!r}: the file gives another unit than the table beside it; kept")
        if known.rule is not None and known.rule.reason:
            noted.append(f"{known.sensor}: unit is {known.rule.unit_status}: {known.rule.reason}")
    counts = Counter((piece.sensor, known.name) for piece in pieces for known in piece.known)
    noted += [f"{count} {sensor} channels are called {name!r}" for (sensor, name), count in counts.items() if count > 1]
    return list(dict.fromkeys(noted))
