"""Take out of a store what `ingest --keep-identifiers` put into it, and out of every older version of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from biocurate.ingest.identifiers import COLUMN, dated, drop_identifiers
from biocurate.store.runs import Run
from biocurate.store.snapshots import drop_snapshots
from biocurate.store.store import Store
from biocurate.upkeep.history import data_files, purge
from biocurate.upkeep.traces import clean_snapshots, versioned
from biocurate.upkeep.withdraw import versions_to_keep

TABLE = "recordings"
"""The one table that holds identifiers."""


@dataclass
class Unnamed:
    """What went."""

    recordings: int = 0
    """That held identifiers in the rows as they stood."""
    snapshots_dropped: list[int] = field(default_factory=list)
    files: int = 0
    """Files of the table, old versions among them, that were removed."""
    snapshot_id: int = 0


def forget_identifiers(store: Store) -> Unnamed:
    """Take names, dates and header text out of a store; recordings, windows and manifests stay as they are.

    Snapshots that hold some are dropped, and every file of the table that no other snapshot needs is removed, with what
    the table's log said of it. Killed anywhere, the same command goes on.

    Raises
    ------
    LeaseError
        While another process writes to the store.
    """
    run = Run("forget", "identifiers", {})
    with store.lease("biocurate forget --identifiers", run.run_id):
        outcome = Unnamed(recordings=drop_identifiers(store))
        run.finish(store, done=outcome.recordings)
        outcome.snapshot_id = store.publish(run.run_id)
        hot = {name: frozenset[str]() for name in versioned(store)}
        hot[TABLE] = frozenset(file for file in data_files(store.objects, TABLE) if _holds(store, file))
        kept, outcome.snapshots_dropped = clean_snapshots(store, hot)
        drop_snapshots(store, outcome.snapshots_dropped)
        outcome.files = purge(store.tables, TABLE, versions_to_keep(store, TABLE, kept))
    return outcome


def _holds(store: Store, file: str) -> bool:
    """Whether a file of the table, of whatever version, has a row with identifiers; what cannot be read may have."""
    try:
        rows = pl.scan_parquet(f"{store.tables.url(TABLE)}/{file}", glob=False)
        if COLUMN not in rows.collect_schema():
            return False
        return rows.filter(pl.col(COLUMN).is_not_null() | dated()).head(1).collect().height > 0
    except (pl.exceptions.PolarsError, OSError):
        return True  # the rest of a killed write
