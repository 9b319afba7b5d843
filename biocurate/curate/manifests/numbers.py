"""Labels that are numbers: a rate, a score, the age of who is recorded."""

from __future__ import annotations

import polars as pl

from biocurate.errors import ManifestError
from biocurate.store.store import Store

FEW = 5
"""Values that an error shows."""


def of_recordings(store: Store, rows: pl.DataFrame, column: str) -> pl.Series:
    """A column of the recordings, one value a window."""
    known = store.recordings.select("recording_id", column).unique("recording_id").collect()
    return rows.select("recording_id").join(known, on="recording_id", how="left", maintain_order="left")[column]


def numbers_of(rows: pl.DataFrame, values: pl.Series, where: str) -> pl.DataFrame:
    """Windows with a number as their label; those without a value are left out.

    Parameters
    ----------
    rows : DataFrame
    values : Series
        One a window: numbers, or texts that are numbers.
    where : str
        What an error is of.

    Raises
    ------
    ManifestError
        Where a value is no finite number, or there is none.
    """
    if values.dtype == pl.List(pl.String):
        what = f"column {values.name!r} has lists, and a list is no number."
        raise ManifestError(what, where=where, mend="Cut the column with rule majority, single or onset.")
    label = values.cast(pl.Float64, strict=False)
    wrong = values.filter(values.is_not_null() & ~label.is_finite().fill_null(False)).unique().sort()
    if wrong.len():
        shown = ", ".join(map(repr, wrong.cast(pl.String).head(FEW)))
        more = f" and {wrong.len() - FEW} others" if wrong.len() > FEW else ""
        mend = "Write numbers with a point, leave such windows out by `where`, or take `kind: class`."
        raise ManifestError(f"column {values.name!r} has what is no number: {shown}{more}.", where=where, mend=mend)
    found = rows.with_columns(label=label).filter(pl.col("label").is_not_null())
    if found.is_empty():
        mend = "Label the recordings, or choose another column."
        raise ManifestError(f"column {values.name!r} has no value in any selected window.", where=where, mend=mend)
    return found
