"""Embed the images of a set into the store: what is there is not made again, and a killed run goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
import torch
from numpy.typing import NDArray

from biocurate.engine import Progress, Silent
from biocurate.images.making.commits import committing
from biocurate.images.reading.blocks import StoredImages
from biocurate.images.reading.pieces import finish
from biocurate.images.reading.stored import image_rows
from biocurate.store.embeddings import PREFIX
from biocurate.store.runs import Run
from biocurate.store.store import Store
from zoo.embedding.following import follow
from zoo.embedding.parts import Outcome, check_name, named, written
from zoo.embedding.source import Source

PART_IMAGES = 4096
"""Vectors of a part: what a killed run loses at most, beside what waits to be published."""

KEPT = ("image_id", "window_id", "recording_id", "revision", "t0_ns", "duration_ns", "stream_no", "channel")
"""What a row says of its image, beside the representation and the manifest."""


def embed(
    store: Store,
    source: Source,
    image_set: str,
    name: str | None = None,
    *,
    batch_size: int = 32,
    device: str = "cpu",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Embed every image of a set that shows something.

    Images are taken in the order in which they are stored, so that each block is decoded once. A set of embeddings is
    of one set of images and of one model's weights, and follows the images: those that are gone leave it, those that
    are new join it at the next run.

    Parameters
    ----------
    store : Store
    source : Source
    image_set : str
    name : str, optional
        ``<image set>-<source>`` where left out.
    batch_size : int
        Images that the model is given at once.
    device : str
        ``cpu`` or ``cuda``.
    overwrite : bool
        Make all vectors anew, and drop what the set holds.
    progress : Progress, optional
        Is told of images.

    Raises
    ------
    StoreError
        Where there is no such set of images.
    StaleError
        Where images were made from recordings that have been replaced.
    UsageError
        Where the name is none, or a set of this name is of other images or weights.
    ModelError
        Where the model takes no images.
    DamageError
        Where a stored byte is missing or changed.
    LeaseError
        While another process writes to the store.
    """
    source.pixels  # noqa: B018  # a model of samples is refused before anything is looked up
    bar, began = progress or Silent(), time.monotonic()
    found = Outcome(name or named(image_set, source), image_set, source.model, source.weights)
    check_name(store, found.name)
    told = {"image_set": image_set, "model": source.model, "weights": source.weights, "source": source.origin}
    run = Run("embed", found.name, told)
    with store.lease(f"biocurate zoo embed {found.name}", run.run_id):
        images = image_rows(store, image_set)
        shown = images.filter(pl.col("status") == "ok")
        there = follow(store, found.name, source, shown, {"image_set": image_set}, overwrite)
        wanted = shown.join(pl.LazyFrame({"image_id": there.ids}), on="image_id", how="anti")
        rows = wanted.sort("representation", "part", "row").collect()
        found.there_before, found.dropped = int(there.ids.size), there.dropped
        found.left_out = images.filter(pl.col("status") != "ok").select(pl.len()).collect().item()
        bar.start(rows.height)
        with committing(store, PREFIX) as commits:
            for part in rows.iter_slices(PART_IMAGES):
                made = _part(store, source, found, part, batch_size, device)
                commits.add(found.name, made)
                bar.advance(part.height)
        if found.made or found.dropped:
            run.finish(store, done=found.made)
        found.snapshot_id = store.publish(run.run_id)
    found.seconds = time.monotonic() - began
    return found


def _part(store: Store, source: Source, found: Outcome, rows: pl.DataFrame, batch_size: int, device: str) -> pa.Table:
    """Write the vectors of some images as a part of their own; returns its rows."""
    vectors = vectors_of(store, source, rows, batch_size, device)
    kept = rows.select(*KEPT, "representation", "manifest")
    return written(store, source, found, kept, vectors, {"image_set": found.image_set})


def vectors_of(
    store: Store, source: Source, rows: pl.DataFrame, batch_size: int, device: str
) -> Iterator[NDArray[np.float32]]:
    """Embed images batch by batch, shape (batch, width) each, in the order of ``rows``.

    Parameters
    ----------
    store : Store
    source : Source
    rows : DataFrame
        Of an image set: representation, part, part_digest and row.
    batch_size : int
    device : str
    """
    stored = StoredImages(store, rows)
    network, size = source.network.to(device), source.pixels
    with torch.inference_mode():
        for start in range(0, rows.height, batch_size):
            at = np.arange(start, min(start + batch_size, rows.height))
            images = finish(stored.pieces(at), size, None, device)
            yield network.embed(images).float().cpu().numpy()  # type: ignore[operator]
