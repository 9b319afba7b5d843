"""One recording in memory: streams of integer samples, and annotations, on one clock.

A format reader makes a `Recording`; a recipe names its channels and labels; the store keeps it. Samples stay
on disk until a range of them is asked for, so that a recording of any length fits in bounded memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biocurate.sensors import SensorType, canonical_unit

NS = 1_000_000_000
"""Nanoseconds in a second."""


class Samples(Protocol):
    """Digital samples of some channels, read on demand."""

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """An integer type where the file holds integers, else a float type."""
        ...

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)`` of every channel, shape (channels, stop - start)."""
        ...


@dataclass(frozen=True)
class ArraySamples:
    """Samples that are in memory already."""

    array: NDArray[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return self.array.shape[0], self.array.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's own type."""
        return self.array.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        return self.array[:, start:stop]


@dataclass(frozen=True)
class RowsOf:
    """Some of the channels of other samples."""

    samples: Samples
    rows: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return len(self.rows), self.samples.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """As the samples that the rows come from."""
        return self.samples.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (rows, stop - start)."""
        return self.samples.read(start, stop)[list(self.rows)]


@dataclass(frozen=True)
class Segment:
    """A stretch of a stream without a gap."""

    t0_ns: int
    """Start, in nanoseconds from the recording's start."""
    n_samples: int


@dataclass(frozen=True)
class Channel:
    """One signal of a stream; physical value = digital * gain + offset, in `unit`."""

    label: str
    """As written in the file."""
    name: str
    """Canonical name: ``Fp1``, ``V1``, ``PPG``."""
    unit: str
    """As written in the file; empty where the file states none."""
    gain: float = 1.0
    offset: float = 0.0
    invalid: int | None = None
    """The digital value that means 'no sample'."""
    reference: str | None = None
    prefilter: str | None = None
    position: str | None = None
    """Electrode or lead name in the montage, or body site."""
    unit_status: str = "declared"
    """declared, recipe (the recipe states it), unknown, suspect, or corrected."""
    place: int | None = None
    """Among the channels of its file, from 0; None where the reader does not say."""


@dataclass(frozen=True)
class Stream:
    """The channels of a recording that share sensor type, sampling rate, clock and calibration.

    ``samples`` holds the segments end to end, without the gaps between them.
    """

    sensor_type: SensorType
    rate_hz: float
    channels: tuple[Channel, ...]
    segments: tuple[Segment, ...]
    samples: Samples
    band_hz: tuple[float, float] | None = None
    clock: str | None = None
    """The device whose clock timed it, where it is not the one that the recording goes by."""

    @property
    def t0_ns(self) -> int:
        """Start of the first sample, in nanoseconds from the recording's start."""
        return self.segments[0].t0_ns if self.segments else 0

    @property
    def n_samples(self) -> int:
        """Samples of each channel."""
        return self.samples.shape[1]

    @property
    def end_ns(self) -> int:
        """End of the last segment, in nanoseconds from the recording's start."""
        if not self.segments:
            return 0
        last = self.segments[-1]
        return last.t0_ns + samples_to_ns(last.n_samples, self.rate_hz)

    @property
    def digital(self) -> NDArray[Any]:
        """All samples as the file holds them, shape (channels, samples)."""
        return self.samples.read(0, self.n_samples)

    @property
    def physical(self) -> NDArray[np.float64]:
        """All samples in the file's own units, shape (channels, samples), NaN where invalid."""
        return to_physical(self.digital, self.channels)

    def select(self, rows: Sequence[int], **changes: Any) -> Stream:  # noqa: ANN401
        """Keep some channels, in the order given."""
        return replace(
            self,
            channels=tuple(self.channels[row] for row in rows),
            samples=RowsOf(self.samples, tuple(rows)),
            **changes,
        )


UNLABELLED = "unlabelled"
"""Kind of an annotation of the raw file that a recipe gives no label: it has a text, and no value."""


@dataclass(frozen=True)
class Annotation:
    """A labelled instant (duration 0) or interval."""

    onset_ns: int
    duration_ns: int
    kind: str
    """What is labelled: ``condition``, ``rhythm``, ``wave``, ``event``."""
    value: str
    number: float | None = None
    channel: str | None = None
    """Canonical channel name, where the label is of one channel."""
    text: str | None = None
    """The file's own text, where its annotations are texts (EDF+) and a recipe has let this one through."""


@dataclass(frozen=True)
class Recording:
    """One continuous acquisition of one subject.

    ``start_unix_ns``, ``header`` and ``comments`` may identify a person: recipes read labels from them, the
    store never keeps them.
    """

    streams: tuple[Stream, ...]
    annotations: tuple[Annotation, ...] = ()
    warnings: tuple[str, ...] = ()
    age: float | None = None
    sex: str | None = None
    start_unix_ns: int | None = None
    header: Mapping[str, str] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    @property
    def duration_ns(self) -> int:
        """From the recording's start to the end of its last stream."""
        return max((stream.end_ns for stream in self.streams), default=0)

    def stream(self, sensor_type: str) -> Stream:
        """The first stream of a sensor type; KeyError where there is none."""
        wanted = SensorType.parse(sensor_type)
        for stream in self.streams:
            if stream.sensor_type is wanted:
                return stream
        present = sorted({str(stream.sensor_type) for stream in self.streams})
        raise KeyError(f"no {wanted} stream; this recording has {', '.join(present) or 'none'}")


def samples_to_ns(n_samples: int, rate_hz: float) -> int:
    """Length of ``n_samples`` in nanoseconds, rounded once."""
    return round(n_samples * NS / rate_hz)


def ns_to_samples(duration_ns: int, rate_hz: float) -> int:
    """Samples in a span: ``round(t * rate)``, also at 62.4725 Hz."""
    return round(duration_ns * rate_hz / NS)


def to_physical(digital: NDArray[Any], channels: Sequence[Channel]) -> NDArray[np.float64]:
    """Apply gain and offset in the file's own units; NaN where the digital value is the invalid code.

    Parameters
    ----------
    digital : array, shape (channels, samples)
    channels : sequence of Channel, one a row

    Returns
    -------
    array, shape (channels, samples), float64
    """
    gain = np.array([channel.gain for channel in channels])[:, None]
    offset = np.array([channel.offset for channel in channels])[:, None]
    physical: NDArray[np.float64] = digital * gain + offset
    for row, channel in enumerate(channels):
        if channel.invalid is not None:
            physical[row, digital[row] == channel.invalid] = np.nan
    return physical


def canonical_scale(channel: Channel, sensor_type: SensorType) -> tuple[str, float, float]:
    """Canonical unit of a channel, with the gain and offset from digital values straight to it.

    An unknown unit is kept as written: the store flags it, and no factor is guessed.
    """
    unit = canonical_unit(channel.unit, sensor_type)
    if unit is None:
        return channel.unit, channel.gain, channel.offset
    return unit.name, channel.gain * unit.factor, channel.offset * unit.factor + unit.shift
