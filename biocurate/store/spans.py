"""Spans of parts into one array: each chunk is decoded once, and scaled where it lies in the processor's cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from biocurate.store.arrays import ArrayReader

BIG = 4096
"""Values of a span from which on copying it alone costs less than gathering it among others."""

Ints = NDArray[np.int64]


class Turn(Protocol):
    """Turn stored values into those wanted; ``kind`` says which scale they have."""

    def __call__(self, stored: NDArray[Any], kind: int, out: NDArray[Any]) -> None:
        """Put turned values, shape (channels, samples), into an array of the same shape."""


def as_stored(stored: NDArray[Any], kind: int, out: NDArray[Any]) -> None:
    """Put values as they are."""
    out[...] = stored


@dataclass(frozen=True)
class Target:
    """Where spans go, and how.

    Parameters
    ----------
    out : array, shape (rows, channels, n_samples)
    turn : callable
        Puts stored values, shape (channels, n), into an array of the same shape.
    channels : sequence of int, optional
        Channels wanted, in order; all of the part where left out.
    """

    out: NDArray[Any]
    turn: Turn = as_stored
    channels: Sequence[int] | None = None


def read_spans(reader: ArrayReader, starts: Ints, n_samples: int) -> NDArray[Any]:
    """Spans of one length from a part that grows along samples, as stored.

    Parameters
    ----------
    reader : ArrayReader
    starts : array of int, shape (n,)
        First sample of each span in the part, in any order.
    n_samples : int

    Returns
    -------
    array, shape (n, channels, n_samples)
    """
    out = np.empty((len(starts), reader.shape[0], n_samples), dtype=reader.dtype)
    put_spans(reader, starts, np.arange(len(starts)), np.zeros(len(starts), np.int64), Target(out))
    return out


def put_spans(reader: ArrayReader, starts: Ints, rows: Ints, kinds: Ints, target: Target) -> None:
    """Put spans of a part into rows of an array; neighbouring spans share the decoding of a chunk.

    Parameters
    ----------
    reader : ArrayReader
    starts, rows, kinds : array of int, shape (n,)
        First sample of each span in the part, in any order; the row that it goes to; the number of its scale.
    target : Target
        Its ``out`` says the length of a span.

    Raises
    ------
    DamageError
        Where a stored byte is missing or differs.
    """
    n_samples = target.out.shape[2]
    if not len(starts) or not n_samples:
        return
    pieces = _cut(starts, rows, kinds, n_samples, reader.layout.chunk)
    groups = pieces.groups()
    blocks = reader.each_chunk([group.chunk for group in groups if group.opens])
    ready = np.empty((target.out.shape[1], reader.layout.chunk), target.out.dtype)
    for group in groups:
        if group.opens:
            block = next(blocks)
            wanted = block if target.channels is None else block[list(target.channels)]
        _put(wanted, pieces, group, target, ready)


class _Group(NamedTuple):
    """Pieces that lie in one chunk and have one scale."""

    pieces: slice
    chunk: int
    kind: int
    low: int
    """The first sample of the chunk that is wanted ..."""
    high: int
    """... and the one behind the last."""
    samples: int
    """Of all pieces."""
    opens: bool
    """Whether the group before lies in another chunk."""


@dataclass(frozen=True)
class _Pieces:
    """What of each span lies in one chunk: by rising chunks, kinds and first samples.

    Parameters
    ----------
    chunk, kind : array of int, shape (pieces,)
    row, at, to, length : array of int, shape (pieces,)
        The row that it goes to, its first sample in the chunk, its place in the span, and samples.
    """

    chunk: Ints
    kind: Ints
    row: Ints
    at: Ints
    to: Ints
    length: Ints

    @cached_property
    def each(self) -> list[tuple[int, int, int, int]]:
        """Row, first sample in the chunk, place in the span and samples, as numbers of Python."""
        return list(zip(*(values.tolist() for values in (self.row, self.at, self.to, self.length)), strict=True))

    def groups(self) -> list[_Group]:
        """Those of one chunk and scale together."""
        # Not by `diff` with something prepended, which takes as long as all the rest of one window.
        opens, turns = np.ones((2, len(self.at)), dtype=bool)
        opens[1:] = self.chunk[1:] != self.chunk[:-1]
        turns[1:] = opens[1:] | (self.kind[1:] != self.kind[:-1])
        first = np.flatnonzero(turns)
        high, samples = np.maximum.reduceat(self.at + self.length, first), np.add.reduceat(self.length, first)
        columns = (self.chunk[first], self.kind[first], self.at[first], high, samples, opens[first])
        stretches = map(slice, first.tolist(), [*first[1:].tolist(), len(self.at)])
        return list(map(_Group, stretches, *(values.tolist() for values in columns)))


def _cut(starts: Ints, rows: Ints, kinds: Ints, n_samples: int, chunk: int) -> _Pieces:
    """Cut spans at the borders of chunks."""
    firsts = starts // chunk
    counts = -(-(starts + n_samples) // chunk) - firsts
    span = np.repeat(np.arange(len(starts)), counts)
    number = np.arange(span.size) - np.repeat(np.cumsum(counts) - counts, counts) + firsts[span]
    offset = starts[span] - number * chunk
    at = np.maximum(offset, 0)
    length = np.minimum(offset + n_samples, chunk) - at
    order = np.lexsort((at, kinds[span], number))
    return _Pieces(*(each[order] for each in (number, kinds[span], rows[span], at, at - offset, length)))


def _put(block: NDArray[Any], pieces: _Pieces, group: _Group, target: Target, ready: NDArray[Any]) -> None:
    """Put pieces that lie in one chunk and have one scale."""
    out, turn, low = target.out, target.turn, group.low
    each = pieces.each[group.pieces]
    if turn is as_stored:
        ready, low = block, 0
    elif group.samples <= group.high - low:
        # They hardly overlap: straight to where they go.
        for row, at, to, length in each:
            turn(block[:, at : at + length], group.kind, out[row, :, to : to + length])
        return
    else:
        turn(block[:, low : group.high], group.kind, ready[:, : group.high - low])
    if block.shape[0] * out.shape[2] < BIG:
        each = _gather(ready, low, pieces, group, out)
    for row, at, to, length in each:
        out[row, :, to : to + length] = ready[:, at - low : at - low + length]


def _gather(
    ready: NDArray[Any], low: int, pieces: _Pieces, group: _Group, out: NDArray[Any]
) -> list[tuple[int, int, int, int]]:
    """Put the short spans that lie in one chunk wholly, all at once; returns the pieces of the others."""
    row, at, length = (values[group.pieces] for values in (pieces.row, pieces.at, pieces.length))
    whole = length == out.shape[2]
    if whole.any():
        spans = np.lib.stride_tricks.sliding_window_view(ready, out.shape[2], axis=1)
        out[row[whole]] = spans[:, at[whole] - low].swapaxes(0, 1)
    return [pieces.each[group.pieces.start + place] for place in np.flatnonzero(~whole).tolist()]
