"""What changed between two manifests: windows that entered or left, and those whose label or split is another."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

KEY = ("recording_id", "t0_ns", "duration_ns")
"""What makes two windows the same one."""

CHANGES = ("entered", "left", "label", "split", "revision")
"""Kinds of change. revision: the recording was read anew, from other files or by another recipe."""


def diff(before: pl.DataFrame, after: pl.DataFrame, unlabelled: Collection[str] = ()) -> pl.DataFrame:
    """Compare the windows of two manifests.

    Parameters
    ----------
    before, after : DataFrame
        Rows of manifests: recording_id, revision, corpus, t0_ns, duration_ns, label (a text or a list), split.
    unlabelled : collection of str
        Corpora whose labels one of them does not have: these are not compared.

    Returns
    -------
    DataFrame
        One row a change: recording_id, corpus, t0_ns, duration_ns, change, label (the newer one, else the older),
        before, after (of a label or split); by recording, time and kind of change.
    """
    joined = _kept(before).join(_kept(after), on=[*KEY, "nth"], how="full", suffix="_after", coalesce=True)
    both = pl.col("corpus").is_not_null() & pl.col("corpus_after").is_not_null()
    said = ~pl.coalesce("corpus_after", "corpus").is_in(list(unlabelled))
    found = [
        _changed(joined, pl.col("corpus").is_null(), "entered"),
        _changed(joined, pl.col("corpus_after").is_null(), "left"),
        _changed(joined, both & said & _differs("label"), "label", "label"),
        _changed(joined, both & _differs("split"), "split", "split"),
        _changed(joined, both & _differs("revision"), "revision"),
    ]
    return pl.concat(found).sort(*KEY, pl.col("change").cast(pl.Enum(CHANGES)))


def counts(changes: pl.DataFrame) -> pl.DataFrame:
    """Windows of each corpus, kind of change and label, the kinds in the order of `CHANGES`."""
    by = ["corpus", "change", "label", "before", "after"]
    grouped = changes.group_by(by).agg(windows=pl.len(), recordings=pl.col("recording_id").n_unique())
    return grouped.sort("corpus", pl.col("change").cast(pl.Enum(CHANGES)), "label", "before", "after", nulls_last=True)


def _kept(rows: pl.DataFrame) -> pl.DataFrame:
    """Columns that are compared; labels as text. Windows at one place, as of two marks, are told apart by number."""
    label = pl.col("label").list.join(" | ") if rows.schema["label"] == pl.List(pl.String) else pl.col("label")
    kept = rows.select(*KEY, "corpus", "revision", label.cast(pl.String), "split").sort(*KEY, "label", "split")
    return kept.with_columns(nth=pl.int_range(pl.len()).over(*KEY))


def _differs(name: str) -> pl.Expr:
    return pl.col(name).ne_missing(pl.col(f"{name}_after"))


def _changed(joined: pl.DataFrame, which: pl.Expr, change: str, of: str | None = None) -> pl.DataFrame:
    nothing = pl.lit(None, pl.String)
    return joined.filter(which).select(
        "recording_id",
        pl.coalesce("corpus_after", "corpus").alias("corpus"),
        "t0_ns",
        "duration_ns",
        change=pl.lit(change),
        label=pl.coalesce("label_after", "label"),
        before=pl.col(of) if of else nothing,
        after=pl.col(f"{of}_after") if of else nothing,
    )
