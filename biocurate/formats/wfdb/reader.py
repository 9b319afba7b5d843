"""WFDB records: every signal's own integers at its own rate, with gaps, calibration changes and annotations.

Follows header(5), signal(5) and annot(5) of the WFDB Applications Guide. Decoded in `wfdb.header`, `wfdb.signals` and
`wfdb.annotations`, which say where and why they do not call the `wfdb` package; its `rdrecord` and `rdann` are what the
tests compare with.

Skew. A signal with a skew of k frames has k frames before time 0 (header(5), "skew"). They are kept: the recording
starts at the earliest sample of any signal, and streams, annotations and start time are placed on that clock.
(`wfdb.rdrecord` drops them and pads the end.)

Checksums cover every sample that the header counts. Where the sum differs the samples are kept and a warning names the
signals: the record was cut or changed after its header was written, or no checksum was ever computed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from biocurate.errors import SourceError
from biocurate.formats import register
from biocurate.formats.header import Header, SignalHeader
from biocurate.formats.outline import Held
from biocurate.formats.source import Source
from biocurate.formats.wfdb.annotations import parse_marks, to_annotations
from biocurate.formats.wfdb.checksums import EAGER_SAMPLES, Checked, Checks, Unchecked
from biocurate.formats.wfdb.header import DEFAULT_UNIT, SignalLine
from biocurate.formats.wfdb.layout import Layout, Part, doubts_of, has_segments, open_layout, signal_files
from biocurate.formats.wfdb.signals import (
    INVALID,
    Frames,
    Joined,
    Picked,
    sample_type,
    signal_columns,
)
from biocurate.recording import Annotation, Channel, Recording, Segment, Stream
from biocurate.sensors import CANONICAL, SensorType, canonical_unit, identify


class Annotator(BaseModel):
    """What the marks of one annotation file mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = "beat"
    """Kind of the annotations whose value is the mark's symbol; rhythm changes and comments have kinds of their own."""
    channel: str | None = None
    """Canonical name of the channel that the file marks, where it marks one."""
    optional: bool = False
    """Whether a record may lack the file."""


class WfdbOptions(BaseModel):
    """Options of the reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    annotators: dict[str, Annotator] = {}
    """Annotation files to read, by extension (``atr``, ``qrs``, ``i``); none is read unasked."""
    missing_segments: Literal["gap", "refuse"] = "gap"
    """Whether a segment without its files is a gap and a warning, or an error."""


@register("wfdb")
class WfdbReader:
    """Reads the record of a ``.hea`` file."""

    version = 1
    Options = WfdbOptions

    def companions(self, source: Source, options: WfdbOptions) -> list[Source]:
        """Header, segment headers, signal files and annotation files, each once."""
        layout = open_layout(source, options.missing_segments == "gap")
        return list(dict.fromkeys(_companions(source, layout, options)))

    def latecomers(self, source: Source, options: WfdbOptions) -> list[Source] | None:
        """Annotation files that the recipe asks for; of segments that may be missing, only all headers tell."""
        if options.missing_segments == "gap" and has_segments(source):
            return None
        stem = source.name.removesuffix(".hea")
        return [source.sibling(f"{stem}.{extension}") for extension in options.annotators]

    def read_header(self, source: Source, options: WfdbOptions) -> Header:
        """Signals, times and person; reads header files only."""
        layout = open_layout(source, options.missing_segments == "gap")
        return Header(
            start_unix_ns=layout.start_unix_ns,
            duration_ns=layout.end_ns,
            signals=tuple(_described(layout)),
            age=layout.header.age,
            sex=layout.header.sex,
            n_bytes=sum(companion.size for companion in set(_companions(source, layout, options))),
            warnings=layout.warnings,
            comments=layout.header.comments,
        )

    def read(self, source: Source, options: WfdbOptions) -> Recording:
        """Streams by sampling rate, integer type, skew and sensor type, in the order of the header.

        Raises
        ------
        SourceError
            Where a file is missing, ends early, or has a format that signal(5) does not know.
        """
        return _recording(source, options, Checked(EAGER_SAMPLES))

    def outline(self, source: Source, options: WfdbOptions, held: Mapping[str, Held]) -> Recording:
        """Read headers and annotations; no signal file is opened, and no checksum compared."""
        return _recording(source, options, Unchecked())


def _recording(source: Source, options: WfdbOptions, checks: Checks) -> Recording:
    layout = open_layout(source, options.missing_segments == "gap")
    warnings = [*layout.warnings, *doubts_of(source, layout)]
    streams = tuple(stream.finish(layout) for stream in _streams(layout, checks, warnings))
    if not streams:
        warnings.append("the record has no signals")
    annotations = tuple(_annotations(source, layout, options, warnings))
    return Recording(
        streams=streams,
        annotations=annotations,
        warnings=tuple(warnings),
        age=layout.header.age,
        sex=layout.header.sex,
        start_unix_ns=layout.start_unix_ns,
        header={"record": layout.header.name},
        comments=layout.header.comments,
    )


class _Kind(NamedTuple):
    """What signals must share to lie in one stream."""

    samples_per_frame: int
    dtype: np.dtype[np.signedinteger]
    skew: int
    sensor_type: SensorType


@dataclass
class _Growing:
    """A stream that later segments may continue."""

    kind: _Kind
    channels: tuple[Channel, ...]
    spans: list[tuple[int, int]] = field(default_factory=list)
    """First frame and the frame after the last, of each stretch without a gap."""
    pieces: list[Picked] = field(default_factory=list)

    def add(self, part: Part, piece: Picked) -> None:
        """Continue with the samples of a part."""
        stop = part.start_frame + part.n_frames
        if self.spans and self.spans[-1][1] == part.start_frame:
            self.spans[-1] = (self.spans[-1][0], stop)
        else:
            self.spans.append((part.start_frame, stop))
        self.pieces.append(piece)

    def finish(self, layout: Layout) -> Stream:
        """Place the stream on the recording's clock."""
        per_frame = self.kind.samples_per_frame
        return Stream(
            sensor_type=self.kind.sensor_type,
            rate_hz=layout.header.rate_hz * per_frame,
            channels=self.channels,
            segments=tuple(
                Segment(layout.time_ns(start - self.kind.skew), (stop - start) * per_frame)
                for start, stop in self.spans
            ),
            samples=self.pieces[0] if len(self.pieces) == 1 else Joined(tuple(self.pieces)),
        )


def _streams(layout: Layout, checks: Checks, warnings: list[str]) -> list[_Growing]:
    """Signals of all parts, in streams that end where channels or calibration change."""
    streams: list[_Growing] = []
    latest: dict[_Kind, _Growing] = {}
    for part in layout.parts:
        columns: dict[int, tuple[Frames, int]] = {}
        for file, signals in signal_files(part):
            looked_at = checks.look(file, [part.header.signals[index] for index in signals])
            for index, part_columns in zip(signals, signal_columns(file.samples_per_frame), strict=True):
                columns[index] = (looked_at, part_columns.start)
        warnings.extend(checks.warnings(f"segment at frame {part.start_frame}: " if layout.headers else ""))
        for kind, channels, sources in _kinds(part, columns):
            current = latest.get(kind)
            if current is None or current.channels != channels:
                current = latest[kind] = _Growing(kind, channels)
                streams.append(current)
            current.add(part, Picked(sources, kind.samples_per_frame, kind.dtype))
    return streams


def _kinds(
    part: Part, columns: dict[int, tuple[Frames, int]]
) -> Iterator[tuple[_Kind, tuple[Channel, ...], tuple[tuple[Frames, int], ...]]]:
    """Group the signals of a part: their kind, channels and places."""
    groups: dict[_Kind, list[tuple[Channel, tuple[Frames, int]]]] = {}
    for index in sorted(columns):
        line = part.header.signals[index]
        sensor_type, channel = _channel(line)
        kind = _Kind(line.samples_per_frame, sample_type(line.fmt), line.skew, sensor_type)
        groups.setdefault(kind, []).append((channel, columns[index]))
    for kind, members in groups.items():
        yield kind, tuple(channel for channel, _ in members), tuple(place for _, place in members)


def _channel(line: SignalLine) -> tuple[SensorType, Channel]:
    """Sensor type and calibration of a signal."""
    return _calibrated(line.label, line.unit, line.calibrated, line.gain, line.baseline, line.fmt)


@lru_cache(maxsize=4096)
def _calibrated(
    label: str, unit: str, calibrated: bool, gain: float, baseline: int, fmt: int
) -> tuple[SensorType, Channel]:
    """Sensor type and channel of a signal; in many corpora each record has the same ones."""
    identity = identify(label, unit)
    if calibrated and not unit and CANONICAL[identity.sensor_type] in ("uV", "mV"):
        unit = DEFAULT_UNIT
    known = calibrated and canonical_unit(unit, identity.sensor_type) is not None
    channel = Channel(
        label=label,
        name=identity.name,
        unit=unit,
        gain=1 / gain,
        offset=-baseline / gain,
        invalid=INVALID.get(fmt),
        reference=identity.reference,
        unit_status="declared" if known else "unknown",
    )
    return identity.sensor_type, channel


def _unit(line: SignalLine) -> str:
    """Unit of a signal, header(5)'s millivolt too where the header leaves it out."""
    return _channel(line)[1].unit


def _described(layout: Layout) -> Iterator[SignalHeader]:
    """Each signal of a record with its length over all parts."""
    if len(layout.parts) == 1:
        (part,) = layout.parts
        for line in part.header.signals:
            per_frame = line.samples_per_frame
            yield SignalHeader(line.label, _unit(line), layout.header.rate_hz * per_frame, part.n_frames * per_frame)
        return
    lengths: Counter[tuple[str, int]] = Counter()
    lines: dict[tuple[str, int], SignalLine] = {}
    for part in layout.parts:
        seen: Counter[str] = Counter()
        for line in part.header.signals:
            signal = (line.label, seen[line.label])
            seen[line.label] += 1
            lengths[signal] += part.n_frames * line.samples_per_frame
            lines.setdefault(signal, line)
    for signal, line in lines.items():
        yield SignalHeader(line.label, _unit(line), layout.header.rate_hz * line.samples_per_frame, lengths[signal])


def _companions(source: Source, layout: Layout, options: WfdbOptions) -> Iterator[Source]:
    """Every file that the record is read from."""
    yield source
    yield from layout.headers
    for part in layout.parts:
        yield from (part.source.sibling(name) for name in part.files)
    yield from (file for _, file in _annotation_files(source, options))


def _annotation_files(source: Source, options: WfdbOptions) -> Iterator[tuple[Annotator, Source]]:
    """Annotation files that are asked for."""
    stem = source.name.removesuffix(".hea")
    for extension, annotator in options.annotators.items():
        file = source.sibling(f"{stem}.{extension}")
        if file.exists:
            yield annotator, file
        elif not annotator.optional:
            raise SourceError(
                "is missing: the recipe asks for this annotation file.",
                where=file.virtual,
                mend=f"Get it, or say in the recipe that annotator {extension!r} is optional.",
                unfinished=True,
            )


def _annotations(source: Source, layout: Layout, options: WfdbOptions, warnings: list[str]) -> Iterator[Annotation]:
    """Read the marks of all annotation files that are asked for."""
    rate = layout.header.rate_hz
    for annotator, file in _annotation_files(source, options):
        marks = parse_marks(file.read(), file.virtual)
        made = to_annotations(marks, rate, layout.time_ns(0), layout.end_ns, annotator.kind, annotator.channel)
        ending = file.name.rpartition(".")[2]
        warnings.extend(f"annotation file .{ending}: {doubt}" for doubt in marks.warnings)
        if outside := sum(not 0 <= each.onset_ns <= layout.end_ns for each in made):
            warnings.append(f"annotation file .{ending}: {outside} of {len(made)} lie outside the record")
        yield from made
