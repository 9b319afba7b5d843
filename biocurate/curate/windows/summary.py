"""What a window set holds, counted from the table itself."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from biocurate.curate.windows.columns import Columns
from biocurate.store.store import Store


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
    totals = rows.select(pl.len(), pl.col("recording_id").n_unique(), pl.col("person").n_unique())
    n_windows, n_recordings, n_persons = totals.collect(engine="streaming").row(0)
    combinations = (
        rows.group_by(sensor_types=pl.col("sensor_types").list.join("+"))
        .agg(windows=pl.len(), recordings=pl.col("recording_id").n_unique())
        .sort("windows", "sensor_types", descending=[True, False])
        .collect(engine="streaming")
    )
    counted = [_counted(rows, label.name, label.rule == "list") for label in columns.labels if label.rule != "fraction"]
    empty = pl.LazyFrame(schema={"label": pl.String, "value": pl.String, "windows": pl.UInt32, "persons": pl.UInt32})
    return Summary(
        name=name,
        windows=n_windows,
        recordings=n_recordings,
        persons=n_persons,
        combinations=combinations,
        labels=pl.concat(counted or [empty]).collect(engine="streaming"),
        contradicted=columns.contradicted,
        snapshot_id=snapshot_id,
    )


def _counted(rows: pl.LazyFrame, name: str, many: bool) -> pl.LazyFrame:
    values = rows.select("person", value=pl.col(name))
    return (
        (values.explode("value") if many else values)
        .group_by(label=pl.lit(name), value=pl.col("value"))
        .agg(windows=pl.len(), persons=pl.col("person").n_unique())
        .sort("value", nulls_last=True)
    )
