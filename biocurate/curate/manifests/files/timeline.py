"""When each recording of a person begins, so that a person and a time name one place.

A store keeps no dates: recordings of one day may all begin at the epoch.
"""

from __future__ import annotations

import polars as pl

DAY_NS = 24 * 3600 * 1_000_000_000
"""Between two recordings that are laid one after the other."""


def timeline(rows: pl.DataFrame, recordings: pl.DataFrame) -> pl.DataFrame:
    """Find a start for every recording, such that no two of a person overlap.

    Where they do, or where one of several does not say when it began, all of that person's are laid out from the epoch
    on, in the order of their names, each beginning a day after the end of the one before. All others begin as they say.

    Parameters
    ----------
    rows : DataFrame
        Windows: recording_id, person, t0_ns, duration_ns.
    recordings : DataFrame
        recording_id, start_ns (after the person's first recording began, or null), length_ns.

    Returns
    -------
    DataFrame
        recording_id, person, told (whether it says when it began), begin_ns, laid_out.
    """
    used = (
        rows.group_by("recording_id", "person")
        .agg(end=(pl.col("t0_ns") + pl.col("duration_ns")).max())
        .join(recordings, on="recording_id", how="left")
        .with_columns(
            length=pl.max_horizontal("end", "length_ns"),
            start=pl.col("start_ns").fill_null(0),
            told=pl.col("start_ns").is_not_null(),
        )
        .sort("person", "start", "recording_id")
    )
    end = (pl.col("start") + pl.col("length")).cum_max().shift(1).over("person")
    unclear = (pl.col("start") < end).any().over("person") | (~pl.col("told").all() & (pl.len() > 1)).over("person")
    laid = (pl.col("length") + DAY_NS).cum_sum().shift(1, fill_value=0).over("person")
    return (
        used.with_columns(laid_out=unclear.fill_null(value=False))
        .sort("person", "recording_id")
        .with_columns(begin_ns=pl.when("laid_out").then(laid).otherwise("start"))
        .select("recording_id", "person", "told", "begin_ns", "laid_out")
    )
