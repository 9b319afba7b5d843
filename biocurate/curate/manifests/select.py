"""What a manifest selects: windows by SQL, and their labels by the definition's names."""

from __future__ import annotations

import polars as pl

from biocurate.curate.manifests.definition import Definition, LabelRule
from biocurate.curate.manifests.numbers import numbers_of, of_recordings
from biocurate.errors import ManifestError, QueryError
from biocurate.store.schema import WINDOWS
from biocurate.store.sql import condition, nearest, run
from biocurate.store.store import Store

OF_RECORDING = ("session", "run", "age", "sex", "licence", "access")
"""Columns of the recording that a selection can name beside those of its windows."""


def select(store: Store, definition: Definition) -> pl.DataFrame:
    """Windows that a definition selects, whatever their labels, by recording and time.

    Raises
    ------
    ManifestError
        Where there is no such window set, or nothing is selected.
    """
    window_set = definition.window_set
    table = f"windows/{window_set}"
    if not store.tables.exists(table):
        known = [name.removeprefix("windows/") for name in store.tables.names() if name.startswith("windows/")]
        raise ManifestError(
            f"there is no window set {window_set!r}.", where=definition.name, mend=nearest(window_set, known)
        )
    cut = store.windows(window_set)
    rows = cut.collect()
    if definition.where is not None or definition.query is not None:
        rows = rows.filter(pl.col("window_id").is_in(_chosen(store, definition, cut).implode()))
    _refuse_empty(rows, definition, "no window is selected by `where` or `query`")
    return rows.sort("recording_id", "t0_ns")


def _chosen(store: Store, definition: Definition, cut: pl.LazyFrame) -> pl.Series:
    """Numbers of the windows that the definition's SQL selects."""
    of_recordings = store.recordings.select("recording_id", *OF_RECORDING)
    # A label column of the same name as a recording's hides it.
    wide = cut.join(of_recordings, on="recording_id", how="left", suffix="_of_recording")
    relations = store.live_relations() | {"windows": lambda: wide}
    try:
        query = definition.query or f"SELECT window_id FROM windows WHERE {condition(definition.where or 'true')}"
        found = run(query, relations)
    except QueryError as error:
        raise ManifestError(error.what, where=f"{definition.name}: {error.where}", mend=error.mend) from error
    if "window_id" not in found.columns:
        raise ManifestError(
            f"the query returns {', '.join(found.columns)}, and no window_id.",
            where=definition.name,
            mend="Write: SELECT window_id FROM windows WHERE ...",
        )
    return found["window_id"].unique()


def labelled(store: Store, rows: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    """Windows with the definition's label, a text, a list of texts or a number; those without one are left out.

    Raises
    ------
    ManifestError
        Where the column is not there, no label is left, or what is to be a number is none.
    """
    rule = definition.label
    if rule is None:
        return rows.with_columns(label=pl.lit(None, pl.String))
    if rule.of_recording and rule.column not in rows.columns:
        return numbers_of(rows, of_recordings(store, rows, rule.column), f"{definition.name}: label")
    extra = [name for name in rows.columns if name not in WINDOWS.names]
    if rule.column not in rows.columns:
        raise ManifestError(
            f"the windows have no column {rule.column!r}.",
            where=f"{definition.name}: label",
            mend=f"{nearest(rule.column, extra)} Cut the windows with `labels: [{rule.column}]`.",
        )
    if rule.kind == "number":
        return numbers_of(rows, rows[rule.column], f"{definition.name}: label")
    many = rows.schema[rule.column] == pl.List(pl.String)
    if many:
        renamed = pl.col(rule.column).list.eval(_renamed(pl.element(), rule).drop_nulls().unique().sort())
        found = rows.with_columns(label=renamed).filter(pl.col("label").list.len() > 0)
    else:
        renamed = _renamed(pl.col(rule.column).cast(pl.String), rule)
        found = rows.with_columns(label=renamed).filter(pl.col("label").is_not_null())
    if found.is_empty():
        there = (rows[rule.column].explode() if many else rows[rule.column]).cast(pl.String)
        raise ManifestError(
            "no selected window has a label that the definition names.",
            where=f"{definition.name}: label",
            mend=f"Column {rule.column!r} has: {', '.join(there.drop_nulls().unique().sort()) or 'no value'}.",
        )
    return found


def _renamed(value: pl.Expr, rule: LabelRule) -> pl.Expr:
    """What a value is called; null where the definition has no place for it."""
    if rule.map is not None:
        value = value.replace_strict(rule.map, default=None, return_dtype=pl.String)
    return value if rule.keep is None else pl.when(value.is_in(rule.keep)).then(value)


def _refuse_empty(rows: pl.DataFrame, definition: Definition, what: str) -> None:
    if rows.is_empty():
        stated = definition.query or definition.where or "no condition"
        raise ManifestError(f"{what}: {' '.join(stated.split())}.", where=definition.name, mend="Nothing was written.")
