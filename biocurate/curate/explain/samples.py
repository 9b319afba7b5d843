"""Which samples of a stream, and of its file, lie under a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from biocurate.recording import NS, ns_to_samples
from biocurate.store.reading import locate

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    """Samples ``[first, first + count)`` of a stream, as stored."""

    first: int
    count: int
    segment: int
    """Number of the segment that they begin in, from 0."""
    segment_t0_ns: int
    into_segment: int
    """Samples of the segment before the first."""


def span_of(window: Row, stream: Row, start: int | None) -> Span | None:
    """Find the samples under a window.

    Parameters
    ----------
    window : mapping
        t0_ns and duration_ns.
    stream : mapping
        A row of ``streams``.
    start : int or None
        The window's first sample in the stream, where its row says it; else it is found by time, as of a raw stream
        under a window of a view, and a gap cuts the span short.

    Returns
    -------
    Span or None
        None where no sample of the stream lies under the window.
    """
    count = ns_to_samples(window["duration_ns"], stream["rate_hz"])
    if start is None:
        found = locate(stream["segments"], stream["rate_hz"], window["t0_ns"], count)
        if not found:
            return None
        _, start, count = found[0]
    before = 0
    for number, segment in enumerate(stream["segments"]):
        if start < before + segment["n_samples"]:
            return Span(start, count, number, segment["t0_ns"], start - before)
        before += segment["n_samples"]
    return None


def in_time(span: Span, rate_hz: float) -> int:
    """Sample of a file that counts through gaps, as a multi-segment WFDB record does."""
    return round(span.segment_t0_ns * rate_hz / NS) + span.into_segment
