"""Which streams can share a file: those whose samples lie on one grid of ticks, from the same starts to the same ends.

A file of EDF or WFDB has one clock: all its signals begin and end together, and every record or frame holds a whole
number of samples of each. A stream that begins later, or ends a fraction of a frame earlier, could join only with
invented samples; it gets a file of its own instead, whose start says when it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import gcd

from biocurate.errors import ExportError
from biocurate.recording import NS, Segment, Stream


@dataclass(frozen=True)
class Clock:
    """Streams on one grid of ticks."""

    streams: tuple[Stream, ...]
    per_tick: tuple[int, ...]
    """Samples of each stream in a tick; they have no common divisor."""
    tick_hz: Fraction
    ticks: tuple[Segment, ...]
    """Stretches without a gap; their lengths are ticks."""

    @property
    def t0_ns(self) -> int:
        """Start of the first sample, from the recording's start."""
        return self.ticks[0].t0_ns

    @property
    def end_ns(self) -> int:
        """End of the last sample, from the recording's start."""
        return self.ticks[-1].t0_ns + round(self.ticks[-1].n_samples * NS / self.tick_hz)

    @property
    def n_channels(self) -> int:
        """Channels of all streams."""
        return sum(len(stream.channels) for stream in self.streams)

    @property
    def samples_per_tick(self) -> int:
        """Samples of all channels in a tick."""
        pairs = zip(self.streams, self.per_tick, strict=True)
        return sum(len(stream.channels) * per_tick for stream, per_tick in pairs)


def clocks(streams: Sequence[Stream]) -> list[Clock]:
    """Group streams by their clock, in the order of their first stream; streams without samples are left out.

    Raises
    ------
    ExportError
        The segments of a stream overlap.
    """
    groups: list[list[Stream]] = []
    for stream in streams:
        if not stream.n_samples:
            continue
        _refuse_overlap(stream)
        group = next((group for group in groups if _together(group[0], stream)), None)
        if group is None:
            groups.append([stream])
        else:
            group.append(stream)
    return [clock_of(group) for group in groups]


def clock_of(streams: Sequence[Stream]) -> Clock:
    """Make the clock of streams that begin and end together."""
    lengths = [[segment.n_samples for segment in _filled(stream)] for stream in streams]
    ticks = [gcd(*column) for column in zip(*lengths, strict=True)]
    per_tick = tuple(row[0] // ticks[0] for row in lengths)
    starts = [segment.t0_ns for segment in _filled(streams[0])]
    spans = tuple(Segment(t0_ns, count) for t0_ns, count in zip(starts, ticks, strict=True))
    return Clock(tuple(streams), per_tick, exact(streams[0].rate_hz) / per_tick[0], spans)


def exact(rate_hz: float) -> Fraction:
    """Give the simplest fraction that rounds to a rate: 62.4725 Hz is 24989/400, not a 53-bit binary fraction."""
    for digits in range(1, 10):
        near = Fraction(rate_hz).limit_denominator(10**digits)
        if float(near) == rate_hz:
            return near
    return Fraction(rate_hz)


def _filled(stream: Stream) -> list[Segment]:
    return [segment for segment in stream.segments if segment.n_samples]


def _together(one: Stream, other: Stream) -> bool:
    """Whether every segment of both begins and ends at the same time, exactly."""
    ours, theirs = _filled(one), _filled(other)
    if [segment.t0_ns for segment in ours] != [segment.t0_ns for segment in theirs]:
        return False
    rate, their_rate = exact(one.rate_hz), exact(other.rate_hz)
    pairs = zip(ours, theirs, strict=True)
    return all(mine.n_samples * their_rate == yours.n_samples * rate for mine, yours in pairs)


def _refuse_overlap(stream: Stream) -> None:
    half = NS / stream.rate_hz / 2
    for before, after in pairwise(_filled(stream)):
        if after.t0_ns < before.t0_ns + before.n_samples * NS / stream.rate_hz - half:
            raise ExportError(
                f"the {stream.sensor_type} stream has a segment that begins before the one before it has ended; "
                "a file cannot say that.",
                mend="Leave the recording out.",
            )
