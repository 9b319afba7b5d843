"""Where windows may begin: on one grid a recording, or on one an annotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.windows.rule import Align, Within

Ints = NDArray[np.int64]

ENDLESS = 2**40 - 1
"""More windows than a grid can have."""


@dataclass(frozen=True)
class Grids:
    """Grids, one an entry, sorted by recording and origin; windows of different grids never begin at one time.

    Parameters
    ----------
    recording : array of int
        Number of the recording.
    origin_ns : array of int
        From the recording's start; window ``k`` begins ``k`` hops later.
    first, stop : array of int
        Windows ``first <= k < stop`` are allowed.
    """

    recording: Ints
    origin_ns: Ints
    first: Ints
    stop: Ints

    def of(self, first: int, stop: int) -> Grids:
        """Those of a range of recordings."""
        mine = slice(*np.searchsorted(self.recording, [first, stop]))
        return Grids(self.recording[mine], self.origin_ns[mine], self.first[mine], self.stop[mine])


def whole(n_recordings: int) -> Grids:
    """One grid a recording, from its start."""
    zeros = np.zeros(n_recordings, dtype=np.int64)
    return Grids(np.arange(n_recordings), zeros, zeros, np.full(n_recordings, ENDLESS))


def anchored(annotations: pl.DataFrame, align: Align, length_ns: int, hop_ns: int) -> Grids:
    """One grid an annotation, from its onset.

    Where annotations overlap, an earlier one's grid ends where a later one's begins, so that no window comes twice.

    Parameters
    ----------
    annotations : DataFrame
        Columns recording (number), onset_ns, duration_ns.
    align : Align
    length_ns, hop_ns : int
    """
    rows = (
        annotations.group_by("recording", "onset_ns")
        .agg(pl.col("duration_ns").max())
        .sort("recording", "onset_ns")
        .with_columns(next_ns=pl.col("onset_ns").shift(-1).over("recording"))
    )
    onset = rows["onset_ns"].to_numpy()
    lasts = rows["duration_ns"].to_numpy()
    fits = np.where(lasts == 0, 1, (lasts - length_ns) // hop_ns + 1)
    if align.once:
        fits = np.minimum(fits, 1) if align.before is None else np.ones_like(fits)
    until_next = rows.select(((pl.col("next_ns") - pl.col("onset_ns") + hop_ns - 1) // hop_ns).fill_null(ENDLESS))
    stop = np.clip(fits, 0, until_next.to_series().to_numpy())
    origin = onset - (align.before or 0)
    # No window begins before its recording.
    first = np.maximum(-(origin // hop_ns), 0)
    return Grids(rows["recording"].to_numpy(), origin, first, stop)


def bounded(grids: Grids, annotations: pl.DataFrame, within: Within, length_ns: int, hop_ns: int) -> Grids:
    """Grids without the windows that lie beyond a part of their recording.

    Parameters
    ----------
    grids : Grids
    annotations : DataFrame
        Columns recording (number), onset_ns, duration_ns; those that count.
    within : Within
    length_ns, hop_ns : int
    """
    margin = within.margin or 0
    end = pl.col("onset_ns") + pl.col("duration_ns")
    parts = annotations.group_by("recording").agg(low=pl.col("onset_ns").min() - margin, high=end.max() + margin)
    of_grid = pl.DataFrame({"recording": grids.recording}).join(
        parts, on="recording", how="left", maintain_order="left"
    )
    known = of_grid["low"].is_not_null().to_numpy()
    low, high = (of_grid[name].fill_null(0).to_numpy() for name in ("low", "high"))
    first = np.maximum(grids.first, -((grids.origin_ns - low) // hop_ns))
    stop = np.minimum(grids.stop, (high - length_ns - grids.origin_ns) // hop_ns + 1)
    return Grids(grids.recording, grids.origin_ns, first, np.where(known, np.maximum(stop, first), first))


def ranges(first: Ints | NDArray[np.intp], stop: Ints | NDArray[np.intp]) -> Ints:
    """``concatenate([arange(a, b) for a, b in zip(first, stop)])``."""
    counts = stop - first
    ends = np.cumsum(counts)
    steps: Ints = np.arange(counts.sum(), dtype=np.int64) + np.repeat(first - (ends - counts), counts)
    return steps
