"""Which stretches of a long stream stand for the whole: few, of equal length, spread evenly, none across a gap.

The audit at ingest and `biocurate audit` take the same ones, so that they see the same integers and say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXCERPT_S, EXCERPTS = 5.0, 6
"""Length and number of the stretches that every ingest looks at: half a minute costs it no more than 2 %."""
LEAST_SAMPLES = 10
"""Of an excerpt, at rates below one a second."""
BLOCK_VALUES = 1 << 22
"""Values that are held at once."""


def spans(
    segments: Sequence[int], rate_hz: float, n_channels: int, seconds: float, most: int
) -> tuple[NDArray[np.int64], int]:
    """Choose stretches of some length in seconds, as many as memory allows; returns what `excerpts` does."""
    length = max(LEAST_SAMPLES, round(seconds * rate_hz))
    return excerpts(segments, length, max(1, min(most, BLOCK_VALUES // (length * n_channels))))


def excerpted(
    read: Callable[[int, int], NDArray[Any]], segments: Sequence[int], rate_hz: float, n_channels: int
) -> tuple[NDArray[Any], ...]:
    """Read the stretches that stand for a stream.

    Parameters
    ----------
    read : callable
        Gives samples ``[start, stop)`` as the file holds them, shape (channels, stop - start).
    segments : sequence of int
        Samples of each stretch without a gap; they lie end to end.
    rate_hz : float
    n_channels : int

    Returns
    -------
    tuple of array, each of shape (channels, samples)
        Stretches that touch without a gap are one; nothing of a stream without samples.
    """
    return tuple(read(start, stop) for start, stop in _stretches(tuple(segments), rate_hz, n_channels))


@lru_cache(maxsize=8)
def _stretches(segments: tuple[int, ...], rate_hz: float, n_channels: int) -> list[tuple[int, int]]:
    """Start and stop of each; neighbouring streams ask for the same ones."""
    starts, length = spans(segments, rate_hz, n_channels, EXCERPT_S, EXCERPTS)
    begins, gaps = starts.tolist(), set(accumulate(segments))
    apart = (i for i, (a, b) in enumerate(pairwise(begins), 1) if b != a + length or b in gaps)
    breaks = [0, *apart, len(begins)]
    return [(begins[first], begins[last - 1] + length) for first, last in pairwise(breaks) if first < last]


def excerpts(segments: Sequence[int], length: int, most: int) -> tuple[NDArray[np.int64], int]:
    """Choose stretches of a stream.

    Parameters
    ----------
    segments : sequence of int
        Samples of each stretch without a gap; they lie end to end.
    length : int
        Samples of an excerpt. Where no segment is as long, the longest segment is the only excerpt.
    most : int
        Excerpts at most.

    Returns
    -------
    starts : array of int, shape (excerpts,)
        First sample of each, from the stream's start.
    length : int
        Samples of each.
    """
    lengths = np.asarray(segments, np.int64)
    begins = np.cumsum(lengths) - lengths
    if not len(lengths) or not lengths.max():
        return np.empty(0, np.int64), 0
    if lengths.max() < length:
        longest = int(lengths.argmax())
        return begins[longest : longest + 1], int(lengths[longest])
    whole = lengths // length
    total = int(whole.sum())
    chosen = np.linspace(0, total - 1, min(most, total)).round().astype(np.int64)
    chosen = chosen[np.diff(chosen, prepend=-1) > 0]  # each once; `np.unique` imports numpy.ma first
    before = np.cumsum(whole) - whole
    segment = np.searchsorted(before + whole, chosen, side="right")
    starts = begins[segment] + (chosen - before[segment]) * length
    return np.asarray(starts, np.int64), length
