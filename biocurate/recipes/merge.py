"""Several files of one recording on one clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from biocurate.formats.header import Header
from biocurate.recording import Recording, Segment, Stream


def merged(recordings: Sequence[Recording]) -> Recording:
    """Lay recordings on the clock of the one that starts first.

    Where a file states no start, it is laid at the recording's start, with a warning.
    """
    if len(recordings) == 1:
        return recordings[0]
    shifts, start, noted = _clock([recording.start_unix_ns for recording in recordings])
    moved = [_moved(recording, shift) for recording, shift in zip(recordings, shifts, strict=True)]
    return Recording(
        streams=tuple(stream for recording in moved for stream in recording.streams),
        annotations=tuple(annotation for recording in moved for annotation in recording.annotations),
        warnings=tuple(dict.fromkeys([warning for recording in moved for warning in recording.warnings] + noted)),
        age=next((recording.age for recording in recordings if recording.age is not None), None),
        sex=next((recording.sex for recording in recordings if recording.sex is not None), None),
        start_unix_ns=start,
        header={name: text for recording in reversed(recordings) for name, text in recording.header.items()},
        comments=tuple(comment for recording in recordings for comment in recording.comments),
    )


def merged_header(headers: Sequence[Header]) -> Header:
    """What the files of one recording say together."""
    if len(headers) == 1:
        return headers[0]
    shifts, start, noted = _clock([header.start_unix_ns for header in headers])
    ends = [
        header.duration_ns + shift
        for header, shift in zip(headers, shifts, strict=True)
        if header.duration_ns is not None
    ]
    return Header(
        signals=tuple(signal for header in headers for signal in header.signals),
        n_bytes=sum(header.n_bytes for header in headers),
        start_unix_ns=start,
        duration_ns=max(ends) if len(ends) == len(headers) else None,
        age=next((header.age for header in headers if header.age is not None), None),
        sex=next((header.sex for header in headers if header.sex is not None), None),
        warnings=tuple(dict.fromkeys([warning for header in headers for warning in header.warnings] + noted)),
        comments=tuple(comment for header in headers for comment in header.comments),
        fields={name: text for header in reversed(headers) for name, text in header.fields.items()},
    )


def _clock(starts: Sequence[int | None]) -> tuple[list[int], int | None, list[str]]:
    """Shift of each file to the common clock, that clock's start, and a warning where a file has none."""
    known = [start for start in starts if start is not None]
    first = min(known, default=None)
    shifts = [0 if start is None or first is None else start - first for start in starts]
    lost = len(starts) - len(known)
    noted = [f"{lost} of {len(starts)} files state no start; they are laid at the recording's start"] if lost else []
    return shifts, first, noted


def _moved(recording: Recording, shift_ns: int) -> Recording:
    if shift_ns == 0:
        return recording
    return replace(
        recording,
        streams=tuple(_later(stream, shift_ns) for stream in recording.streams),
        annotations=tuple(replace(made, onset_ns=made.onset_ns + shift_ns) for made in recording.annotations),
    )


def _later(stream: Stream, shift_ns: int) -> Stream:
    segments = tuple(Segment(segment.t0_ns + shift_ns, segment.n_samples) for segment in stream.segments)
    return replace(stream, segments=segments)
