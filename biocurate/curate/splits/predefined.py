"""Splits that a corpus' authors made."""

from __future__ import annotations

import polars as pl

from biocurate.curate.splits.rule import PredefinedSplit
from biocurate.errors import ManifestError
from biocurate.store.sql import nearest

NAMED = 3
"""Persons that an error names."""


def predefined(rows: pl.DataFrame, rule: PredefinedSplit) -> pl.Series:
    """Place each window by the value of a label column.

    Parameters
    ----------
    rows : DataFrame
        Windows: person, and the rule's column.
    rule : PredefinedSplit

    Returns
    -------
    Series of str; null where the value has no split

    Raises
    ------
    ManifestError
        Where the column is not there, a split stays empty, or a person is in two.
    """
    if rule.column not in rows.columns:
        raise ManifestError(
            f"the windows have no column {rule.column!r} to split by.",
            where="split",
            mend=f"Cut them with `labels: [{rule.column}]`. {nearest(rule.column, rows.columns)}",
        )
    value = rows[rule.column].cast(pl.String)
    split = value.replace_strict(rule.map, default=rule.rest, return_dtype=pl.String)
    split = pl.select(pl.when(value.is_not_null()).then(split)).to_series().alias("split")
    wanted = dict.fromkeys([*rule.map.values(), *([rule.rest] if rule.rest else [])])
    empty = [name for name in wanted if name not in set(split)]
    if empty:
        there = ", ".join(value.drop_nulls().unique().sort()) or "no value"
        raise ManifestError(
            f"no window falls into {' and '.join(empty)}.", where="split", mend=f"Column {rule.column!r} has: {there}."
        )
    sides = rows.select("person", split=split).drop_nulls().group_by("person").agg(pl.col("split").n_unique())
    both = sides.filter(pl.col("split") > 1)["person"].sort()
    if len(both):
        named = ", ".join(both.head(NAMED))
        raise ManifestError(
            f"{len(both):,} persons are in two splits by {rule.column!r}, such as {named}.",
            where="split",
            mend="A person is on one side. Split by another column, or by a method of persons.",
        )
    return split
