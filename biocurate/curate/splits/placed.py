"""Persons that an earlier build placed, so that they stay where they are."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from biocurate.store.schema import cast
from biocurate.store.split_schema import SPLITS
from biocurate.store.store import Store

TABLE = "splits"


def placed(store: Store, name: str) -> Mapping[str, str]:
    """Split of each person that a manifest's builds have placed; empty before the first."""
    if not store.tables.exists(TABLE):
        return {}
    rows = store.tables.scan(TABLE).filter(pl.col("name") == name).collect()
    return dict(rows.select("person", "split").iter_rows())


def keep_placed(store: Store, name: str, rows: pl.DataFrame) -> None:
    """Keep where a manifest's persons are; those who are not in it now keep their place, too."""
    now = dict(rows.select("person", "split").unique().iter_rows())
    kept = sorted((dict(placed(store, name)) | now).items())
    table = pl.DataFrame(kept, schema=["person", "split"], orient="row").with_columns(name=pl.lit(name))
    store.tables.replace(TABLE, cast(table.to_arrow(), SPLITS), "name", [name])
