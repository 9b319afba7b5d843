"""Quantiles of numbers that come in blocks: exact, in bounded memory, in a few passes.

Numbers that fit are sorted. Of more, a histogram tells the narrow range in which the wanted one lies, until what lies
in that range fits, or is one number (Munro & Paterson, Selection and sorting with limited storage, 1980).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

HELD = 2**21
"""Numbers that are held at once."""
BINS = 2**14

Blocks = Callable[[], Iterable[NDArray[Any]]]
"""Gives the same numbers at every call."""


def median(blocks: Blocks) -> float | None:
    """As `numpy.median` of all; None of none."""
    found = quantiles(blocks, [0.5])
    return None if found is None else found[0]


def quantiles(blocks: Blocks, shares: Sequence[float]) -> list[float] | None:
    """As `numpy.quantile` of all, interpolated linearly; None of none.

    Parameters
    ----------
    blocks : callable
        Gives blocks of finite numbers.
    shares : sequence of float
        From 0 to 1.
    """
    count = sum(len(block) for block in blocks())
    if not count:
        return None
    if count <= HELD:
        return _held(np.concatenate(list(blocks())), shares)
    return [_between(blocks, share * (count - 1)) for share in shares]


def _held(numbers: NDArray[Any], shares: Sequence[float]) -> list[float]:
    # `median` and `quantile` round the mean of two numbers apart.
    return [float(np.median(numbers) if share == 0.5 else np.quantile(numbers, share)) for share in shares]


def _between(blocks: Blocks, place: float) -> float:
    below = floor(place)
    first = _ranked(blocks, below)
    if place == below:
        return float(first)
    second = _ranked(blocks, below + 1)
    return float(np.mean([first, second]) if place - below == 0.5 else first + (second - first) * (place - below))


def _ranked(blocks: Blocks, rank: int) -> Any:  # noqa: ANN401 - of the numbers' own type
    """The number before which so many lie, when they are sorted."""
    low, high, within = _span(blocks())
    while low < high:
        if within <= HELD:
            some = [block[(block >= low) & (block <= high)] for block in blocks()]
            return np.partition(np.concatenate(some), rank)[rank]
        counts = sum(np.bincount(_bins(block, low, high), minlength=BINS) for block in _inside(blocks, low, high))
        wanted = int(np.searchsorted(np.cumsum(counts), rank, side="right"))
        rank -= int(np.sum(np.asarray(counts)[:wanted]))
        members = (block[_bins(block, low, high) == wanted] for block in _inside(blocks, low, high))
        low, high, within = _span(members)
    return low


def _inside(blocks: Blocks, low: Any, high: Any) -> Iterable[NDArray[Any]]:  # noqa: ANN401
    return (block[(block >= low) & (block <= high)] for block in blocks())


def _bins(block: NDArray[Any], low: Any, high: Any) -> NDArray[np.int64]:  # noqa: ANN401
    """Bin of each number from ``low`` in the first one to ``high`` in the last."""
    bins: NDArray[np.int64] = ((block - low) * ((BINS - 1) / float(high - low))).astype(np.int64)
    return bins


def _span(blocks: Iterable[NDArray[Any]]) -> tuple[Any, Any, int]:
    """Least and greatest number, and how many there are."""
    found = [(block.min(), block.max(), len(block)) for block in blocks if len(block)]
    return min(each[0] for each in found), max(each[1] for each in found), sum(each[2] for each in found)
