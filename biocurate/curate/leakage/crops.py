"""Streams that share a stretch, wherever it lies in either: by equal runs of numbers, or by shapes at marks."""

from __future__ import annotations

import numpy as np
import polars as pl

from biocurate.curate.leakage.near import NEIGHBOURS, near_copies
from biocurate.curate.leakage.stored import vectors_of

SHARED = 2
"""Hashes that two streams have in common where they share a stretch; a lone one may be a device's habit."""

ALIKE = 0.93
"""Least cosine of two shapes: marks of two hearts both lie on a beat, so that chance brings these closer together than
beginnings are (docs/decisions/leakage.md)."""

PAIRS = pl.Schema({"row_a": pl.Int64, "row_b": pl.Int64, "alike": pl.Float64})


def sharing_numbers(streams: pl.DataFrame) -> pl.DataFrame:
    """Pairs of streams with equal runs of stored numbers.

    Parameters
    ----------
    streams : DataFrame
        With ``grams``, bytes of int64.

    Returns
    -------
    DataFrame with columns row_a < row_b (rows of ``streams``) and alike (1)
    """
    each = [np.frombuffer(held or b"", dtype="<i8") for held in streams["grams"].to_list()]
    if not each:
        return pl.DataFrame(schema=PAIRS)
    row = np.repeat(np.arange(len(each)), [held.size for held in each])
    held = pl.DataFrame({"gram": np.concatenate(each), "row": row}, schema={"gram": pl.Int64, "row": pl.Int64})
    shared = held.filter(pl.len().over("gram") > 1).sort("gram", "row")
    # Each with the next few that have its hash: what hundreds share makes no square of them.
    neighbours = [
        shared.select(row_a="row", row_b=pl.col("row").shift(-step).over("gram")).drop_nulls()
        for step in range(1, NEIGHBOURS + 1)
    ]
    counted = pl.concat(neighbours).group_by("row_a", "row_b").len().filter(pl.col("len") >= SHARED)
    return counted.select("row_a", "row_b", alike=pl.lit(1.0)).sort("row_a", "row_b")


def sharing_shapes(streams: pl.DataFrame) -> pl.DataFrame:
    """Pairs of streams with a shape that is the other's after resampling or scaling.

    Parameters
    ----------
    streams : DataFrame
        With ``shapes``.

    Returns
    -------
    DataFrame with columns row_a < row_b (rows of ``streams``) and alike (the greatest cosine of two shapes)
    """
    vectors, row = vectors_of(streams, "shapes")
    near = near_copies(vectors, alike=ALIKE)
    both = np.sort(np.stack([row[near.a], row[near.b]], axis=1), axis=1)
    pairs = pl.DataFrame({"row_a": both[:, 0], "row_b": both[:, 1], "alike": near.cosine}, schema=PAIRS)
    apart = pairs.filter(pl.col("row_a") != pl.col("row_b"))
    return apart.group_by("row_a", "row_b").agg(pl.col("alike").max()).sort("row_a", "row_b")
