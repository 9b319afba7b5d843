"""Copy streams from parts into new parts, and check every sample against its digest on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import DamageError
from biocurate.store.arrays import ArrayReader
from biocurate.store.objects import RESTORE, Objects
from biocurate.store.signals import Kind, SignalWriter, part_key

PLACED = {"stream_id": pl.String, "part": pl.String, "start": pl.Int64, "part_digest": pl.String}
"""Columns that say where a stream lies."""


@dataclass(frozen=True)
class Place:
    """A stream, and where it lies."""

    stream_id: str
    kind: Kind
    n_samples: int
    digest: str
    part: str
    start: int
    part_digest: str

    @property
    def n_bytes(self) -> int:
        """Decoded bytes."""
        return self.n_samples * self.kind.n_channels * np.dtype(self.kind.dtype).itemsize


@dataclass(frozen=True)
class Transfer:
    """Streams that one task copies; the parts that it writes are its own."""

    source: Objects
    target: Objects
    corpus: str
    places: tuple[Place, ...]

    @property
    def n_bytes(self) -> int:
        """Decoded bytes."""
        return sum(place.n_bytes for place in self.places)


@dataclass(frozen=True)
class Transferred:
    """A finished task; its parts are written, and nothing is published yet."""

    rows: pl.DataFrame
    """Columns of `PLACED`."""
    stored_bytes: int


def transfer(task: Transfer) -> Transferred:
    """Copy streams, in memory bounded by a shard; each keeps the codec of the part that it comes from.

    Raises
    ------
    DamageError
        Where a stored byte is missing or changed, or samples differ from the digest in their row.
    """
    writers: dict[str, SignalWriter] = {}
    placed = []
    reader: ArrayReader | None = None
    for place in sorted(task.places, key=lambda each: (each.part, each.start)):
        if reader is None or reader.key != part_key(place.part):
            reader = ArrayReader(task.source, part_key(place.part), place.part_digest)
        name = reader.codec.name
        writer = writers.setdefault(name, SignalWriter(task.target, task.corpus, name))
        done = writer.copy(place.kind, place.n_samples, _Span(reader, place.start))
        if done.digest != place.digest:
            raise DamageError(
                "the decoded samples differ from the digest in its row.",
                where=f"{task.source.url}: {place.stream_id}",
                mend=RESTORE,
            )
        placed.append((place.stream_id, done.part, done.start))
    digests: dict[str, str] = {}
    for writer in writers.values():
        digests |= writer.close()
    rows = [(stream_id, part, start, digests[part]) for stream_id, part, start in placed]
    stored = sum(writer.bytes_written for writer in writers.values())
    return Transferred(pl.DataFrame(rows, schema=PLACED, orient="row"), stored)


@dataclass(frozen=True)
class _Span:
    """One stream in a part that is open."""

    reader: ArrayReader
    begin: int

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples of the stream, counted from its own first."""
        return self.reader.read(self.begin + start, self.begin + stop)


def places(streams: pl.DataFrame) -> Iterable[Place]:
    """Places of streams, rows of `Store.streams`."""
    columns = ("stream_id", "sensor_type", "rate_hz", "n_channels", "dtype")
    rest = ("n_samples", "digest", "part", "start", "part_digest")
    for stream_id, sensor, rate, n_channels, dtype, *others in streams.select(*columns, *rest).iter_rows():
        yield Place(stream_id, Kind(sensor, rate, n_channels, dtype), *others)
