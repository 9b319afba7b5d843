"""Blocks of time within recordings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from biocurate.curate.splits.persons import shares_of
from biocurate.curate.splits.rule import TimeSplit
from biocurate.errors import ManifestError


def time_blocks(rows: pl.DataFrame, rule: TimeSplit) -> pl.Series:
    """Place each window by the block of its recording that it lies in wholly.

    The span from a recording's first window to the end of its last is cut at the fractions; around each cut lies a
    guard, half of it on either side.

    Parameters
    ----------
    rows : DataFrame
        Windows: recording_id, t0_ns, duration_ns.
    rule : TimeSplit

    Returns
    -------
    Series of str; null where a window reaches into a guard

    Raises
    ------
    ManifestError
        Where a split stays empty.
    """
    shares = list(shares_of(rule.fractions).values())
    ends = pl.col("t0_ns") + pl.col("duration_ns")
    spans = rows.select(
        "t0_ns",
        end=ends,
        low=pl.col("t0_ns").min().over("recording_id"),
        high=ends.max().over("recording_id"),
    )
    t0, end, low, high = (spans[name].to_numpy() for name in ("t0_ns", "end", "low", "high"))
    place = np.full(rows.height, -1)
    cuts = [
        low + np.rint((high - low) * float(sum(shares[:number]))).astype(np.int64) for number in range(len(shares) + 1)
    ]
    for number, (begins, stops) in enumerate(pairwise(cuts)):
        first, last = number == 0, number == len(shares) - 1
        after = t0 >= begins + (0 if first else rule.guard // 2)
        before = end <= stops - (0 if last else rule.guard - rule.guard // 2)
        place[after & before] = number
    names = list(rule.fractions)
    empty = [name for number, name in enumerate(names) if not (place == number).any()]
    if empty:
        raise ManifestError(
            f"no window falls into {' and '.join(empty)}: blocks or guards are longer than recordings allow.",
            where="split",
            mend="Take a shorter guard or window, or other fractions.",
        )
    split = pl.Series("split", place).replace_strict(dict(enumerate(names)), default=None, return_dtype=pl.String)
    return split
