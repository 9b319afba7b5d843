"""What measures there are, and what a scored set shows."""

from __future__ import annotations

import polars as pl

from biocurate.curate.quality.build import PREFIX
from biocurate.curate.quality.catalogue import measures
from biocurate.errors import UsageError
from biocurate.store.sql import nearest
from biocurate.store.store import Store


def list_measures() -> pl.DataFrame:
    """List the measures: column, whether a threshold may name it, sensor types, what it says, and its source."""
    rows = [
        {
            "column": each.column,
            "version": each.version,
            "kind": "relative" if each.relative else "absolute",
            "clean": 1 if each.good else 0,
            "sensors": ", ".join(sorted(each.sensors)) or "all",
            "says": each.meaning,
            "source": each.source,
        }
        for each in measures()
    ]
    return pl.DataFrame(rows)


def scored_sets(store: Store) -> list[str]:
    """Names of the window sets that were judged."""
    return [name.removeprefix(PREFIX) for name in store.tables.names() if name.startswith(PREFIX)]


def show_quality(store: Store, name: str) -> pl.DataFrame:
    """Sum up a scored set: a row a sensor type, measure and corpus.

    Returns
    -------
    DataFrame
        Channels of windows, how many have no value, and the 5th, 50th and 95th percentile of the rest.

    Raises
    ------
    UsageError
        Where the set was not judged.
    """
    rows = quality_rows(store, name).join(
        store.recordings.select("recording_id", "corpus"), on="recording_id", how="left"
    )
    columns = [each.column for each in measures() if each.column in rows.collect_schema()]
    long = rows.unpivot(columns, index=["corpus", "sensor_type"], variable_name="measure")
    of_type = {(each.column, str(sensor)) for each in measures() for sensor in each.sensors}
    general = [each.column for each in measures() if not each.sensors]
    found = (
        long.group_by("corpus", "sensor_type", "measure")
        .agg(
            channels=pl.len(),
            without=pl.col("value").null_count(),
            p5=pl.col("value").quantile(0.05),
            median=pl.col("value").median(),
            p95=pl.col("value").quantile(0.95),
        )
        .sort("corpus", "sensor_type", "measure")
        .collect()
    )
    mine = [
        measure in general or (measure, sensor) in of_type
        for measure, sensor in found.select("measure", "sensor_type").iter_rows()
    ]
    return found.filter(pl.Series(mine, dtype=pl.Boolean))


def reasons(store: Store, name: str) -> pl.DataFrame:
    """Count the reasons of a scored set, by sensor type."""
    counted = quality_rows(store, name).group_by("sensor_type", "reason").agg(channels=pl.len())
    return counted.sort("sensor_type", "channels", descending=[False, True]).collect()


def quality_rows(store: Store, name: str) -> pl.LazyFrame:
    """Rows of a scored set; UsageError where it was not judged, StaleError where a recording has been replaced."""
    if not store.tables.exists(PREFIX + name):
        raise UsageError(
            f"window set {name!r} has not been judged.",
            where=store.url,
            mend=f"Judge it: biocurate quality score {name}. {nearest(name, scored_sets(store))}",
        )
    rows = store.tables.scan(PREFIX + name)
    store.check_live(rows, PREFIX + name)
    return rows
