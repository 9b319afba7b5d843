"""Spans of parts into one array: each chunk is decoded once, and scaled where it lies in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biocurate.store.arrays import ArrayReader

RUN_CHUNKS = 32
"""Chunks that are decoded together at most, to bound memory."""

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
    order = np.lexsort((starts, kinds))
    starts, rows, kinds = starts[order], rows[order], kinds[order]
    chunk = reader.layout.chunk
    firsts, stops = starts // chunk, -(-(starts + n_samples) // chunk)
    runs = _runs(firsts, stops, kinds)
    for run, block in zip(runs, _decoded(reader, firsts, stops, runs), strict=True):
        at = starts[run] - int(firsts[run.start]) * chunk
        wanted = block if target.channels is None else block[list(target.channels)]
        _put(wanted, at, rows[run], int(kinds[run.start]), target)


def _decoded(reader: ArrayReader, firsts: Ints, stops: Ints, runs: list[slice]) -> Iterator[NDArray[Any]]:
    """Chunks of each run, end to end; those that it shares with the run before are not decoded again."""
    chunk, before, until = reader.layout.chunk, None, 0
    for run in runs:
        first, stop = int(firsts[run.start]), int(stops[run.stop - 1])
        shared = until - first
        if before is None or not 0 < shared <= before.shape[1] // chunk:
            block = reader.chunks(first, stop)
        elif until >= stop:
            block = before[:, -shared * chunk :][:, : (stop - first) * chunk]
        else:
            block = np.concatenate([before[:, -shared * chunk :], reader.chunks(until, stop)], axis=1)
        yield block
        before, until = block, stop


def _put(block: NDArray[Any], at: Ints, rows: Ints, kind: int, target: Target) -> None:
    """Put spans of one run, which have one scale."""
    out, n_samples = target.out, target.out.shape[2]
    low, high = int(at[0]), int(at[-1]) + n_samples
    if len(at) * n_samples <= high - low and block.shape[0] * n_samples >= BIG:
        # They hardly overlap: straight to where they go.
        for begin, row in zip(at.tolist(), rows.tolist(), strict=True):
            target.turn(block[:, begin : begin + n_samples], kind, out[row])
        return
    ready = block[:, low:high]
    if target.turn is not as_stored:
        ready = np.empty((block.shape[0], high - low), dtype=out.dtype)
        target.turn(block[:, low:high], kind, ready)
    if block.shape[0] * n_samples >= BIG:
        for begin, row in zip((at - low).tolist(), rows.tolist(), strict=True):
            out[row] = ready[:, begin : begin + n_samples]
    else:
        spans = np.lib.stride_tricks.sliding_window_view(ready, n_samples, axis=1)
        out[rows] = spans[:, at - low].swapaxes(0, 1)


def _runs(firsts: Ints, stops: Ints, kinds: Ints) -> list[slice]:
    """Group sorted spans of one scale whose chunk ranges touch, up to `RUN_CHUNKS` a group."""
    begins = np.flatnonzero((firsts[1:] >= stops[:-1]) | (kinds[1:] != kinds[:-1])) + 1
    edges = [0, *begins.tolist(), len(firsts)]
    runs = []
    for begin, end in pairwise(edges):
        while begin < end:
            most = int(np.searchsorted(stops[begin:end], firsts[begin] + RUN_CHUNKS, side="right"))
            runs.append(slice(begin, begin + max(1, most)))
            begin += max(1, most)
    return runs
