"""Vectors into the store: a part of their own, the rows that name it, and what a run of it has done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from biocurate.curate.fields import NAME
from biocurate.errors import UsageError
from biocurate.store.arrays import ArrayWriter, Layout
from biocurate.store.codecs import SIGNAL_CODEC
from biocurate.store.embedding_schema import EMBEDDINGS
from biocurate.store.embeddings import PREFIX
from biocurate.store.item_parts import item_key
from biocurate.store.schema import cast
from biocurate.store.store import Store
from zoo.embedding.source import Source

CHUNK_BYTES = 128 * 1024
"""Decoded bytes of a chunk."""

CHUNKS = 32
"""Chunks of a shard."""


@dataclass
class Outcome:
    """How an embedding ended."""

    name: str
    image_set: str | None
    """None of windows that were embedded by their samples."""
    model: str
    weights: str
    made: int = 0
    there_before: int = 0
    left_out: int = 0
    """Images that show nothing, or windows without a signal."""
    dropped: int = 0
    """Vectors whose images or windows are there no more."""
    width: int = 0
    stored_bytes: int = 0
    seconds: float = 0.0
    snapshot_id: int = 0
    manifest: str | None = None
    """Of windows that were embedded by their samples."""


def written(
    store: Store,
    source: Source,
    found: Outcome,
    rows: pl.DataFrame,
    vectors: Iterator[NDArray[np.float32]],
    said: Mapping[str, Any],
) -> pa.Table:
    """Write vectors as a part of their own.

    Parameters
    ----------
    store : Store
    source : Source
        What made them.
    found : Outcome
        Is told of them.
    rows : DataFrame
        What each vector is of, one at least; columns of the table, as far as they differ from vector to vector.
    vectors : iterator of array, shape (batch, width), float32
        In the order of ``rows``.
    said : mapping
        What the part's own metadata say, beside the model and its weights.

    Returns
    -------
    Table
        The rows, as the set's table takes them.
    """
    part = f"{found.name}/{source.model}-{uuid4().hex[:12]}"
    writer: ArrayWriter | None = None
    for some in vectors:
        if writer is None:
            found.width = some.shape[1]
            writer = _writer(store, part, source, found.width, said)
        writer.append(some)
    assert writer is not None
    digest = writer.close()
    found.made += rows.height
    found.stored_bytes += writer.bytes_written
    table = rows.with_columns(
        part=pl.lit(part),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        part_digest=pl.lit(digest),
        image_set=pl.lit(found.image_set, pl.String),
        model=pl.lit(source.model),
        weights=pl.lit(source.weights),
        source=pl.lit(source.origin),
    )
    return cast(table.to_arrow(), EMBEDDINGS)


def _writer(store: Store, part: str, source: Source, width: int, said: Mapping[str, Any]) -> ArrayWriter:
    """Begin a part, whose own metadata says what its vectors are."""
    chunk = max(1, CHUNK_BYTES // (4 * width))
    layout = Layout((width,), axis=0, chunk=chunk, shard=CHUNKS)
    about = {"model": source.model, "weights": source.weights, **said}
    return ArrayWriter(store.objects, item_key(PREFIX, part), layout, np.dtype(np.float32), SIGNAL_CODEC, about)


def named(of: str, source: Source) -> str:
    """The name of a set where none is given."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", f"{of}-{source.label}")


def check_name(store: Store, name: str) -> None:
    """Refuse a name that a set cannot have; UsageError."""
    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r} is no name for embeddings.", mend="Use letters, digits, - and _.")
    in_sql = re.sub(r"[/-]", "_", PREFIX + name)
    for other in store.tables.names():
        if other != PREFIX + name and re.sub(r"[/-]", "_", other) == in_sql:
            what = f"in SQL {PREFIX + name!r} and {other!r} would both be called {in_sql}."
            raise UsageError(what, mend="Choose another --name.")
