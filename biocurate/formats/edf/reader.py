"""EDF, EDF+, BDF and BDF+ files: the file's own integers, every signal at its own rate, and gaps as gaps.

The layout is read in `edf.header`, samples in `edf.records`, annotations and record times in `edf.annotations`. A
recording begins with the first sample of its first record: where EDF+ gives that a fraction of a second after the
header's start time, streams, annotations and start time are all moved to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from biocurate.errors import IncompleteError, SourceError
from biocurate.formats import register
from biocurate.formats.annotation_text import from_text
from biocurate.formats.edf.annotations import (
    Stretch,
    TimedLists,
    first_onset_ns,
    overlap,
    plain_text,
    read_lists,
    stretches,
)
from biocurate.formats.edf.header import MOST_HZ, EdfHeader, EdfSignal, parse_header, stated_filter
from biocurate.formats.edf.limits import outside_told
from biocurate.formats.edf.records import Records, RecordSamples, Run, runs
from biocurate.formats.header import Header, SignalHeader, is_digits
from biocurate.formats.impostors import is_crlf_damaged
from biocurate.formats.kept import LARGEST
from biocurate.formats.outline import Held
from biocurate.formats.source import Source
from biocurate.formats.timeline import gaps_told
from biocurate.recording import NS, Annotation, Channel, Recording, Stream
from biocurate.sensors import Identity, SensorType, canonical_unit, identify_all

_AGAIN = "The file looks cut off; download it again, or set the reader's `size: as-file` to keep its whole records."


class EdfOptions(BaseModel):
    """Options of the reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Literal["as-header", "as-file"] = "as-header"
    """Where header and file disagree on the number of records: refuse the file, or keep the whole records it has."""
    texts: Literal["plain", "kind:value"] = "plain"
    """Whether annotation texts say their kind, as `biocurate export` writes them: ``condition:rest``."""


@register("edf")
class EdfReader:
    """Reads one EDF or BDF file; its first bytes tell which it is."""

    version = 1
    Options = EdfOptions

    def companions(self, source: Source, options: EdfOptions) -> list[Source]:
        """Give the file itself: the format has no other."""
        return [source]

    def latecomers(self, source: Source, options: EdfOptions) -> list[Source]:
        """Name none: it is read alone."""
        return []

    def read_header(self, source: Source, options: EdfOptions) -> Header:
        """Read signals, times and person from the header's bytes, and the start from the first record's own time.

        Raises
        ------
        SourceError
            It is no such file, its header cannot be read, or its size is not what the header says.
        """
        layout = _layout(source, options)
        header, n_records = layout.header, layout.records.n_records
        known = not header.is_discontinuous and header.record_s > 0
        return Header(
            signals=tuple(
                SignalHeader(signal.label, signal.unit, header.rate_hz(signal), n_records * signal.per_record)
                for signal in layout.signals
            ),
            n_bytes=source.size,
            start_unix_ns=_start_unix_ns(layout),
            duration_ns=round(n_records * header.record_s * NS) if known else None,
            age=header.age,
            sex=header.sex,
            warnings=layout.warnings,
            fields=header.fields,
        )

    def read(self, source: Source, options: EdfOptions) -> Recording:
        """Make streams by sampling rate and sensor type, in the order of the file.

        Raises
        ------
        SourceError
            As for the header; or a record of a discontinuous file does not say when it begins, or begins too early.
        """
        if source.member is None and source.size <= LARGEST:
            source.read()  # once, for header, annotations, samples and hash
        layout = _layout(source, options)
        _refuse_crlf(layout)
        recording = _recording(layout, options)
        outside = outside_told(layout.records, layout.signals)
        return replace(recording, warnings=(*recording.warnings, *outside)) if outside else recording

    def outline(self, source: Source, options: EdfOptions, held: Mapping[str, Held]) -> Recording:
        """Read header and annotations; samples are mapped, and not looked at."""
        return _recording(_layout(source, options), options)


def _recording(layout: _Layout, options: EdfOptions) -> Recording:
    timing = _timing(layout, options)
    warnings = [*layout.warnings, *timing.warnings]
    start = layout.header.start_unix_ns
    return Recording(
        streams=tuple(_streams(layout, timing.stretches, warnings)),
        annotations=timing.annotations,
        warnings=tuple(warnings),
        age=layout.header.age,
        sex=layout.header.sex,
        start_unix_ns=None if start is None else start + timing.start_ns,
        header=layout.header.fields,
    )


@dataclass(frozen=True)
class _Layout:
    """A header whose promises the file's size keeps."""

    source: Source
    header: EdfHeader
    records: Records
    signals: tuple[EdfSignal, ...]
    """Those that hold samples."""
    warnings: tuple[str, ...]


def _layout(source: Source, options: EdfOptions) -> _Layout:
    header = parse_header(source)
    warnings: list[str] = []
    signals = tuple(signal for signal in header.signals if not signal.is_annotations and signal.per_record)
    if empty := [signal.label for signal in header.signals if not signal.is_annotations and not signal.per_record]:
        warnings.append(f"Signals that have no sample in a record are left out: {', '.join(map(repr, empty))}.")
    if signals and header.record_s == 0:
        raise SourceError(
            "says that its data records last 0 seconds, so that its signals have no sampling rate.",
            where=source.virtual,
            mend="Write the right duration into its header (bytes 244 to 251).",
        )
    if not header.record_samples:
        raise SourceError(
            "has a header that gives no signal any sample.", where=source.virtual, mend="Leave the file out."
        )
    if signals and header.rate_hz(max(signals, key=lambda signal: signal.per_record)) > MOST_HZ:
        raise SourceError(
            "gives a signal more samples in a second than there can be.",
            where=source.virtual,
            mend="Check the length of a data record in its header (bytes 244 to 251), or download it again.",
        )
    warnings += header.doubts
    offset = _offset(source, header, warnings)
    n_records = _n_records(source, header, offset, options, warnings)
    if header.start_unix_ns is None and not header.withholds_date:
        warnings.append("The start date or time in its header is none that exists; the recording has no start time.")
    records = Records(source, offset, n_records, header.width, header.record_samples)
    return _Layout(source, header, records, signals, tuple(warnings))


def _start_unix_ns(layout: _Layout) -> int | None:
    """Start of the first sample: that of the header, moved by the first record's onset (EDF+ section 2.2.4)."""
    start, keepers = layout.header.start_unix_ns, _keepers(layout.header)
    if start is None or not keepers or not layout.records.n_records:
        return start
    return start + (first_onset_ns(layout.records, keepers[0]) or 0)


def _keepers(header: EdfHeader) -> list[EdfSignal]:
    """The annotation signals, the first of which keeps the time."""
    return [signal for signal in header.signals if signal.is_annotations and signal.per_record]


def _offset(source: Source, header: EdfHeader, warnings: list[str]) -> int:
    """Give where records begin: after 256 bytes a signal and 256 more, unless only the header's own field fits."""
    stated = header.fields["header_bytes"]
    if stated == str(header.n_bytes):
        return header.n_bytes
    said = f"it has {int(stated)} bytes" if is_digits(stated) else "it has a length that is no number"
    warnings.append(f"Its header says that {said}; it has {header.n_bytes}.")
    if is_digits(stated) and int(stated) + header.n_records * header.record_bytes == source.size:
        return max(int(stated), header.n_bytes)
    return header.n_bytes


def _n_records(source: Source, header: EdfHeader, offset: int, options: EdfOptions, warnings: list[str]) -> int:
    found, size = source.size - offset, header.record_bytes
    n_found, rest = divmod(found, size)
    if found <= 0:
        raise IncompleteError(
            "is a header without data.", where=source.virtual, mend="The file looks cut off; download it again."
        )
    if header.n_records == -1:
        warnings.append(f"Its header does not say how many records it has; by its size it has {n_found}.")
    if header.n_records in (-1, n_found):
        if rest:
            warnings.append(f"What follows its last record is left out (bytes: {rest:,}).")
        return n_found
    if options.size == "as-file":
        warnings.append(f"Its header promises {header.n_records} records; the {n_found} whole ones it has are kept.")
        return n_found
    if _crlf(source, offset):
        raise _crlf_error(source)
    if n_found > header.n_records:
        raise SourceError(
            f"has {n_found} records where its header says {header.n_records}.",
            where=source.virtual,
            mend="Download it again, or set the reader's `size: as-file` to keep every record.",
        )
    raise IncompleteError(
        f"record {n_found + 1} of {header.n_records} ends early: {size:,} bytes expected, {rest:,} found.",
        where=source.virtual,
        mend=_AGAIN,
    )


def _crlf(source: Source, offset: int) -> bool:
    head = source.piece(offset, 2**12)
    if b"\n" in head.replace(b"\r\n", b""):
        return False  # as sound files have it: no need to read on
    return is_crlf_damaged(source.piece(offset, 2**12 + 2**20))


def _refuse_crlf(layout: _Layout) -> None:
    if _crlf(layout.source, layout.records.offset):
        raise _crlf_error(layout.source)


def _crlf_error(source: Source) -> SourceError:
    return SourceError(
        "was damaged in transfer: every byte 0x0A of its samples has become 0x0D 0x0A.",
        where=source.virtual,
        mend="Download it again as a binary file (not as text, as FTP and git do by default).",
    )


@dataclass(frozen=True)
class _Timing:
    """When records begin, from the first sample on, and what is annotated."""

    stretches: tuple[Stretch, ...]
    annotations: tuple[Annotation, ...]
    start_ns: int
    """First sample, from the header's start time."""
    warnings: tuple[str, ...] = ()


def _timing(layout: _Layout, options: EdfOptions) -> _Timing:
    header, records = layout.header, layout.records
    keepers = _keepers(header)
    if not keepers and header.is_discontinuous:
        raise SourceError(
            "says that it has gaps (EDF+D), but has no annotation signal that says when its records begin.",
            where=layout.source.virtual,
            mend="Download it again, or write EDF+C into bytes 192 to 196 if it has no gaps.",
        )
    lists = read_lists(records, keepers, plain_text if options.texts == "plain" else from_text)
    warnings: list[str] = []
    if lists.n_unreadable:
        warnings.append(f"{lists.n_unreadable} of its annotation lists do not follow EDF+ and are left out.")
    start = next((onset for onset in lists.onsets_ns[:1] if onset is not None), 0)
    parts = _stretches(layout, lists, warnings)
    return _Timing(
        tuple(Stretch(part.onset_ns - start, part.n_records) for part in parts),
        tuple(_moved(annotation, -start) for annotation in lists.annotations),
        start,
        tuple(warnings),
    )


def _stretches(layout: _Layout, lists: TimedLists, warnings: list[str]) -> list[Stretch]:
    header, n_records = layout.header, layout.records.n_records
    if not n_records or not layout.signals:
        return []
    onsets = [onset for onset in lists.onsets_ns if onset is not None]
    start = lists.onsets_ns[0] if lists.onsets_ns else None
    whole = [Stretch(start or 0, n_records)]
    fastest = max(signal.per_record for signal in layout.signals)
    tolerance = max(round(header.record_s * NS / (2 * fastest)), 1000)
    if len(onsets) == n_records and (early := overlap(onsets, header.record_s, tolerance)) is None:
        parts = stretches(onsets, header.record_s, tolerance)
        if len(parts) > 1 and not header.is_discontinuous:
            warnings.append(f"It is not marked as having gaps, but its records' times have {len(parts) - 1}; kept.")
        warnings += gaps_told([part.segment(1) for part in parts], 1 / header.record_s)
        return parts
    if len(onsets) < n_records:
        problem = (
            f"record {lists.onsets_ns.index(None) + 1} of {n_records} does not say when it begins" if onsets else ""
        )
    else:
        assert early is not None
        problem = (
            f"record {early + 1} of {n_records} begins {onsets[early] / NS:g} s after the start, before record {early} "
            "has ended"
        )
    if header.is_discontinuous:
        raise SourceError(
            f"{problem or 'no record says when it begins'}, and it is marked as having gaps (EDF+D).",
            where=layout.source.virtual,
            mend="Download it again; if it has no gaps, write EDF+C into bytes 192 to 196.",
        )
    if problem:
        warnings.append(f"In its annotations, {problem}; it is read as continuous.")
    return whole


def _moved(annotation: Annotation, by_ns: int) -> Annotation:
    return Annotation(
        annotation.onset_ns + by_ns,
        annotation.duration_ns,
        annotation.kind,
        annotation.value,
        annotation.number,
        annotation.channel,
    )


def _streams(layout: _Layout, parts: tuple[Stretch, ...], warnings: list[str]) -> list[Stream]:
    groups, noted = _groups(layout.signals)
    warnings += noted
    return [
        Stream(
            sensor_type=group.sensor_type,
            rate_hz=layout.header.rate_hz(group.signals[0]),
            channels=group.channels,
            segments=tuple(part.segment(group.per_record) for part in parts),
            samples=RecordSamples(layout.records, group.runs, group.per_record),
        )
        for group in groups
    ]


@dataclass(frozen=True)
class _Group:
    """Signals of one rate and sensor type."""

    sensor_type: SensorType
    per_record: int
    signals: tuple[EdfSignal, ...]
    channels: tuple[Channel, ...]
    runs: tuple[Run, ...]


@lru_cache(maxsize=64)
def _groups(signals: tuple[EdfSignal, ...]) -> tuple[tuple[_Group, ...], tuple[str, ...]]:
    """Signals by rate and sensor type, and warnings; files of one corpus mostly have the same."""
    groups: dict[tuple[int, SensorType], list[tuple[EdfSignal, Channel]]] = {}
    warnings: list[str] = []
    identities = identify_all([(signal.label, signal.unit) for signal in signals])
    for place, (signal, identity) in enumerate(zip(signals, identities, strict=True)):
        channel = _channel(signal, identity, place, warnings)
        groups.setdefault((signal.per_record, identity.sensor_type), []).append((signal, channel))
    made = tuple(
        _Group(
            sensor_type,
            per_record,
            tuple(signal for signal, _ in members),
            tuple(channel for _, channel in members),
            runs([signal.column for signal, _ in members], per_record),
        )
        for (per_record, sensor_type), members in groups.items()
    )
    return made, tuple(warnings)


def _channel(signal: EdfSignal, identity: Identity, place: int, warnings: list[str]) -> Channel:
    status = "declared" if canonical_unit(signal.unit, identity.sensor_type) else "unknown"
    gain, offset = signal.calibration or (1.0, 0.0)
    if signal.calibration is None:
        status = "suspect"
        warnings.append(f"{signal.label}: its digital and physical limits give no scale; its values are as digitised.")
    elif int(signal.digital_min) > int(signal.digital_max):
        status = "suspect"
        warnings.append(f"{signal.label}: its digital minimum lies above its maximum; its sign may be wrong.")
    return Channel(
        label=signal.label,
        name=identity.name,
        unit=signal.unit,
        gain=gain,
        offset=offset,
        reference=identity.reference,
        prefilter=stated_filter(signal.prefilter) or None,
        unit_status=status,
        place=place,
    )
