"""Records that are filled up, where a recording asks for it: the last value of a stretch, repeated to its last record.

EDF gives a rate as the samples of a record by its duration in eight characters. 650,000 samples at 360 Hz are no whole
number of records of any duration that eight characters hold exactly, so that either the rate reads back a little off
or some samples at the end are none. The former is what `write_edf` does unless it is told to pad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import ExportError
from biocurate.export.clocks import Clock, clock_of
from biocurate.export.edf_records import grid_of
from biocurate.recording import NS, Annotation, Samples, Segment

KIND = "padding"
"""Of the annotations that say where samples are none."""
VALUE = "the last value, repeated"
UNPADDED = "with --pad (pad=True) the last record is filled up, and every rate reads back exactly"
SHARES = (1, 2, 4, 5, 8, 10)
"""Parts of a clock's whole seconds that a record may last."""


def has_exact_rates(clock: Clock) -> bool:
    """Whether its segments are whole records from which readers get back its rates."""
    try:
        rates = grid_of(clock, 2).rates_hz
    except ExportError:
        return False
    return all(rate == stream.rate_hz for rate, stream in zip(rates, clock.streams, strict=True))


def filled_up(clock: Clock) -> tuple[Clock, list[Annotation]]:
    """Fill up every segment to whole records of an exact duration.

    Returns
    -------
    clock : Clock
        The same one where it needs no padding, and where no gap has room for it.
    annotations : list of Annotation
        Where the padding is.
    """
    if has_exact_rates(clock):
        return clock, []
    for record in _records(clock):
        lengths = [-(-segment.n_samples // record) * record for segment in clock.ticks]
        if _has_room(clock, lengths):
            return _filled(clock, lengths), _annotations(clock, lengths)
    return clock, []


def _records(clock: Clock) -> list[int]:
    """Ticks of records whose durations a few characters hold exactly, shortest first."""
    ticks, seconds = clock.tick_hz.numerator, clock.tick_hz.denominator
    return [ticks // share for share in reversed(SHARES) if ticks % share == 0 and len(f"{seconds / share:g}") <= 8]


def _has_room(clock: Clock, lengths: Sequence[int]) -> bool:
    """Whether no segment, filled up to so many ticks, reaches into the one after it."""
    both = zip(pairwise(clock.ticks), lengths, strict=False)
    return all(this.t0_ns + _ns(length, clock.tick_hz) <= after.t0_ns for (this, after), length in both)


def _filled(clock: Clock, lengths: Sequence[int]) -> Clock:
    streams = []
    for stream, per_tick in zip(clock.streams, clock.per_tick, strict=True):
        there = tuple(segment.n_samples * per_tick for segment in clock.ticks)
        wanted = tuple(length * per_tick for length in lengths)
        segments = tuple(Segment(each.t0_ns, length) for each, length in zip(clock.ticks, wanted, strict=True))
        streams.append(replace(stream, segments=segments, samples=FilledUp(stream.samples, there, wanted)))
    return clock_of(streams)


def _annotations(clock: Clock, lengths: Sequence[int]) -> list[Annotation]:
    made = []
    for segment, length in zip(clock.ticks, lengths, strict=True):
        end, full = (segment.t0_ns + _ns(count, clock.tick_hz) for count in (segment.n_samples, length))
        if length > segment.n_samples:
            made.append(Annotation(end, full - end, KIND, VALUE))
    return made


def _ns(ticks: int, tick_hz: Fraction) -> int:
    return round(ticks * NS / tick_hz)


def padding_told(clock: Clock, filled: Clock) -> str:
    """Say how many samples of each stream are padding."""
    said = [
        f"{stream.sensor_type} {more.n_samples - stream.n_samples:,}"
        for stream, more in zip(clock.streams, filled.streams, strict=True)
    ]
    return f"samples that fill up the last record and are none ({KIND}): {', '.join(said)}"


@dataclass(frozen=True)
class FilledUp:
    """Samples whose stretches are each filled up with their last value."""

    samples: Samples
    there: tuple[int, ...]
    """Samples of each stretch."""
    wanted: tuple[int, ...]
    """Samples of each stretch, filled up."""

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return self.samples.shape[0], sum(self.wanted)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the samples."""
        return self.samples.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        out = np.empty((self.shape[0], stop - start), self.dtype)
        first = begin = 0
        for there, wanted in zip(self.there, self.wanted, strict=True):
            low, high = max(start - begin, 0), min(stop - begin, wanted)
            if low < high:
                place = out[:, begin + low - start : begin + high - start]
                real = max(min(high, there) - low, 0)
                if real:
                    place[:, :real] = self.samples.read(first + low, first + low + real)
                if high > there:
                    place[:, real:] = self.samples.read(first + there - 1, first + there)
            first, begin = first + there, begin + wanted
        return out
