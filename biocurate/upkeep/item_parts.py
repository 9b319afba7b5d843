"""Write a part of images or embeddings again without those of some recordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import polars as pl

from biocurate.engine import Pool
from biocurate.store.arrays import ArrayReader, ArrayWriter, read_items
from biocurate.store.item_parts import item_key, item_tables
from biocurate.store.objects import Objects
from biocurate.store.store import Store

ROWS = 4_096
"""Items that are in memory at once."""


@dataclass(frozen=True)
class Rewrite:
    """The items of one part that stay."""

    objects: Objects
    table: str
    part: str
    rows: pl.DataFrame


def without(store: Store, parts: frozenset[str], recordings: frozenset[str], pool: Pool) -> Counter[str]:
    """Publish parts anew, as far as they hold items of other recordings than these.

    Parameters
    ----------
    store : Store
        Under a lease.
    parts : set of str
        Parts that hold items of these recordings, or have.
    recordings : set of str
        Ids.
    pool : Pool

    Returns
    -------
    Counter
        How many items are gone, of ``images`` and of ``embeddings``.
    """
    gone: Counter[str] = Counter()
    for table in item_tables(store.tables):
        rows = store.tables.scan(table).filter(pl.col("part").is_in(list(parts))).collect()
        stay = rows.filter(~pl.col("recording_id").is_in(list(recordings)))
        for task, made in pool.map(rewrite, _tasks(store, table, rows, stay)):
            # One commit puts the others' items into the new part, and takes the person's with the old one.
            store.tables.replace(table, made.to_arrow(), "part", [task.part, *made["part"].unique()])
        gone[table.partition("/")[0]] += rows.height - stay.height
    return gone


def _tasks(store: Store, table: str, rows: pl.DataFrame, stay: pl.DataFrame) -> Iterator[Rewrite]:
    for part in rows["part"].unique().sort():
        yield Rewrite(store.objects, table, part, stay.filter(pl.col("part") == part).sort("row"))


def rewrite(task: Rewrite) -> pl.DataFrame:
    """Copy the items that stay into a part of their own; returns their rows, which differ in nothing but the place."""
    if task.rows.is_empty():
        return task.rows
    reader = ArrayReader(task.objects, item_key(task.table, task.part), task.rows["part_digest"][0])
    part = f"{task.part.rpartition('-')[0]}-{uuid4().hex[:12]}"
    key, codec, said = item_key(task.table, part), reader.codec.name, reader.attributes
    writer = ArrayWriter(task.objects, key, reader.layout, reader.dtype, codec, said)
    for some in task.rows.iter_slices(ROWS):
        writer.append(read_items(reader, some["row"].to_numpy().astype(np.int64)))
    digest = writer.close()
    rows = pl.int_range(pl.len(), dtype=pl.Int64)
    return task.rows.with_columns(part=pl.lit(part), row=rows, part_digest=pl.lit(digest)).select(task.rows.columns)
