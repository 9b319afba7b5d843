"""Embeddings out of the store: rows by image or window, and the vectors that they name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import DamageError, UsageError
from biocurate.store.arrays import open_array, read_items
from biocurate.store.embedding_schema import EMBEDDINGS
from biocurate.store.item_parts import item_key
from biocurate.store.item_sets import rows_of, sets_of
from biocurate.store.store import Store

PREFIX = "embeddings/"


def embedding_sets(store: Store) -> list[str]:
    """Names of the store's sets of embeddings."""
    return sets_of(store.tables, PREFIX)


def embedding_rows(store: Store, name: str) -> pl.LazyFrame:
    """Rows of a set of embeddings; columns that joined after it was made are null.

    Raises
    ------
    StoreError
        Where there is no such set.
    StaleError
        Where vectors were made from recordings that have been replaced.
    """
    make = f"biocurate zoo embed MODEL --images SET --name {name}, or --manifest NAME of models of samples;"
    rows = rows_of(store, PREFIX, name, called="are no embeddings", make=make)
    there = rows.collect_schema()
    joined = {key: kind for key, kind in pl.Schema(EMBEDDINGS).items() if key not in there}
    return rows.with_columns(pl.lit(None, kind).alias(key) for key, kind in joined.items())


def read_embeddings(store: Store, rows: pl.DataFrame) -> NDArray[np.float32]:
    """Read vectors, shape (rows, width), float32, in the order of ``rows``.

    Raises
    ------
    DamageError
        Where a stored byte is missing or changed.
    UsageError
        Where there is no row.
    """
    if rows.is_empty():
        raise UsageError("there is no embedding to read.", where="read_embeddings")
    out: NDArray[np.float32] | None = None
    for places, vectors in each_part(store, rows):
        out = np.empty((rows.height, vectors.shape[1]), dtype=np.float32) if out is None else out
        out[places] = vectors
    assert out is not None
    return out


def each_part(store: Store, rows: pl.DataFrame) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Vectors part by part, with their places in ``rows``: as much memory as a part takes."""
    placed = rows.select("part", "part_digest", "row").with_row_index("place")
    for (part, digest), group in placed.group_by("part", "part_digest", maintain_order=True):
        try:
            reader = open_array(store.objects, item_key(PREFIX, str(part)), str(digest))
            vectors = read_items(reader, group["row"].cast(pl.Int64).to_numpy())
        except DamageError as error:
            mend = "Restore the store from a copy, or make them again: biocurate zoo embed … --overwrite"
            raise DamageError(error.what, where=error.where, mend=mend) from error
        yield group["place"].cast(pl.Int64).to_numpy(), vectors
