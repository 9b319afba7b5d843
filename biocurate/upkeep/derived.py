"""Move the streams of views: out of parts that have to go, or into fewer ones."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from biocurate.engine import Pool
from biocurate.store.store import Store
from biocurate.upkeep.placing import BATCH
from biocurate.upkeep.transfer import Transfer, places, transfer

TABLE = "derived_streams"


def parts_of(files: Collection[pl.LazyFrame], recordings: Collection[str]) -> set[str]:
    """Parts that hold, or held, samples derived from some recordings.

    Parameters
    ----------
    files : collection of LazyFrame
        Of the table, of every version.
    recordings : collection of str
    """
    found: set[str] = set()
    for rows in files:
        mine = rows.filter(pl.col("recording_id").is_in(list(recordings)) & pl.col("part").is_not_null())
        found |= set(mine.select("part").unique().collect()["part"])
    return found


def move_others(store: Store, parts: Collection[str], recordings: Collection[str], pool: Pool, run_id: str) -> None:
    """Copy what parts hold of other recordings' views into new parts, and say so in their rows.

    Parameters
    ----------
    store : Store
        Under a lease.
    parts : collection of str
    recordings : collection of str
        Whose samples stay behind.
    pool : Pool
    run_id : str
    """
    if not store.tables.exists(TABLE):
        return
    rows = store.tables.scan(TABLE).filter(
        pl.col("part").is_in(list(parts)) & ~pl.col("recording_id").is_in(list(recordings))
    )
    tasks = [
        Transfer(store.objects, store.objects, str(corpus), tuple(places(shared)))
        for (corpus, _), shared in rows.collect().group_by("corpus", "part", maintain_order=True)
    ]
    for _, done in pool.map(transfer, tasks):
        place_derived(store, done.rows, run_id)


def place_derived(store: Store, moved: pl.DataFrame, run_id: str) -> None:
    """Commit new places of derived streams, and a snapshot; nothing else in their rows changes.

    Parameters
    ----------
    store : Store
        Under a lease.
    moved : DataFrame
        stream_id, part, start, part_digest.
    run_id : str
    """
    for some in moved.iter_slices(BATCH):
        ids = some["stream_id"]
        old = store.tables.scan(TABLE).filter(pl.col("stream_id").is_in(ids.implode())).collect()
        new = old.update(some, on="stream_id").select(old.columns)
        store.tables.replace(TABLE, new.to_arrow(), "stream_id", ids.to_list())
    store.publish(run_id)
