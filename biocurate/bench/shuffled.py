"""Images read for training, or drawn: in random order, in random order block by block, and as they lie."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import representation
from biocurate.images.reading.blocks import KEPT_BYTES, StoredImages
from biocurate.images.reading.live import Live, items
from biocurate.images.reading.order import BUFFER_BYTES, Deal, dealt
from biocurate.images.reading.pieces import finish
from biocurate.images.reading.stored import image_rows
from biocurate.sensors import SensorType
from biocurate.store.manifests import Manifest
from biocurate.store.signal_reader import SignalReader
from biocurate.store.store import Store

Ints = NDArray[np.int64]


def compare(
    store: Store,
    image_set: str,
    batch: int = 64,
    size: int | None = None,
    seconds: float = 5.0,
    cold: bool = True,
    kept_bytes: int = KEPT_BYTES,
) -> pl.DataFrame:
    """Images a second of each order, from one process.

    Parameters
    ----------
    store : Store
    image_set : str
    batch : int
        Images read together.
    size : int, optional
        Also resize them to this side; else they are decoded only.
    seconds : float
        How long each order is read.
    cold : bool
        Let the system forget the set's files before each, as it would have where they do not fit in memory; a local
        store only.
    kept_bytes : int
        Decoded blocks that the reader keeps: of a set that is no larger, random order decodes each block once, too.

    Returns
    -------
    DataFrame
        ``order``, ``images``, ``images_s`` (by the clock), ``images_cpu_s`` (by processor time),
        ``decoded`` (images decoded for each one read), ``faster`` (than random order, by processor time)

    Raises
    ------
    UsageError
        Where the set has no image, or a store elsewhere is to be read cold.
    """
    rows = (
        image_rows(store, image_set)
        .filter(pl.col("status") == "ok")
        .sort("window_id", "stream_no", "channel")
        .collect()
    )
    if rows.is_empty():
        raise UsageError("no image of the set shows anything.", where=image_set)
    found: dict[str, dict[str, float]] = {}
    for name, ordered in _orders(Deal(batch)).items():
        if cold:
            _forget(store, image_set)
        images = StoredImages(store, rows, kept_bytes)
        found[name] = _rate(images, ordered, size, seconds)
    return _table(found)


def drawn(
    store: Store, manifest: Manifest, sensor: str, kind: str, batch: int = 64, size: int = 224, seconds: float = 5.0
) -> pl.DataFrame:
    """Images a second that are drawn while one trains, from the store's samples to pixels, from one process.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    sensor : str
        Sensor type; all its channels are drawn.
    kind : str
        Name of a representation, with the sensor type's defaults.
    batch : int
    size : int
        Side in pixels.
    seconds : float
        How long each order is drawn.

    Returns
    -------
    DataFrame
        As of `compare`; ``decoded`` counts images of the windows that were read, by those drawn.
    """
    reader = SignalReader.of(store, manifest.rows)
    rows = items(reader, manifest.rows, [str(SensorType.parse(sensor))]).with_columns(drawn=0)
    made = [representation(kind, sensor)]
    buffer = max(1, BUFFER_BYTES // Live(reader, rows, made).block_bytes)
    found: dict[str, dict[str, float]] = {}
    for name, ordered in _orders(Deal(batch, buffer=buffer)).items():
        images = Live(reader, rows, made)
        found[name] = _rate(images, ordered, size, seconds)
    return _table(found)


def _table(found: dict[str, dict[str, float]]) -> pl.DataFrame:
    random = found["random"]["images_cpu_s"]
    return pl.DataFrame(
        [{"order": name, **each, "faster": each["images_cpu_s"] / random} for name, each in found.items()]
    )


def _orders(deal: Deal) -> dict[str, Callable[[Ints], Iterator[Ints]]]:
    """Ways to go through images, by the block that each lies in."""

    def cut(order: Ints) -> Iterator[Ints]:
        return iter(np.array_split(order, -(-len(order) // deal.batch_size)))

    return {
        "random": lambda block: cut(np.random.default_rng(0).permutation(len(block))),
        f"random, {deal.buffer} blocks at a time": lambda block: iter(dealt(block, deal, 0)),
        "as they lie": lambda block: cut(np.argsort(block, kind="stable")),
    }


def _rate(
    images: StoredImages | Live,
    ordered: Callable[[Ints], Iterator[Ints]],
    size: int | None,
    seconds: float,
) -> dict[str, float]:
    block = images.block
    batches = ordered(block)
    in_block = len(block) / len(np.unique(block))
    images.pieces(np.arange(1))  # what is made once, such as the catalogue of streams, is not timed
    wall, cpu, done = time.perf_counter(), time.process_time(), 0
    for at in batches:
        pieces = images.pieces(at)
        if size is not None:
            finish(pieces, size)
        done += len(at)
        if time.perf_counter() - wall > seconds:
            break
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    blocks = images.decoded if isinstance(images, StoredImages) else images.read
    return {
        "images": done,
        "images_s": done / wall,
        "images_cpu_s": done / cpu,
        "decoded": blocks * in_block / done,
    }


def _forget(store: Store, image_set: str) -> None:
    """Drop the files of a set from the system's cache, as far as it allows."""
    folder = Path(store.url) / "images" / image_set
    if not folder.is_dir() or not hasattr(os, "posix_fadvise"):
        raise UsageError("only the files of a local store, on Linux, can be forgotten.", mend="Add --warm.")
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)
