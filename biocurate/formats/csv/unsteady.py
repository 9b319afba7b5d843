"""Times that are not steady, handled as the recipe says: rows on a line, times as they stand, or a new grid.

Nothing is ever sorted. What is done is told in a warning with its figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.csv.clock import GAP, SLACK, Clock, simplest_rate
from biocurate.formats.csv.grid import Grid, Piece
from biocurate.formats.csv.ranks import Blocks, median, quantiles
from biocurate.formats.csv.times import ROWS, Times
from biocurate.recording import NS, Segment

LOST_S = 1.0
"""A pause of more than so many seconds, and of `GAP` periods, is a gap also where times jitter."""

EIGHTH = 8
LEAST_LAG = 8
"""Pairs of rows that are nearer tell jitter, no rate."""

MOST_STRETCHES = 0.1
"""Times that begin anew on more than this share of rows are irregular: no piece of them has a rate."""


def robust_line(times: Times, where: str) -> Clock:
    """Lay rows, as they came, on a line through their times that outliers do not bend.

    The rate is that of the median of the slopes over half of the longest stretch without a gap, each stretch begins
    at the median of its times less their places (after Theil 1950 and Siegel 1982, with pairs half a stretch apart).
    Where the clock was set in between, every such pair may lie across that step: pairs an eighth apart tell, most of
    which do not, and where they contradict, their slope is taken.

    Parameters
    ----------
    times : Times
    where : str
        File, for messages.

    Raises
    ------
    SourceError
        There are too few rows, or the times do not advance.
    """
    edges = _lost(times)
    rate_hz, steps = _line_rate(times, edges, where)
    begins = [_line_begin(times, a, b, NS / rate_hz) for a, b in pairwise(edges)]
    segments = _apart(begins, edges, rate_hz)

    def off() -> Iterator[NDArray[np.float64]]:
        for begin, (a, b) in zip(begins, pairwise(edges), strict=True):
            for row, block in times.blocks(a, b):
                places = np.arange(row - a, row - a + len(block)) * (NS / rate_hz)
                yield np.abs(block - times.at(0) - begin - places)

    back = sum(int((steps < 0).sum()) for _, steps in times.steps())
    half_ms, most_ms = (each / 1e6 for each in quantiles(off, [0.5, 0.99]) or (0.0, 0.0))
    note = (
        f"Its times jitter: {back} of {len(times)} rows run back. Rows lie as they came on a line at {rate_hz:g} "
        f"Hz; half of the times are within {half_ms:.3g} ms of it, 99 % within {most_ms:.3g} ms."
    )
    stepped = ["Its clock was set anew within it: by that much rows lie beside their times."] if steps else []
    return Clock(rate_hz, segments, (note, *stepped), round(begins[0]))


def _line_rate(times: Times, edges: Sequence[int], where: str) -> tuple[float, bool]:
    """The rate of the median slope in the longest stretch, and whether the clock steps within it."""
    first, last = max(pairwise(edges), key=lambda edge: edge[1] - edge[0])
    lag = (last - first) // 2
    period = (median(_slopes(times, first, last, lag)) if lag else None) or 0.0
    near = _steady_slope(times, first, last, period)
    steps = near is not None
    if near is not None:
        lag, period = (last - first) // EIGHTH, near
    if period <= 0:
        raise SourceError(
            "has times that do not advance with its rows.",
            where=where,
            mend="Declare the true `rate_hz` with `on_clock: arrival-order`, or leave the file out.",
        )
    return simplest_rate(NS / period, min(1e-3, 0.25 / lag)), steps


def _steady_slope(times: Times, first: int, last: int, period: float) -> float | None:
    """The slope of pairs an eighth of a stretch apart where these agree, and not with the one that is given."""
    lag = (last - first) // EIGHTH
    if lag < LEAST_LAG:
        return None
    near = _slopes(times, first, last, lag)
    slope = median(near) or 0.0
    # Of one step in the clock, a seventh of these pairs is off; what most of the others spread is their jitter.
    [spread] = quantiles(lambda: (np.abs(block - slope) for block in near()), [0.8]) or [0.0]
    apart = abs(period - slope)
    by_more_than_a_row = apart * ((last - first) // 2) > slope
    return slope if slope > 0 and apart > 5 * spread and by_more_than_a_row else None


def _slopes(times: Times, first: int, last: int, lag: int) -> Blocks:
    """Time from row to row, by all pairs of rows so far apart."""

    def slopes() -> Iterator[NDArray[np.float64]]:
        for row, block in times.blocks(first, last - lag):
            yield (times.read(row + lag, row + lag + len(block)) - block) / lag

    return slopes


def _line_begin(times: Times, first: int, stop: int, period: float) -> float:
    """Where a line through a stretch begins, from the first row's time."""

    def less_places() -> Iterator[NDArray[np.float64]]:
        for row, block in times.blocks(first, stop):
            yield block - np.arange(row - first, row - first + len(block)) * period

    return (median(less_places) or 0.0) - float(times.at(0))


def trusted_stamps(times: Times, rate_hz: float, where: str) -> Clock:
    """Begin anew, at the time that stands there, wherever a row is out of its place.

    Raises
    ------
    SourceError
        Times run back or stand still, or so many rows are out of their place that the stream has no rate.
    """
    _refuse_standing(times, where, "trust-stamps")
    starts, at = [0], 0
    while (at := _next_stray(times, at, rate_hz)) < len(times):
        starts.append(at)
        if len(starts) > max(2, MOST_STRETCHES * len(times)):
            raise SourceError(
                f"has irregular times: over {MOST_STRETCHES:.0%} of its rows are out of their place at {rate_hz:g} Hz.",
                where=where,
                mend="Ask for a grid with `on_clock: resample` and `rate_hz`, or `on_clock: robust-line`.",
            )
    begins = [float(times.at(start) - times.at(0)) for start in starts]
    segments = _apart(begins, [*starts, len(times)], rate_hz)
    note = f"Its times are taken as they stand: {len(segments)} stretches at {rate_hz:g} Hz."
    return Clock(rate_hz, segments, (note,) if len(segments) > 1 else ())


def grid_of(times: Times, rate_hz: float, where: str) -> Grid:
    """Lay a steady grid over irregular times; pauses of more than `LOST_S` stay gaps.

    Raises
    ------
    SourceError
        Times run back or stand still.
    """
    _refuse_standing(times, where, "resample")
    edges, pieces = _lost(times), []
    for a, b in pairwise(edges):
        begin = times.at(a)
        pieces.append(Piece(a, b, begin, int((times.at(b - 1) - begin) * rate_hz / NS + 1e-6) + 1))
    segments = tuple(Segment(piece.begin_ns - times.at(0), piece.n_samples) for piece in pieces)
    note = f"Its times are irregular: {len(times)} rows were interpolated linearly at {rate_hz:g} Hz."
    return Grid(Clock(rate_hz, segments, (note,)), times, tuple(pieces))


def _lost(times: Times) -> list[int]:
    """First rows of the stretches between pauses, and the end: all later times lie well after all earlier ones."""
    step = median(lambda: (steps[steps > 0] for _, steps in times.steps()))
    pause = max(LOST_S * NS, GAP * (step or 0.0))
    least = [int(block.min()) for _, block in times.blocks()]
    # Of all blocks behind each one; none lies behind the last.
    later = [*np.minimum.accumulate(least[:0:-1])[::-1].tolist(), None]
    edges, before = [0], times.at(0)
    for (row, block), behind in zip(times.blocks(), later, strict=True):
        highest = np.maximum.accumulate(np.append(before, block))
        lowest = np.minimum.accumulate((block if behind is None else np.append(block, behind))[::-1])[::-1]
        # Row by row: the highest time before it, the lowest from it on.
        edges += (row + np.flatnonzero(lowest[: len(block)] - highest[:-1] > pause)).tolist()
        before = int(highest[-1])
    return [*edges, len(times)]


def _apart(begins: list[float], edges: list[int], rate_hz: float) -> tuple[Segment, ...]:
    """Segments that begin there; one that would overlap the one before it follows on it."""
    segments: list[Segment] = []
    end = 0
    for begin, (a, b) in zip(begins, pairwise(edges), strict=True):
        t0 = max(round(begin - begins[0]), end)
        segments.append(Segment(t0, b - a))
        end = t0 + round((b - a) * NS / rate_hz)
    return tuple(segments)


def _next_stray(times: Times, start: int, rate_hz: float) -> int:
    """First row after `start` that lies further than `SLACK` periods from its place."""
    begin, row, ahead = times.at(start), start, 64
    while row < len(times):
        some = times.read(row, min(row + ahead, len(times)))
        off = np.abs((some - begin) * (rate_hz / NS) - np.arange(row - start, row - start + len(some)))
        stray = np.flatnonzero(off > SLACK + 1e-6)
        if stray.size:
            return row + int(stray[0])
        row, ahead = row + len(some), min(4 * ahead, ROWS)
    return len(times)


def _refuse_standing(times: Times, where: str, mode: str) -> None:
    standing, first = 0, 0
    for row, steps in times.steps():
        still = steps <= 0
        if still.any() and not standing:
            first = row + int(still.argmax())
        standing += int(still.sum())
    if standing:
        raise SourceError(
            f"its times run back or stand still at {standing} rows, first at data row {first + 1}.",
            where=where,
            mend=f"`on_clock: {mode}` needs times that advance; lay the rows on a line with `on_clock: robust-line`.",
        )
