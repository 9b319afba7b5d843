"""Labels of windows, from annotated intervals."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from biocurate.curate.windows.grid import Ints, ranges, window_key


@dataclass(frozen=True)
class Labels:
    """One label a window, as a number into ``values``; -1 where there is none."""

    code: Ints
    values: list[str]
    contradicted: int
    """Windows left without a label because two values have a claim to them."""


def majority(
    annotations: pl.DataFrame, recording: Ints, k: Ints, length_ns: int, hop_ns: int, share: float = 0.5
) -> Labels:
    """Give each window the value that covers more than a share of it.

    A value that covers the whole window counts whatever the share. Intervals of the same value are joined first, so
    that overlapping or adjacent annotations count once. Where two values have a claim, which at a share of 0.5 or more
    only annotations that overlap can give them, the window has no label.

    Parameters
    ----------
    annotations : DataFrame
        Columns recording (number), onset_ns, duration_ns, value.
    recording, k : array of int, one a window
        Sorted; window ``k`` begins at ``k * hop_ns``.
    length_ns, hop_ns : int
    share : float
        In [0, 1].
    """
    intervals = join_intervals(annotations)
    values = intervals["value"].unique().sort().to_list()
    value = np.searchsorted(np.array(values, dtype=str), intervals["value"].to_numpy().astype(str)).astype(np.int64)
    window, interval, overlap = _overlaps(intervals, window_key(recording, k), k * hop_ns, length_ns, hop_ns)

    claim = window * max(len(values), 1) + value[interval]
    order = np.argsort(claim, kind="stable")
    claim, overlap = claim[order], overlap[order]
    begins = np.flatnonzero(np.diff(claim, prepend=-1))
    total = np.add.reduceat(overlap, begins) if begins.size else overlap
    wins = (total > int(Fraction(str(share)) * length_ns)) | (total == length_ns)
    window, winner = np.divmod(claim[begins][wins], max(len(values), 1))

    claims = np.bincount(window, minlength=k.size)
    code = np.full(k.size, -1, dtype=np.int64)
    code[window] = winner
    code[claims != 1] = -1
    return Labels(code, values, int((claims > 1).sum()))


def join_intervals(annotations: pl.DataFrame) -> pl.DataFrame:
    """Join intervals of the same recording and value that overlap or touch; instants fall out.

    Returns
    -------
    DataFrame with columns recording, value, onset_ns, end_ns
    """
    of_one = ["recording", "value"]
    return (
        annotations.filter(pl.col("duration_ns") > 0, pl.col("value").is_not_null())
        .select(*of_one, "onset_ns", end_ns=pl.col("onset_ns") + pl.col("duration_ns"))
        .sort(*of_one, "onset_ns")
        .with_columns(reach=pl.col("end_ns").cum_max().shift(1).over(of_one))
        .with_columns(stretch=(pl.col("onset_ns") > pl.col("reach")).fill_null(True).cum_sum())
        .group_by(*of_one, "stretch", maintain_order=True)
        .agg(pl.col("onset_ns").min(), pl.col("end_ns").max())
        .drop("stretch")
    )


def _overlaps(intervals: pl.DataFrame, keys: Ints, t0_ns: Ints, length_ns: int, hop_ns: int) -> tuple[Ints, Ints, Ints]:
    """Every overlap of a window with an interval: the index of each, and the nanoseconds in common."""
    recording, onset, end = (intervals[name].to_numpy() for name in ("recording", "onset_ns", "end_ns"))
    first = np.maximum((onset - length_ns) // hop_ns + 1, 0)
    stop = np.maximum(-(-end // hop_ns), first)
    low = np.searchsorted(keys, window_key(recording, first))
    high = np.searchsorted(keys, window_key(recording, stop))
    window, interval = ranges(low, high), np.repeat(np.arange(low.size), high - low)
    shared = np.minimum(end[interval], t0_ns[window] + length_ns) - np.maximum(onset[interval], t0_ns[window])
    return window, interval, shared
