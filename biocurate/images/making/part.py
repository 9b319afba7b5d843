"""One task of a generation: read windows, draw them in every way, write a part a picture, make the rows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import polars as pl
import pyarrow as pa
import torch

from biocurate.curate.windows.reading import read_windows
from biocurate.images.drawing.picture import Picture
from biocurate.images.drawing.windows import Drawing, Status
from biocurate.images.making.ids import image_ids
from biocurate.images.making.plan import PartTask
from biocurate.images.making.ranges import ranges_of, recording_ranges
from biocurate.store.arrays import ArrayWriter, Layout
from biocurate.store.codecs import IMAGE_CODEC
from biocurate.store.objects import Objects
from biocurate.store.schema import IMAGES, cast
from biocurate.store.signal_reader import SignalReader

CHUNK_BYTES = 128 * 1024
"""Decoded bytes of a chunk: many images, since zarr and the file system charge by the chunk."""

SHARD_BYTES = 16 * 1024 * 1024
"""Decoded bytes of a shard, the unit of writing and of memory."""

BLOCK = 4_000_000
"""Samples that are read and drawn at once, which bounds a task's memory ..."""

BLOCK_BYTES = 32 * 1024 * 1024
"""... and bytes of images, of which short windows make more than they have samples."""

LABELS = np.array([status.label for status in Status])


@dataclass(frozen=True)
class PartResult:
    """Rows of parts that are written; nothing is published yet."""

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
    """Draw a task's windows into parts of its own, one a picture; samples are read once for all of them.

    A part is never written twice: a killed run leaves an orphan behind, not a half-written part in use.
    """
    lack = task.lack
    parts = [_Part(task, picture) for picture in lack.pictures]
    reader = SignalReader(task.store, view=task.view, streams=task.streams)
    largest = max(part.writer.layout.item[0] * part.writer.layout.item[1] for part in parts)
    step = min(BLOCK // (lack.n_samples * lack.n_channels), BLOCK_BYTES // (largest * len(lack.indexes)))
    known = {part.name: recording_ranges(reader, part.picture.representation) for part in parts}
    for rows in lack.rows.iter_slices(max(1, step)):
        samples = _read(task, rows, reader)
        for part in parts:
            ranges = ranges_of(known[part.name], lack.sensor, rows, lack.indexes)
            part.put(rows, part.picture.draw(samples, lack.rate_hz, ranges))
    rows = pl.concat([part.close() for part in parts])
    return PartResult(cast(rows.to_arrow(), IMAGES), sum(part.writer.bytes_written for part in parts))


def _read(task: PartTask, rows: pl.DataFrame, reader: SignalReader) -> torch.Tensor:
    """The chosen channels of some windows, window by window, shape (windows * channels, time), where they are drawn."""
    # Each window comes with the one stream that is drawn, so that another stream of the same sensor type is no doubt.
    stream = pl.concat_list(pl.struct("stream_no", start="first"))
    view = pl.lit(task.view, pl.String)
    windows = rows.select("recording_id", "revision", "duration_ns", view=view, streams=stream)
    samples = read_windows(task.store, windows, task.lack.sensor, reader=reader)
    if len(task.lack.indexes) < task.lack.n_channels:
        samples = samples[:, list(task.lack.indexes)]
    flat = np.ascontiguousarray(samples).reshape(-1, task.lack.n_samples)
    return torch.from_numpy(flat).to(task.device)


class _Part:
    """A part that is being written, and the rows of its images."""

    def __init__(self, task: PartTask, picture: Picture) -> None:
        grid = picture.grid(task.lack.n_samples, task.lack.rate_hz)
        self.task, self.picture = task, picture
        self.name = f"{task.image_set}/{picture.id}-{grid[0]}x{grid[1]}-{uuid4().hex[:12]}"
        self.writer = writer_of(task.objects, self.name, picture, grid)
        self._rows: list[pl.DataFrame] = []

    def put(self, rows: pl.DataFrame, drawing: Drawing) -> None:
        """Add images of some windows, channel by channel of each."""
        first = self.writer.append(drawing.pixels.cpu().numpy())
        self._rows.append(self._columns(rows, drawing).with_columns(row=pl.int_range(pl.len()) + first))

    def close(self) -> pl.DataFrame:
        """Write what is left; returns a row an image."""
        digest = self.writer.close()
        return pl.concat(self._rows).with_columns(
            representation=pl.lit(self.picture.id),
            part=pl.lit(self.name),
            part_digest=pl.lit(digest),
            manifest=pl.lit(self.task.manifest),
        )

    def _columns(self, rows: pl.DataFrame, drawing: Drawing) -> pl.DataFrame:
        lack, view = self.task.lack, self.task.view
        ids = image_ids(rows, lack.indexes, self.picture.numbered(view)).reshape(-1)
        of_windows = rows.select("window_id", "recording_id", "revision", "t0_ns", "duration_ns", "stream_no")
        each = of_windows[np.repeat(np.arange(rows.height), len(lack.indexes))]
        return each.with_columns(
            image_id=pl.Series(ids),
            channel=pl.Series(list(lack.names) * rows.height, dtype=pl.String),
            low=pl.Series(drawing.low.cpu().numpy()).fill_nan(None),
            high=pl.Series(drawing.high.cpu().numpy()).fill_nan(None),
            status=pl.Series(LABELS[drawing.status.cpu().numpy()]),
        )


def writer_of(objects: Objects, part: str, picture: Picture, grid: tuple[int, int]) -> ArrayWriter:
    """Begin a part, whose own metadata says how its images were drawn."""
    return ArrayWriter(objects, image_key(part), image_layout(grid), np.dtype(np.uint8), IMAGE_CODEC, picture.facts)
