"""Let a set of embeddings follow its images as they are now."""

from __future__ import annotations

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
    """Images that have a vector."""
    dropped: int
    """Vectors whose images are gone."""


def follow(store: Store, name: str, image_set: str, source: Source, shown: pl.LazyFrame, overwrite: bool) -> There:
    """Drop vectors of images that a set no longer has, and number the windows of the others as they are now.

    An image's number says its window, channel and representation, so that one number has one vector. Manifests that
    are built again can number their windows anew.

    Parameters
    ----------
    store : Store
        Under a lease.
    name : str
        Of the set of embeddings.
    image_set : str
    source : Source
    shown : LazyFrame
        Images that are to have a vector.
    overwrite : bool
        Drop all.

    Raises
    ------
    UsageError
        Where the set is of other images or weights.
    """
    table = PREFIX + name
    if not store.tables.exists(table):
        return There(np.empty(0, np.int64), 0)
    there = store.tables.scan(table)
    height = there.select(pl.len()).collect().item()
    if overwrite:
        store.tables.write(table, cast(EMBEDDINGS.empty_table(), EMBEDDINGS))
        return There(np.empty(0, np.int64), int(height))
    _refuse_foreign(store, there, name, image_set, source)
    now = shown.select("image_id", now="window_id")
    joined = there.join(now, on="image_id", how="inner", maintain_order="left").collect()
    if joined.height < height or (joined["window_id"] != joined["now"]).any():
        rows = joined.with_columns(window_id="now").drop("now")
        store.tables.write(table, cast(rows.to_arrow(), EMBEDDINGS))
    return There(joined["image_id"].to_numpy(), int(height - joined.height))


def _refuse_foreign(store: Store, there: pl.LazyFrame, name: str, image_set: str, source: Source) -> None:
    foreign = (pl.col("image_set") != image_set) | (pl.col("weights") != source.weights)
    others = there.filter(foreign).select("image_set", "model", "weights").head(1).collect()
    if others.height:
        images, model, weights = others.row(0)
        raise UsageError(
            f"embeddings {name!r} are of images {images!r}, by {model} with weights {weights[:12]}.",
            where=store.url,
            mend="Choose another --name, or --overwrite: snapshots keep the older vectors.",
        )
