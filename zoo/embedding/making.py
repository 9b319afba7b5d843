"""Embed the images of a set into the store: what is there is not made again, and a killed run goes on."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from biocurate.curate.fields import NAME
from biocurate.engine import Progress, Silent
from biocurate.errors import UsageError
from biocurate.images.making.commits import committing
from biocurate.images.reading.blocks import StoredImages
from biocurate.images.reading.pieces import finish
from biocurate.images.reading.stored import image_rows
from biocurate.store.arrays import ArrayWriter, Layout
from biocurate.store.codecs import SIGNAL_CODEC
from biocurate.store.embedding_schema import EMBEDDINGS
from biocurate.store.embeddings import PREFIX
from biocurate.store.item_parts import item_key
from biocurate.store.runs import Run
from biocurate.store.schema import cast
from biocurate.store.store import Store
from zoo.embedding.following import follow
from zoo.embedding.source import Source

PART_IMAGES = 4096
"""Vectors of a part: what a killed run loses at most, beside what waits to be published."""

CHUNK_BYTES = 128 * 1024
"""Decoded bytes of a chunk."""

CHUNKS = 32
"""Chunks of a shard."""

KEPT = ("image_id", "window_id", "recording_id", "revision", "t0_ns", "duration_ns", "stream_no", "channel")
"""What a row says of its image, beside the representation and the manifest."""


@dataclass
class Outcome:
    """How an embedding ended."""

    name: str
    image_set: str
    model: str
    weights: str
    made: int = 0
    there_before: int = 0
    left_out: int = 0
    """Images that show nothing."""
    dropped: int = 0
    """Vectors whose images are in the set no more."""
    width: int = 0
    stored_bytes: int = 0
    seconds: float = 0.0
    snapshot_id: int = 0


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
    DamageError
        Where a stored byte is missing or changed.
    LeaseError
        While another process writes to the store.
    """
    bar, began = progress or Silent(), time.monotonic()
    found = Outcome(name or _named(image_set, source), image_set, source.model, source.weights)
    _check_name(store, found.name)
    told = {"image_set": image_set, "model": source.model, "weights": source.weights, "source": source.origin}
    run = Run("embed", found.name, told)
    with store.lease(f"biocurate zoo embed {found.name}", run.run_id):
        images = image_rows(store, image_set)
        shown = images.filter(pl.col("status") == "ok")
        there = follow(store, found.name, image_set, source, shown, overwrite)
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


def _part(store: Store, source: Source, found: Outcome, rows: pl.DataFrame, batch_size: int, device: str) -> Any:  # noqa: ANN401
    """Write the vectors of some images as a part of their own; returns its rows."""
    part = f"{found.name}/{source.model}-{uuid4().hex[:12]}"
    writer: ArrayWriter | None = None
    for vectors in vectors_of(store, source, rows, batch_size, device):
        if writer is None:
            found.width = vectors.shape[1]
            writer = _writer(store, part, found)
        writer.append(vectors)
    assert writer is not None
    digest = writer.close()
    found.made += rows.height
    found.stored_bytes += writer.bytes_written
    table = rows.select(*KEPT, "representation", "manifest").with_columns(
        part=pl.lit(part),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        part_digest=pl.lit(digest),
        image_set=pl.lit(found.image_set),
        model=pl.lit(source.model),
        weights=pl.lit(source.weights),
        source=pl.lit(source.origin),
    )
    return cast(table.to_arrow(), EMBEDDINGS)


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
    network = source.network.to(device)
    with torch.inference_mode():
        for start in range(0, rows.height, batch_size):
            at = np.arange(start, min(start + batch_size, rows.height))
            images = finish(stored.pieces(at), source.size, None, device)
            yield network.embed(images).float().cpu().numpy()  # type: ignore[operator]


def _writer(store: Store, part: str, found: Outcome) -> ArrayWriter:
    """Begin a part, whose own metadata says what its vectors are."""
    chunk = max(1, CHUNK_BYTES // (4 * found.width))
    layout = Layout((found.width,), axis=0, chunk=chunk, shard=CHUNKS)
    said = {"model": found.model, "weights": found.weights, "image_set": found.image_set}
    return ArrayWriter(store.objects, item_key(PREFIX, part), layout, np.dtype(np.float32), SIGNAL_CODEC, said)


def _named(image_set: str, source: Source) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", f"{image_set}-{source.label}")


def _check_name(store: Store, name: str) -> None:
    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r} is no name for embeddings.", mend="Use letters, digits, - and _.")
    in_sql = re.sub(r"[/-]", "_", PREFIX + name)
    for other in store.tables.names():
        if other != PREFIX + name and re.sub(r"[/-]", "_", other) == in_sql:
            what = f"in SQL {PREFIX + name!r} and {other!r} would both be called {in_sql}."
            raise UsageError(what, mend="Choose another --name.")
