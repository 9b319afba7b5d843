"""The markers of a BrainVision recording (.vmrk): what happened, and where recording was paused.

Source: BrainVision Core Data Format 1.0, [Marker Infos] (see `brainvision.text`): ``Mk<n>=<type>,<description>,
<position>,<points>,<channel>,<date>``; positions count samples from 1, channel 0 is all of them, and a marker of type
``New Segment`` stands at the first sample after each start of recording, with its date where that is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from biocurate.errors import SourceError
from biocurate.formats.brainvision.text import fields, read_text
from biocurate.formats.source import Source
from biocurate.formats.timeline import Span, Timeline, cut
from biocurate.recording import NS, Annotation, samples_to_ns

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 2**53  # samples; a later position is damage


@dataclass(frozen=True)
class Marker:
    """One entry; `position` counts from 0."""

    kind: str
    text: str
    position: int
    points: int
    channel: int
    """From 1; 0 for all."""
    unix_ns: int | None = None
    """Date, by the recorder's clock taken as UTC."""

    @property
    def starts_segment(self) -> bool:
        """Whether recording began, or began again, here."""
        return self.kind.casefold() == "new segment"


@dataclass(frozen=True)
class Markers:
    """A marker file."""

    markers: tuple[Marker, ...]
    """In order of time."""
    n_unreadable: int
    data_file: str
    """The data file that it says it belongs to."""
    warnings: tuple[str, ...]


def parse_markers(source: Source) -> Markers:
    """Read a marker file.

    Raises
    ------
    SourceError
        It is none.
    """
    text = read_text(source)
    if "marker infos" not in text.sections:
        raise SourceError(
            "is no BrainVision marker file: it has no [Marker Infos].",
            where=source.virtual,
            mend="Download it again, or set the reader's `markers: optional` and move it away.",
        )
    entries = [value for key, value in text.sections["marker infos"] if re.fullmatch(r"mk\d+", key)]
    read = [_marker(fields(value)) for value in entries]
    markers = sorted((marker for marker in read if marker is not None), key=lambda marker: marker.position)
    data_file = dict(text.sections.get("common infos", [])).get("datafile", "")
    return Markers(tuple(markers), read.count(None), data_file, text.warnings)


def _marker(found: list[str]) -> Marker | None:
    kind, text, position, points, channel, date = [*found, "", "", ""][:6] if len(found) >= 3 else [""] * 6
    if not re.fullmatch(r"[1-9]\d{0,15}", position) or int(position) > _LATEST:
        return None
    n_points = int(points) if re.fullmatch(r"\d{1,15}", points) else 0
    number = int(channel) if re.fullmatch(r"\d{1,6}", channel) else 0
    return Marker(kind, text, int(position) - 1, n_points, number, _unix_ns(date))


def _unix_ns(date: str) -> int | None:
    """YYYYMMDDhhmmssuuuuuu; zeros, and what is no date, are none."""
    if not re.fullmatch(r"\d{20}", date):
        return None
    try:
        moment = datetime.strptime(date[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(seconds=1) * NS + int(date[14:]) * 1000


@dataclass(frozen=True)
class Placed:
    """Samples on the recording's clock."""

    timeline: Timeline
    start_unix_ns: int | None
    warnings: tuple[str, ...]


def place(markers: Sequence[Marker], n_samples: int, rate_hz: float, segment_points: int | None) -> Placed:
    """Part the samples where recording was paused, and lay the parts on one clock by the dates of their markers.

    A part without a date, or with one before the end of the part before it, begins at that end, and a warning says so:
    it is a segment of its own all the same.

    Parameters
    ----------
    markers : sequence of Marker
    n_samples : int
        Of each channel in the file.
    rate_hz : float
    segment_points : int or None
        Samples of each segment, where the data are segments of one length.
    """
    dates = {marker.position: marker.unix_ns for marker in reversed(markers) if marker.starts_segment}
    lengths = set(range(0, n_samples, segment_points)) if segment_points else set()
    spans: list[Span] = []
    known: tuple[int, int] | None = None  # a date, and its place on the recording's clock
    n_undated = n_early = 0
    for first, stop in cut(n_samples, set(dates) | lengths):
        end = spans[-1].t0_ns + samples_to_ns(first - spans[-1].first, rate_hz) if spans else 0
        date, t0 = dates.get(first), end
        if date is not None and known is not None:
            t0 = known[1] + date - known[0]
            n_early += t0 < end - samples_to_ns(1, rate_hz) / 2
            t0 = max(t0, end)
        elif spans:
            n_undated += 1
        if date is not None and known is None:
            known = (date, t0)
        spans.append(Span(first, stop, t0))
    return Placed(
        Timeline(rate_hz, tuple(spans)),
        None if known is None else known[0] - known[1],
        tuple(_said(len(spans), n_undated, n_early)),
    )


def _said(n_spans: int, n_undated: int, n_early: int) -> list[str]:
    noted = []
    if n_spans > 1:
        noted.append(f"Recording was paused, or the data were cut (gaps: {n_spans - 1}); each part is a segment.")
    if n_undated:
        noted.append(f"It does not say how long its gaps last (gaps: {n_undated}); what follows is laid close.")
    if n_early:
        noted.append(
            f"By its dates a part begins before the one before it has ended (parts: {n_early}); they are laid close."
        )
    return noted


def to_annotations(markers: Sequence[Marker], timeline: Timeline, names: Sequence[str]) -> tuple[Annotation, ...]:
    """Give markers as annotations of kind ``event`` and value ``Type/Description``, as MNE writes them.

    A marker of one point, or of none, is an instant. Starts of segments are segments, not annotations.

    Parameters
    ----------
    markers : sequence of Marker
    timeline : Timeline
    names : sequence of str
        Canonical name of each channel of the file.
    """
    return tuple(
        Annotation(
            onset_ns=timeline.at(marker.position),
            duration_ns=samples_to_ns(marker.points, timeline.rate_hz) if marker.points > 1 else 0,
            kind="event",
            value="/".join(filter(None, (marker.kind, marker.text))),
            channel=names[marker.channel - 1] if 0 < marker.channel <= len(names) else None,
        )
        for marker in markers
        if not marker.starts_segment and (marker.kind or marker.text)
    )
