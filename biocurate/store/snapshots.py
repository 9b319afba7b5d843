"""Drop snapshots: what only they refer to can be removed then."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import polars as pl

from biocurate.errors import UsageError
from biocurate.store.store import Store

BATCH = 5_000
"""Snapshots a commit: Delta's predicate names each of them."""


def droppable(store: Store, *, keep: int | None = None, before: datetime | None = None) -> list[int]:
    """Snapshots that a rule lets go: never the newest, nor one that a built manifest was made from.

    Parameters
    ----------
    store : Store
    keep : int, optional
        All but the newest so many go.
    before : datetime, optional
        Those published before go. With both, a snapshot goes where both say so.

    Returns
    -------
    list of int, sorted; empty where neither rule is given
    """
    if keep is None and before is None:
        return []
    rows = store.snapshots.select("snapshot_id", "time").sort("snapshot_id").collect()
    built = store.tables.scan("manifests").select("snapshot_id").collect()["snapshot_id"]
    newest = rows["snapshot_id"].tail(max(keep or 0, 1))
    stays = pl.col("snapshot_id").is_in([*built, *newest])
    if before is not None:
        stays |= pl.col("time") >= before
    return rows.filter(~stays)["snapshot_id"].to_list()


def drop_snapshots(store: Store, ids: Collection[int]) -> None:
    """Take snapshots off the list; `--at` knows them no more, and their numbers are not given again."""
    listed = sorted(ids)
    empty = store.snapshots.head(0).collect().to_arrow()
    for start in range(0, len(listed), BATCH):
        store.tables.replace("snapshots", empty, "snapshot_id", listed[start : start + BATCH])


def day(text: str) -> datetime:
    """The moment that an ISO date or time begins, in UTC where it names no zone; UsageError where it is neither."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no date.", mend="Write it as 2026-11-22 or 2026-11-22T14:30.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
