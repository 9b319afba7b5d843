"""What a window set holds, counted from the table itself."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from biocurate.curate.windows.columns import Columns
from biocurate.store.store import Store

AT_ONCE = 1_000_000
"""Windows that are counted at once: distinct values of all of them together take three times the memory."""


@dataclass(frozen=True)
class Summary:
    """What a window set holds."""

    name: str
    windows: int
    recordings: int
    persons: int
    combinations: pl.DataFrame
    """sensor_types, windows, recordings: the most frequent combination first."""
    labels: pl.DataFrame
    """label, value (null: none), windows, persons."""
    contradicted: dict[str, int]
    """Of each label, windows that have none because annotations contradict each other."""
    snapshot_id: int


def summarise(store: Store, name: str, columns: Columns, snapshot_id: int) -> Summary:
    """Count windows, recordings and persons, by sensor types and by labels; shares have no counts."""
    rows = store.tables.scan(f"windows/{name}")
    counts = _counts(rows.select("sensor_types", "recording_id", "person"))
    combinations = (
        counts.group_by(sensor_types=pl.col("sensor_types").list.join("+"))
        .agg(pl.col("windows").sum(), recordings=pl.col("recording_id").n_unique())
        .sort("windows", "sensor_types", descending=[True, False])
    )
    counted = [_counted(rows, label.name, label.rule == "list") for label in columns.labels if label.rule != "fraction"]
    empty = pl.DataFrame(schema={"label": pl.String, "value": pl.String, "windows": pl.UInt32, "persons": pl.UInt32})
    return Summary(
        name=name,
        windows=int(counts["windows"].sum()),
        recordings=counts["recording_id"].n_unique(),
        persons=counts["person"].n_unique(),
        combinations=combinations,
        labels=pl.concat(counted or [empty]),
        contradicted=columns.contradicted,
        snapshot_id=snapshot_id,
    )


def _counts(rows: pl.LazyFrame, list_of: str | None = None) -> pl.DataFrame:
    """How many rows there are of each combination of the values that occur, in ``windows``.

    Parameters
    ----------
    rows : LazyFrame
    list_of : str, optional
        A column of lists, whose values count one by one.
    """
    n_rows = rows.select(pl.len()).collect().item()
    names = rows.collect_schema().names()
    found = []
    for first in range(0, max(n_rows, 1), AT_ONCE):
        some = rows.slice(first, AT_ONCE)
        some = some if list_of is None else some.explode(list_of)
        found.append(some.group_by(names).agg(windows=pl.len()).collect(engine="streaming"))
    return pl.concat(found).group_by(names).agg(pl.col("windows").sum())


def _counted(rows: pl.LazyFrame, name: str, many: bool) -> pl.DataFrame:
    return (
        _counts(rows.select("person", value=pl.col(name)), "value" if many else None)
        .group_by(label=pl.lit(name), value=pl.col("value"))
        .agg(pl.col("windows").sum(), persons=pl.col("person").n_unique())
        .sort("value", nulls_last=True)
    )
