"""The offset of two clocks as it goes over time: the path along which beats of both fall together.

Of every beat of the first signal, the differences to the beats of the second lie on a line where both beat as one
heart, and are strewn elsewhere. The plane of time and offset is cut into cells; a path through it moves by one cell at
most from one block of time to the next, and the path that meets the most beats is found by dynamic programming. The
best path that stays off by a part of a beat tells how sure that is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.windows.grids import ranges

Array = NDArray[np.float64]

CELL_S = 0.02
"""Step of the offsets."""
BLOCK_S = 5.0
"""Step of the time: a path changes by `CELL_S` in it at most, 4000 parts in a million."""
BLUR_S = 0.03
"""Spread of one beat's time in two signals."""
MOVE_COST = 0.5
"""Beats that a change of the path must gain."""
APART_S = 0.3
"""Paths as far from each other are two."""


@dataclass(frozen=True)
class Track:
    """A path of offsets.

    Parameters
    ----------
    times_s : array, shape (blocks,), middle of each block
    offsets_s : array, shape (blocks,), what is added to the second signal's times
    lock : float
        Share of the beats that fall together along it, beyond what would by chance.
    beats : float
        How many could.
    """

    times_s: Array
    offsets_s: Array
    lock: float
    beats: float


def tracks(a: Array, b: Array, low_s: float, high_s: float, most: int = 2) -> list[Track]:
    """Follow the offset of the second signal's beats from the first one's.

    Parameters
    ----------
    a, b : array, shape (beats,), in seconds, rising
    low_s, high_s : float
        Offsets to look at.
    most : int
        How many paths, each `APART_S` from all others.

    Returns
    -------
    list of Track
        The one that meets the most beats first; none where no two beats lie as far from each other as that.
    """
    gained, first, beats = _plane(a, b, low_s, high_s)
    found: list[Track] = []
    while beats >= 1 and len(found) < most:
        path, score = _best_path(gained)
        if not np.isfinite(score):
            break
        times = first + (np.arange(path.size, dtype=np.float64) + 0.5) * BLOCK_S
        offsets = low_s + (path.astype(np.float64) + 0.5) * CELL_S
        found.append(Track(times, offsets, score / beats, beats))
        gained[np.abs(np.arange(gained.shape[1]) - path[:, None]) < round(APART_S / CELL_S)] = -np.inf
    return found


def _plane(a: Array, b: Array, low_s: float, high_s: float) -> tuple[Array, float, float]:
    """Beats that fall together in each block and at each offset, less those that would by chance.

    Returns the plane (blocks, offsets), the start of its first block, and how many beats could meet at all.
    """
    from scipy.ndimage import gaussian_filter1d

    low, high = np.searchsorted(b, a - high_s), np.searchsorted(b, a - low_s)
    count = high - low
    if not count.sum():
        return np.zeros((0, 0)), 0.0, 0.0
    which = np.repeat(np.arange(a.size), count)
    other = ranges(low, high)
    first = float(a[which[0]])
    row = ((a[which] - first) / BLOCK_S).astype(np.int64)
    cells = round((high_s - low_s) / CELL_S)
    cell = np.clip(((a[which] - b[other] - low_s) / CELL_S).astype(np.int64), 0, cells - 1)
    shape = (int(row[-1]) + 1, cells)
    hits = np.bincount(row * cells + cell, minlength=shape[0] * cells).reshape(shape).astype(float)
    width = BLUR_S / CELL_S
    peak = 1 / (2 * np.pi * width**2) ** 0.5
    together = gaussian_filter1d(hits, width, axis=1, mode="constant") / peak
    chance = together.mean(axis=1, keepdims=True)
    in_row = np.bincount(((a[count > 0] - first) / BLOCK_S).astype(np.int64), minlength=shape[0])
    return together - chance, first, float((in_row - chance[:, 0]).clip(0).sum())


def _best_path(gained: Array) -> tuple[NDArray[np.int64], float]:
    """The path with the highest sum, and the sum."""
    blocks, cells = gained.shape
    came = np.zeros((blocks, cells), dtype=np.int8)
    total = gained[0].copy()
    for block in range(1, blocks):
        moved = np.full((3, cells), -np.inf)
        moved[0, 1:] = total[:-1] - MOVE_COST
        moved[1] = total
        moved[2, :-1] = total[1:] - MOVE_COST
        step = moved.argmax(axis=0)
        came[block] = step - 1
        total = np.take_along_axis(moved, step[None], axis=0)[0] + gained[block]
    path = np.empty(blocks, dtype=np.int64)
    path[-1] = total.argmax()
    for block in range(blocks - 1, 0, -1):
        path[block - 1] = path[block] + came[block, path[block]]
    return path, float(total.max())
