"""Where the samples of a file lie on the recording's clock, when the file has gaps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from biocurate.recording import NS, Segment


@dataclass(frozen=True)
class Span:
    """Samples of a file that follow each other without a gap."""

    first: int
    stop: int
    t0_ns: int
    """Of the first sample, from the recording's start."""


@dataclass(frozen=True)
class Timeline:
    """All samples that are kept of a file, span after span."""

    rate_hz: float
    spans: tuple[Span, ...]

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The spans as segments of a stream."""
        return tuple(Segment(span.t0_ns, span.stop - span.first) for span in self.spans)

    @property
    def n_samples(self) -> int:
        """Samples of each channel that are kept."""
        return sum(span.stop - span.first for span in self.spans)

    def at(self, position: float) -> int:
        """Time of a place in the file, in nanoseconds from the recording's start.

        Parameters
        ----------
        position : float
            In samples from the file's first one; it may lie before it, between two samples, or behind the last.
        """
        index = bisect_right(self.spans, position, key=lambda span: span.first) - 1
        span = self.spans[max(index, 0)] if self.spans else Span(0, 0, 0)
        return span.t0_ns + round((position - span.first) * NS / self.rate_hz)


def from_start(timeline: Timeline) -> Timeline:
    """Let the recording begin with the first sample that is kept."""
    lead = timeline.spans[0].t0_ns if timeline.spans else 0
    moved = tuple(replace(span, t0_ns=span.t0_ns - lead) for span in timeline.spans)
    return replace(timeline, spans=moved)


def gaps_told(segments: Sequence[Segment], rate_hz: float | Fraction) -> list[str]:
    """How many gaps lie between segments and how long they are together, as a warning; none where there are none.

    Parameters
    ----------
    segments : sequence of Segment
        Of a stream, in order.
    rate_hz : float or Fraction
        Of the stream; what is shorter than a microsecond is rounding.
    """
    ends = [segment.t0_ns + round(segment.n_samples * NS / rate_hz) for segment in segments]
    steps = [after.t0_ns - end for end, after in zip(ends, segments[1:], strict=False)]
    gaps = [step for step in steps if step > 1000]
    return [f"It has {len(gaps)} gaps without a sample, {sum(gaps) / NS:.6g} s together."] if gaps else []


def cut(n_samples: int, edges: set[int]) -> list[tuple[int, int]]:
    """Part a file's samples at the edges that lie inside it.

    Parameters
    ----------
    n_samples : int
    edges : set of int
        First sample of a part.
    """
    inside = sorted(edge for edge in edges if 0 < edge < n_samples)
    return list(pairwise([0, *inside, n_samples])) if n_samples else []
