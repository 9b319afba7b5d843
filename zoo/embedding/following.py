"""Let a set of embeddings follow its images or windows as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.store.embedding_schema import EMBEDDINGS
from biocurate.store.embeddings import PREFIX
from biocurate.store.schema import cast
from biocurate.store.store import Store
from zoo.embedding.source import Source


@dataclass(frozen=True)
class There:
    """What a set holds before vectors are made."""

    ids: NDArray[np.int64]
    """Images or windows that have a vector."""
    dropped: int
    """Vectors whose images or windows are gone."""


def follow(
    store: Store, name: str, source: Source, shown: pl.LazyFrame, of: Mapping[str, str | None], overwrite: bool
) -> There:
    """Drop vectors of what is there no more, and number the windows of the others as they are now.

    The number of an image says its window, channel and representation, and so does that of a window's samples: one
    number has one vector. Manifests that are built again can number their windows anew.

    Parameters
    ----------
    store : Store
        Under a lease.
    name : str
        Of the set of embeddings.
    source : Source
    shown : LazyFrame
        ``image_id`` and ``window_id`` of what is to have a vector.
    of : mapping of str to str
        Columns that all rows of the set share: what its vectors are of.
    overwrite : bool
        Drop all.

    Raises
    ------
    UsageError
        Where the set is of other images, windows or weights.
    """
    table = PREFIX + name
    if not store.tables.exists(table):
        return There(np.empty(0, np.int64), 0)
    there = store.tables.scan(table)
    height = there.select(pl.len()).collect().item()
    if overwrite:
        store.tables.write(table, cast(EMBEDDINGS.empty_table(), EMBEDDINGS))
        return There(np.empty(0, np.int64), int(height))
    _refuse_foreign(store, there, name, source, of)
    now = shown.select("image_id", now="window_id")
    joined = there.join(now, on="image_id", how="inner", maintain_order="left").collect()
    if joined.height < height or (joined["window_id"] != joined["now"]).any():
        rows = joined.with_columns(window_id="now").drop("now")
        store.tables.write(table, cast(rows.to_arrow(), EMBEDDINGS))
    return There(joined["image_id"].to_numpy(), int(height - joined.height))


def _refuse_foreign(store: Store, there: pl.LazyFrame, name: str, source: Source, of: Mapping[str, str | None]) -> None:
    wanted = {**of, "weights": source.weights}
    foreign = pl.any_horizontal(pl.col(key).ne_missing(pl.lit(value, pl.String)) for key, value in wanted.items())
    others = there.filter(foreign).head(1).collect()
    if others.height:
        own = others.row(0, named=True)
        what = f"images {own['image_set']!r}"
        if own["image_set"] is None:
            what = f"windows of {own['manifest']!r}, {own['representation']}"
        raise UsageError(
            f"embeddings {name!r} are of {what}, by {own['model']} with weights {own['weights'][:12]}.",
            where=store.url,
            mend="Choose another --name, or --overwrite: snapshots keep the older vectors.",
        )
