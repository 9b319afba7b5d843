"""Which files a WFDB record lies in, and when each of its stretches begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from biocurate.errors import SourceError
from biocurate.formats.impostors import is_crlf_damaged, refuse_impostor
from biocurate.formats.kept import LARGEST
from biocurate.formats.source import Source
from biocurate.formats.wfdb.header import RecordHeader, parse_header
from biocurate.formats.wfdb.signals import (
    ALIGNED,
    BLOCKS,
    FLAC,
    DifferenceFile,
    FlacFile,
    Frames,
    SignalFile,
    bytes_needed,
    samples_within,
    truncated,
)
from biocurate.recording import NS

NO_FILE = "~"
"""Name of a segment that is a gap, and of the file of a signal without samples."""
MOST_BYTES = 1 << 24
"""Of a header: room for some 500,000 segments."""
KEPT_BYTES = 1 << 13
"""Of a header that stays in memory once it is parsed."""
LOOKED_AT = 1 << 16
"""Bytes of a signal file that show whether it is one."""


@dataclass(frozen=True)
class Part:
    """A stretch of a record whose signals lie in one set of files."""

    source: Source
    """Its header."""
    header: RecordHeader
    start_frame: int
    n_frames: int

    @cached_property
    def files(self) -> dict[str, list[int]]:
        """Signal files, with the signals that each holds, in order; signals without a file are left out."""
        files: dict[str, list[int]] = {}
        for index, signal in enumerate(self.header.signals):
            if signal.file != NO_FILE:
                files.setdefault(signal.file, []).append(index)
        return files


@dataclass(frozen=True)
class Layout:
    """A record's header and the parts that hold its samples."""

    header: RecordHeader
    headers: tuple[Source, ...]
    """Headers of layout and segments; empty for a record of one segment."""
    parts: tuple[Part, ...]
    warnings: tuple[str, ...]

    @cached_property
    def shift_frames(self) -> int:
        """Frames from the recording's start to the record's time 0: the largest skew."""
        return max((signal.skew for part in self.parts for signal in part.header.signals), default=0)

    def time_ns(self, frame: int) -> int:
        """Time of a frame without skew, from the recording's start."""
        return round((frame + self.shift_frames) * NS / self.header.rate_hz)

    @property
    def end_ns(self) -> int:
        """End of the record, from the recording's start."""
        last = max((part.start_frame + part.n_frames for part in self.parts), default=0)
        return self.time_ns(max(last, self.header.n_frames or 0))

    @property
    def start_unix_ns(self) -> int | None:
        """Start of the recording as if the header's clock were UTC."""
        start = self.header.start_unix_ns
        return None if start is None else start - self.time_ns(0)


def open_layout(source: Source, missing_as_gap: bool) -> Layout:
    """Read the header of a record and of its segments.

    Parameters
    ----------
    source : Source
        The ``.hea`` file.
    missing_as_gap : bool
        Whether a segment whose header or signal file is missing becomes a gap with a warning.

    Raises
    ------
    SourceError
        Where a header is missing or not valid, or headers contradict each other.
    """
    raw = _raw_header(source)
    header = _parsed_header(raw, source.virtual)
    if header.multi_segment:
        return _segments(source, header, missing_as_gap)
    if header.n_frames is None or len(raw) > KEPT_BYTES:
        return _whole(source, header)
    return _layout_kept(source, raw)


def _whole(source: Source, header: RecordHeader) -> Layout:
    """A record of one segment."""
    if header.n_frames == 0 and header.signals:
        raise SourceError(
            "the header is a layout: it lists the signals of a multi-segment record and has no samples.",
            where=source.virtual,
            mend="Read the record that names it, and leave *_layout.hea out of the recipe's files.",
        )
    part = _checked(Part(source, header, 0, 0))
    n_frames = _length(part)
    part = replace(part, n_frames=n_frames)
    return Layout(replace(header, n_frames=n_frames), (), (part,), header.warnings + _empty_signals(part))


@lru_cache(maxsize=1024)
def _layout_kept(source: Source, raw: bytes) -> Layout:
    """As `_whole`, of a header that says all; whoever plans, hashes and reads a record asks for it."""
    return _whole(source, _parsed_header(raw, source.virtual))


def signal_files(part: Part) -> Iterator[tuple[Frames, list[int]]]:
    """Open each signal file of a part, with the signals that it holds.

    Raises
    ------
    SourceError
        Where a file is missing or shorter than the header says.
    """
    for name, signals in part.files.items():
        lines = [part.header.signals[index] for index in signals]
        source, fmt = part.source.sibling(name), lines[0].fmt
        per_frame = tuple(line.samples_per_frame for line in lines)
        _present(source)
        size = source.size
        _refuse_damage(source, source.read() if size <= LARGEST else _start(source))
        if fmt in FLAC:
            record = part.source.local().with_suffix("")
            yield FlacFile(record, source.virtual, fmt, tuple(signals), per_frame, part.n_frames), signals
            continue
        needed = lines[0].byte_offset + bytes_needed(fmt, part.n_frames * sum(per_frame))
        if size < needed:
            raise truncated(source.virtual, needed, size)
        stored = SignalFile(source.local(), source.virtual, fmt, lines[0].byte_offset, per_frame, part.n_frames)
        yield (DifferenceFile(stored, tuple(line.initial or 0 for line in lines)) if fmt == 8 else stored), signals


def doubts_of(source: Source, layout: Layout) -> Iterator[str]:
    """Tell what headers and files disagree about and no sample depends on, a sentence each.

    Frames behind the last one of the header are not read: which of the two is wrong, no one can tell from here.
    """
    if layout.header.name != source.name.removesuffix(".hea"):
        yield "the header gives the record another name than its file has"
    needed: dict[Source, int] = {}
    frames: dict[Source, tuple[int, int]] = {}
    for part in layout.parts:
        for name, signals in part.files.items():
            lines = [part.header.signals[index] for index in signals]
            fmt, width = lines[0].fmt, sum(line.samples_per_frame for line in lines)
            if fmt not in FLAC:
                file = part.source.sibling(name)
                used = lines[0].byte_offset + bytes_needed(fmt, part.n_frames * width)
                needed[file] = max(used, needed.get(file, 0))
                frames[file] = fmt, width
    for file, used in needed.items():
        fmt, width = frames[file]
        # Less than a frame is what the writer filled the last one up with.
        if file.exists and (more := samples_within(fmt, max(file.size - used, 0)) // width):
            said = f"what follows is left out (frames: {more:,})"
            yield f"a .{file.name.rpartition('.')[2]} file goes on behind the header's last frame; {said}"


def has_segments(source: Source) -> bool:
    """Whether a header is that of a multi-segment record, by its first line alone; header(5), "record line"."""
    lines = source.piece(0, KEPT_BYTES).splitlines()
    first = next((line for line in lines if line.strip() and not line.startswith(b"#")), b"")
    return b"/" in first.split(maxsplit=1)[0] if first else False


def _segments(source: Source, header: RecordHeader, missing_as_gap: bool) -> Layout:
    """Parts of a multi-segment record; header(5), "multi-segment records".

    A missing segment is a gap: its length is in the record's header. Where none is there at all, it is an error.
    """
    headers: list[Source] = []
    parts: list[Part] = []
    warnings = list(header.warnings)
    missing: MissingFileError | None = None
    start = 0
    for number, (name, n_frames) in enumerate(header.segments, 1):
        if name != NO_FILE:
            segment = source.sibling(f"{name}.hea")
            if not n_frames and missing_as_gap and not segment.exists:
                warnings.append(f"the header of segment {number}, which has no samples, is missing")
                continue
            headers.append(segment)
        if name != NO_FILE and n_frames:
            try:
                part = _segment(segment, header, start, n_frames)
            except MissingFileError as error:
                if not missing_as_gap:
                    raise
                missing = missing or error
                headers.remove(segment)
                warnings.append(
                    f"a file of segment {number} is missing: {n_frames} frames from frame {start} are a gap"
                )
            else:
                parts.append(part)
                warnings.extend(part.header.warnings)
                warnings.extend(_empty_signals(part))
        start += n_frames
    if start != header.n_frames:
        raise SourceError(
            f"the segments are {start} frames long together, the record {header.n_frames}.",
            where=source.virtual,
            mend="The header is damaged; compare it with the corpus' original.",
        )
    if missing and not parts:
        raise missing
    warnings += _gaps_told(header, parts)
    return Layout(header, tuple(headers), tuple(parts), tuple(warnings))


def _gaps_told(header: RecordHeader, parts: list[Part]) -> list[str]:
    """Null and missing segments that follow each other are one gap, at the record's ends too."""
    edges = [0, *(frame for part in parts for frame in (part.start_frame, part.start_frame + part.n_frames))]
    lengths = [after - end for end, after in zip(edges[::2], [*edges[1::2], header.n_frames or 0], strict=True)]
    gaps = [length for length in lengths if length]
    seconds = sum(gaps) / header.rate_hz
    return [f"It has {len(gaps)} gaps without a sample, {seconds:.6g} s together."] if gaps and parts else []


def _segment(source: Source, record: RecordHeader, start: int, n_frames: int) -> Part:
    """One segment, held to what its record says of it."""
    _present(source)
    header = _header(source)
    if header.multi_segment:
        raise SourceError(
            "is a record of several segments, and is named as a segment itself, by its own or another record.",
            where=source.virtual,
            mend="The record's header is damaged, or names a wrong file; compare it with the corpus' original.",
        )
    if header.rate_hz != record.rate_hz or (header.n_frames or n_frames) != n_frames:
        raise SourceError(
            f"the segment has {header.n_frames} frames at {header.rate_hz:g} Hz, "
            f"the record says {n_frames} at {record.rate_hz:g} Hz.",
            where=source.virtual,
            mend="Segment and record are not of one version; get both again.",
        )
    part = _checked(Part(source, header, start, n_frames))
    for name in part.files:
        _present(source.sibling(name))
    return part


class MissingFileError(SourceError):
    """A file that a header names is not there."""


def _present(source: Source) -> None:
    """Refuse a record whose file is missing."""
    if not source.exists:
        raise MissingFileError(
            "is missing; a header names it.",
            where=source.virtual,
            mend="Download it, or leave this record out of the recipe's files.",
        )
    if source.member is None:
        source.local()  # refuses a link out of the root


def _header(source: Source) -> RecordHeader:
    """Read and parse a header file."""
    return _parsed_header(_raw_header(source), source.virtual)


def _raw_header(source: Source) -> bytes:
    """The bytes of a header file."""
    if source.size > MOST_BYTES:
        raise SourceError("is too large for a header.", where=source.virtual, mend="Is it one? Leave it out.")
    raw = source.read()
    refuse_impostor(raw, source.virtual)
    return raw


def _parsed_header(raw: bytes, where: str) -> RecordHeader:
    return (_parsed if len(raw) <= KEPT_BYTES else parse_header)(raw, where)


# Whoever plans, hashes and reads a record asks for its header.
_parsed = lru_cache(maxsize=1024)(parse_header)


def _refuse_damage(source: Source, start: bytes) -> None:
    """Refuse a signal file that is no such file, or went through a transfer as text."""
    refuse_impostor(start, source.virtual)
    if is_crlf_damaged(start[:LOOKED_AT]):
        raise SourceError(
            "has a carriage return before every line feed: it was transferred as text.",
            where=source.virtual,
            mend="Download it again in binary mode.",
        )


def _start(source: Source) -> bytes:
    with source.open() as file:
        return file.read(LOOKED_AT)


def _checked(part: Part) -> Part:
    """Refuse what no file can be: unknown formats, and signals of one file that disagree about it."""
    for signals in part.files.values():
        lines = [part.header.signals[index] for index in signals]
        fmt, offset = lines[0].fmt, lines[0].byte_offset
        if fmt not in ALIGNED and fmt not in BLOCKS and fmt not in FLAC:
            raise SourceError(
                f"the file of signal {signals[0] + 1} has format {fmt}.",
                where=part.source.virtual,
                mend=f"Known formats are {', '.join(map(str, sorted([*ALIGNED, *BLOCKS, *FLAC])))}.",
            )
        if any(line.fmt != fmt or line.byte_offset not in (0, offset) for line in lines):
            raise SourceError(
                f"the file of signal {signals[0] + 1} has several formats or byte offsets.",
                where=part.source.virtual,
                mend="The header is damaged; compare it with the corpus' original.",
            )
    return part


def _length(part: Part) -> int:
    """Frames of a record: as its header says, else as its shortest file holds."""
    if part.header.n_frames is not None:
        return part.header.n_frames
    lengths = []
    for name, signals in part.files.items():
        source = part.source.sibling(name)
        _present(source)
        lines = [part.header.signals[index] for index in signals]
        if lines[0].fmt in FLAC:
            raise SourceError(
                "the header gives no number of samples, which a compressed signal file needs.",
                where=part.source.virtual,
                mend="Add it as the fourth field of the header's first line.",
            )
        stored = samples_within(lines[0].fmt, max(source.size - lines[0].byte_offset, 0))
        lengths.append(stored // sum(line.samples_per_frame for line in lines))
        if not lengths[-1]:
            raise SourceError(
                "holds no samples.", where=source.virtual, mend="It looks cut off; get it again.", unfinished=True
            )
    return min(lengths, default=0)


def _empty_signals(part: Part) -> tuple[str, ...]:
    """Warn where signals are listed that have no samples."""
    empty = [signal.label for signal in part.header.signals if signal.file == NO_FILE]
    return (f"the header lists signals without samples: {', '.join(empty)}",) if empty else ()
