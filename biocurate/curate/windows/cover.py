"""Which streams cover which windows, all in columns.

Windows lie on grids: window ``k`` begins ``k`` hops after the grid's origin, which is the recording's start or an
annotation. A segment of a stream covers window ``k`` when its samples ``[i, i + count)`` lie in the segment, with
``i = round((t - t0) * rate)`` and ``count = round(length * rate)``: the windows of a grid that a segment covers are one
range of ``k``. The ends of these ranges cut the grid into pieces within which the covering streams do not change, so
that the work is a few operations on whole columns, whatever the number of windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.windows.grids import Grids, Ints, ranges
from biocurate.recording import NS

_WINDOW_BITS = 40
"""Bits for the number of a window in a key of (grid, window)."""


@dataclass(frozen=True)
class Segments:
    """Segments of the streams of some recordings, one an entry.

    Parameters
    ----------
    recording : array of int
        Number of the recording, from 0.
    stream_no : array of int
    sensor : array of int
        Number of the sensor type in the alphabetical order of those at hand.
    rate_hz : array of float
    t0_ns : array of int
        Start, from the recording's start.
    n_samples : array of int
    first : array of int
        Index in the stream of the segment's first sample.
    """

    recording: Ints
    stream_no: Ints
    sensor: Ints
    rate_hz: NDArray[np.float64]
    t0_ns: Ints
    n_samples: Ints
    first: Ints

    def take(self, which: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Segments:
        """Keep some of them."""
        return Segments(
            self.recording[which],
            self.stream_no[which],
            self.sensor[which],
            self.rate_hz[which],
            self.t0_ns[which],
            self.n_samples[which],
            self.first[which],
        )


@dataclass(frozen=True)
class Cover:
    """Windows, sorted by recording and time, and the streams that cover each.

    ``stream_no[offsets[i]:offsets[i + 1]]`` are the covering streams of window ``i``, ascending, and ``start`` the
    index in the stream of the window's first sample; ``sensors[sensor_offsets[p]:sensor_offsets[p + 1]]`` are the
    sensor types of piece ``p = piece[i]``, ascending.
    """

    recording: Ints
    t0_ns: Ints
    offsets: Ints
    stream_no: Ints
    start: Ints
    piece: Ints
    sensors: Ints
    sensor_offsets: Ints


def nearest_sample(span_ns: Ints | int, rate_hz: NDArray[np.float64]) -> Ints:
    """``round(span * rate)``, as `biocurate.recording.ns_to_samples` does for one."""
    return np.rint(np.asarray(span_ns) * rate_hz / NS).astype(np.int64)


def placed(segments: Segments, grids: Grids) -> Segments:
    """Every segment on every grid of its recording: ``recording`` is the grid's number, ``t0_ns`` from its origin."""
    low, high = (np.searchsorted(segments.recording, grids.recording, side) for side in ("left", "right"))
    grid = np.repeat(np.arange(low.size), high - low)
    found = segments.take(ranges(low, high))
    return replace(found, recording=grid, t0_ns=found.t0_ns - grids.origin_ns[grid])


def covered(segments: Segments, length_ns: int, hop_ns: int) -> tuple[Ints, Ints]:
    """Range ``[first, stop)`` of the windows that each segment covers; empty where ``stop <= first``."""
    rate, t0, n_samples = segments.rate_hz, segments.t0_ns, segments.n_samples
    count = nearest_sample(length_ns, rate)
    sample_ns = NS / rate

    # The estimates are at most a window or two off; the exact rule moves them into place.
    first = np.maximum(np.floor((t0 - sample_ns / 2) / hop_ns).astype(np.int64) - 1, 0)
    while (early := nearest_sample(first * hop_ns - t0, rate) < 0).any():
        first += early
    stop = np.ceil((t0 + (n_samples - count + 0.5) * sample_ns) / hop_ns).astype(np.int64) + 1
    stop = np.maximum(stop, first)
    while (late := (stop > first) & (nearest_sample((stop - 1) * hop_ns - t0, rate) + count > n_samples)).any():
        stop -= late
    # A rate so low that a window has no sample of its own covers nothing.
    return first, np.where(count > 0, stop, first)


def cover(segments: Segments, grids: Grids, length_ns: int, hop_ns: int, require: Sequence[int] = ()) -> Cover:
    """Find every window that at least one stream covers, and the streams that do.

    Parameters
    ----------
    segments : Segments
        Sorted by recording.
    grids : Grids
    length_ns, hop_ns : int
    require : sequence of int
        Sensor types that must all be present.
    """
    segments = placed(segments, grids)
    first, stop = covered(segments, length_ns, hop_ns)
    first = np.maximum(first, grids.first[segments.recording])
    stop = np.minimum(stop, grids.stop[segments.recording])
    some = stop > first
    segments, first, stop = segments.take(some), first[some], stop[some]

    starts, stops = _key(segments.recording, first), _key(segments.recording, stop)
    edges = np.unique(np.concatenate([starts, stops]))
    low, high = np.searchsorted(edges, starts), np.searchsorted(edges, stops)
    piece, member = ranges(low, high), np.repeat(np.arange(low.size), high - low)

    # Segments of one stream that overlap by a rounded sample can both cover a window: the earlier one counts.
    order = np.lexsort((segments.first[member], segments.stream_no[member], piece))
    piece, member = piece[order], member[order]
    new = np.ones(piece.size, dtype=bool)
    new[1:] = (np.diff(piece) != 0) | (np.diff(segments.stream_no[member]) != 0)
    piece, member = piece[new], member[new]
    present = _has_all(piece, segments.sensor[member], require)
    piece, member = piece[present], member[present]
    return _expand(segments, grids, edges, piece, member, hop_ns)


def _expand(segments: Segments, grids: Grids, edges: Ints, piece: Ints, member: Ints, hop_ns: int) -> Cover:
    """From pieces and their members to windows and their streams."""
    kept, number = np.unique(piece, return_inverse=True)
    ends = edges[np.minimum(kept + 1, edges.size - 1)]
    n_members = np.bincount(number, minlength=kept.size)
    member_offsets = _offsets(n_members)

    n_windows = ends - edges[kept]
    row = np.repeat(np.arange(kept.size), n_windows)
    window = ranges(edges[kept], ends)
    grid, k = window >> _WINDOW_BITS, window & ((1 << _WINDOW_BITS) - 1)

    each = member[ranges(member_offsets[row], member_offsets[row + 1])]
    offsets = _offsets(n_members[row])
    t0_ns = np.repeat(k * hop_ns, n_members[row])
    start = segments.first[each] + nearest_sample(t0_ns - segments.t0_ns[each], segments.rate_hz[each])

    pairs = np.unique((number << 32) | segments.sensor[member])
    return Cover(
        recording=grids.recording[grid],
        t0_ns=grids.origin_ns[grid] + k * hop_ns,
        offsets=offsets,
        stream_no=segments.stream_no[each],
        start=start,
        piece=row,
        sensors=pairs & ((1 << 32) - 1),
        sensor_offsets=_offsets(np.bincount(pairs >> 32, minlength=kept.size)),
    )


def _has_all(piece: Ints, sensor: Ints, require: Sequence[int]) -> NDArray[np.bool_]:
    """Of each entry, whether its piece has every required sensor type."""
    size = int(piece.max(initial=-1)) + 1
    keep = np.ones(size, dtype=bool)
    for wanted in require:
        there = np.zeros(size, dtype=bool)
        there[piece[sensor == wanted]] = True
        keep &= there
    return keep[piece]


def _key(grid: Ints, k: Ints) -> Ints:
    """One sortable number for a window of a grid."""
    return (grid << _WINDOW_BITS) | k


def _offsets(counts: Ints | NDArray[np.intp]) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])
