"""Starts of recordings when two stores are joined: each counts from the first recording that it has of a person."""

from __future__ import annotations

import polars as pl


def aligned(mine: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Starts of a person's recordings of both stores on one clock.

    A recording that both have tells how far the two clocks lie apart. Where none does, or several disagree, the starts
    of the other store's recordings are not known: they are null, never guessed.

    Parameters
    ----------
    mine, theirs : DataFrame
        recording_id, person, start_ns.

    Returns
    -------
    DataFrame
        recording_id, start_ns of every recording of either store; the first of a person starts at 0 where it is known
        which one that is.
    """
    both = mine.join(theirs, on=["recording_id", "person"], suffix="_there").drop_nulls(["start_ns", "start_ns_there"])
    offsets = (
        both.select("person", offset=pl.col("start_ns") - pl.col("start_ns_there"))
        .unique()
        .filter(pl.len().over("person") == 1)
    )
    timed = mine.drop_nulls("start_ns").select("person").unique()
    # A person whom only the other store has, or has times of, keeps its clock.
    new = theirs.join(mine.select("recording_id"), on="recording_id", how="anti")
    alone = new.join(timed, on="person", how="anti").with_columns(offset=pl.lit(0, pl.Int64))
    known = new.join(timed, on="person", how="semi").join(offsets, on="person", how="left")
    moved = pl.concat([alone, known.select(alone.columns)]).with_columns(start_ns=pl.col("start_ns") + pl.col("offset"))
    everyone = pl.concat([mine.select("recording_id", "person", "start_ns"), moved.select(mine.columns)])
    # One that came before all others moves them; without it a clock stays as it was.
    early = pl.min_horizontal(pl.col("start_ns").min().over("person"), pl.lit(0, pl.Int64))
    return everyone.select("recording_id", start_ns=pl.col("start_ns") - early)
