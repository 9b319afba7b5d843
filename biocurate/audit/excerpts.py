"""Which stretches of a long stream stand for the whole: few, of equal length, spread evenly, none across a gap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


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
    chosen = np.unique(np.linspace(0, total - 1, min(most, total)).round().astype(np.int64))
    before = np.cumsum(whole) - whole
    segment = np.searchsorted(before + whole, chosen, side="right")
    starts = begins[segment] + (chosen - before[segment]) * length
    return np.asarray(starts, np.int64), length
