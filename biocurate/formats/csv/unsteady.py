"""Times that are not steady, handled as the recipe says: rows on a line, times as they stand, or a new grid.

Nothing is ever sorted. What is done is told in a warning with its figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.csv.clock import GAP, SLACK, Clock, simplest_rate
from biocurate.recording import NS, Segment

LOST_S = 1.0
"""A pause of more than so many seconds, and of `GAP` periods, is a gap also where times jitter."""

MOST_STRETCHES = 0.1
"""Times that begin anew on more than this share of rows are irregular: no piece of them has a rate."""


def robust_line(times_ns: NDArray[np.int64], where: str) -> Clock:
    """Lay rows, as they came, on a line through their times that outliers do not bend.

    The rate is that of the median of the slopes over half of the longest stretch without a gap, each stretch begins
    at the median of its times less their places (after Theil 1950 and Siegel 1982, with pairs half a stretch apart).

    Parameters
    ----------
    times_ns : array, shape (rows,)
    where : str
        File, for messages.

    Raises
    ------
    SourceError
        There are too few rows, or the times do not advance.
    """
    edges = _lost(times_ns)
    first, last = max(pairwise(edges), key=lambda edge: edge[1] - edge[0])
    half = (last - first) // 2
    slopes = (times_ns[first + half : last] - times_ns[first : last - half]) / max(half, 1)
    period = float(np.median(slopes)) if half else 0.0
    if period <= 0:
        raise SourceError(
            "has times that do not advance with its rows.",
            where=where,
            mend="Declare the true `rate_hz` with `on_clock: arrival-order`, or leave the file out.",
        )
    rate_hz = simplest_rate(NS / period, min(1e-3, 0.25 / half))
    rows = np.arange(len(times_ns))
    begins = [
        float(np.median(times_ns[a:b] - rows[: b - a] * (NS / rate_hz))) - float(times_ns[0])
        for a, b in pairwise(edges)
    ]
    segments = _apart(begins, edges, rate_hz)
    off = np.concatenate(
        [
            np.abs(times_ns[a:b] - times_ns[0] - begin - rows[: b - a] * (NS / rate_hz))
            for begin, (a, b) in zip(begins, pairwise(edges), strict=True)
        ]
    )
    back = int((np.diff(times_ns) < 0).sum())
    half_ms, most_ms = np.quantile(off, [0.5, 0.99]) / 1e6
    note = (
        f"Its times jitter: {back} of {len(times_ns)} rows run back. Rows lie as they came on a line at {rate_hz:g} "
        f"Hz; half of the times are within {half_ms:.3g} ms of it, 99 % within {most_ms:.3g} ms."
    )
    return Clock(rate_hz, segments, (note,), round(begins[0]))


def trusted_stamps(times_ns: NDArray[np.int64], rate_hz: float, where: str) -> Clock:
    """Begin anew, at the time that stands there, wherever a row is out of its place.

    Raises
    ------
    SourceError
        Times run back or stand still, or so many rows are out of their place that the stream has no rate.
    """
    _refuse_standing(times_ns, where, "trust-stamps")
    starts, at = [0], 0
    while (at := _next_stray(times_ns, at, rate_hz)) < len(times_ns):
        starts.append(at)
        if len(starts) > max(2, MOST_STRETCHES * len(times_ns)):
            raise SourceError(
                f"has irregular times: over {MOST_STRETCHES:.0%} of its rows are out of their place at {rate_hz:g} Hz.",
                where=where,
                mend="Ask for a grid with `on_clock: resample` and `rate_hz`, or `on_clock: robust-line`.",
            )
    begins = [float(times_ns[start] - times_ns[0]) for start in starts]
    segments = _apart(begins, [*starts, len(times_ns)], rate_hz)
    note = f"Its times are taken as they stand: {len(segments)} stretches at {rate_hz:g} Hz."
    return Clock(rate_hz, segments, (note,) if len(segments) > 1 else ())


@dataclass(frozen=True)
class Grid:
    """Where irregular times are interpolated at."""

    clock: Clock
    times_ns: NDArray[np.int64]
    grid_ns: NDArray[np.float64]

    def samples(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Interpolate linearly, shape (signals, rows) -> (signals, samples); next to a missing value are others."""
        return np.stack([np.interp(self.grid_ns, self.times_ns, row) for row in values])


def grid_of(times_ns: NDArray[np.int64], rate_hz: float, where: str) -> Grid:
    """Lay a steady grid over irregular times; pauses of more than `LOST_S` stay gaps.

    Raises
    ------
    SourceError
        Times run back or stand still.
    """
    _refuse_standing(times_ns, where, "resample")
    edges = _lost(times_ns)
    pieces, segments = [], []
    for a, b in pairwise(edges):
        begin = int(times_ns[a])
        n = int((times_ns[b - 1] - begin) * rate_hz / NS + 1e-6) + 1
        pieces.append(begin + np.arange(n) * (NS / rate_hz))
        segments.append(Segment(begin - int(times_ns[0]), n))
    note = f"Its times are irregular: {len(times_ns)} rows were interpolated linearly at {rate_hz:g} Hz."
    return Grid(Clock(rate_hz, tuple(segments), (note,)), times_ns, np.concatenate(pieces))


def _lost(times_ns: NDArray[np.int64]) -> list[int]:
    """First rows of the stretches between pauses, and the end: all later times lie well after all earlier ones."""
    steps = np.diff(times_ns)
    forward = steps[steps > 0]
    pause = max(LOST_S * NS, GAP * float(np.median(forward)) if forward.size else 0.0)
    before = np.maximum.accumulate(times_ns)[:-1]
    after = np.minimum.accumulate(times_ns[::-1])[::-1][1:]
    return [0, *(np.flatnonzero(after - before > pause) + 1).tolist(), len(times_ns)]


def _apart(begins: list[float], edges: list[int], rate_hz: float) -> tuple[Segment, ...]:
    """Segments that begin there; one that would overlap the one before it follows on it."""
    segments: list[Segment] = []
    end = 0
    for begin, (a, b) in zip(begins, pairwise(edges), strict=True):
        t0 = max(round(begin - begins[0]), end)
        segments.append(Segment(t0, b - a))
        end = t0 + round((b - a) * NS / rate_hz)
    return tuple(segments)


def _next_stray(times_ns: NDArray[np.int64], start: int, rate_hz: float) -> int:
    """First row after `start` that lies further than `SLACK` periods from its place."""
    ahead = 64
    while start < len(times_ns):
        some = times_ns[start : start + ahead]
        off = np.abs((some - some[0]) * (rate_hz / NS) - np.arange(len(some)))
        stray = np.flatnonzero(off > SLACK + 1e-6)
        if stray.size:
            return start + int(stray[0])
        if len(some) < ahead:
            break
        ahead *= 4
    return len(times_ns)


def _refuse_standing(times_ns: NDArray[np.int64], where: str, mode: str) -> None:
    standing = np.flatnonzero(np.diff(times_ns) <= 0)
    if standing.size:
        raise SourceError(
            f"its times run back or stand still at {standing.size} rows, first at data row {int(standing[0]) + 2}.",
            where=where,
            mend=f"`on_clock: {mode}` needs times that advance; lay the rows on a line with `on_clock: robust-line`.",
        )
