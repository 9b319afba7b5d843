"""One task of a generation: read windows, draw them, write one part, make its rows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import polars as pl
import pyarrow as pa
import torch

from biocurate.curate.windows.reading import read_windows
from biocurate.images.drawing import Drawing, Status, draw
from biocurate.images.plan import PartTask
from biocurate.store.arrays import ArrayWriter, Layout
from biocurate.store.codecs import IMAGE_CODEC
from biocurate.store.schema import IMAGES, cast
from biocurate.store.signal_reader import SignalReader

CHUNK_BYTES = 128 * 1024
"""Decoded bytes of a chunk: many images, since zarr and the file system charge by the chunk."""

SHARD_BYTES = 16 * 1024 * 1024
"""Decoded bytes of a shard, the unit of writing and of memory."""

BLOCK = 4_000_000
"""Samples that are read and drawn at once, which bounds a task's memory."""


@dataclass(frozen=True)
class PartResult:
    """Rows of a part that is written; nothing is published yet."""

    rows: pa.Table
    n_bytes: int


def image_key(part: str) -> str:
    """Key of an image part's array in the store."""
    return f"images/{part}.zarr"


def image_layout(grid: tuple[int, int]) -> Layout:
    """Chunks of about `CHUNK_BYTES`, shards of about `SHARD_BYTES`."""
    chunk = max(1, CHUNK_BYTES // (grid[0] * grid[1]))
    return Layout(grid, axis=0, chunk=chunk, shard=max(1, SHARD_BYTES // (chunk * grid[0] * grid[1])))


def make_part(task: PartTask) -> PartResult:
    """Draw a task's windows into a part of its own.

    A part is never written twice: a killed run leaves an orphan behind, not a half-written part in use.
    """
    representation = task.representation
    grid = representation.grid(max(task.n_samples, representation.shortest(task.rate_hz)), task.rate_hz)
    part = f"{task.image_set}/{representation.id}-{grid[0]}x{grid[1]}-{uuid4().hex[:12]}"
    writer = ArrayWriter(task.store.objects, image_key(part), image_layout(grid), np.dtype(np.uint8), IMAGE_CODEC)
    reader = SignalReader.of(task.store, task.rows)
    step = max(1, BLOCK // (task.n_samples * task.n_channels))
    columns = []
    for rows in task.rows.iter_slices(step):
        drawing = _draw(task, rows, reader)
        first = writer.append(drawing.pixels.numpy())
        columns.append(_columns(task, rows, drawing).with_columns(row=pl.int_range(pl.len()) + first))
    digest = writer.close()
    found = pl.concat(columns).with_columns(
        representation=pl.lit(representation.id),
        part=pl.lit(part),
        part_digest=pl.lit(digest),
        manifest=pl.lit(task.manifest),
    )
    return PartResult(cast(found.to_arrow(), IMAGES), writer.bytes_written)


def _draw(task: PartTask, rows: pl.DataFrame, reader: SignalReader) -> Drawing:
    """Draw the chosen channels of some windows, window by window."""
    # Each window comes with the one stream that is drawn, so that another stream of the same sensor type is no doubt.
    stream = pl.concat_list(pl.struct("stream_no", start="first"))
    windows = rows.select("recording_id", "revision", "duration_ns", "view", streams=stream)
    samples = read_windows(task.store, windows, task.sensor, reader=reader)[:, list(task.indexes)]
    flat = torch.from_numpy(np.ascontiguousarray(samples).reshape(-1, task.n_samples))
    return draw(flat, task.rate_hz, task.representation)


def _columns(task: PartTask, rows: pl.DataFrame, drawing: Drawing) -> pl.DataFrame:
    """One row an image, in the order that they are drawn in."""
    labels = np.array([status.label for status in Status])
    of_windows = rows.select("window_id", "recording_id", "revision", "t0_ns", "duration_ns", "stream_no", "image_ids")
    return (
        of_windows.with_columns(channel=pl.lit(list(task.names)))
        .explode("image_ids", "channel")
        .rename({"image_ids": "image_id"})
        .with_columns(
            low=pl.Series(drawing.low.numpy()).fill_nan(None),
            high=pl.Series(drawing.high.numpy()).fill_nan(None),
            status=pl.Series(labels[drawing.status.numpy()]),
        )
    )
