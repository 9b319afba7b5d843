"""Bytes of a corpus in a store against float32 HDF5 gzip-4 and against gzip-6."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import Recipe, load_recipe
from biocurate.recording import Recording
from biocurate.store.codecs import SIGNAL_CODEC
from biocurate.store.store import create_store


def compare(recipe: str, root: Path, codec: str = SIGNAL_CODEC) -> pl.DataFrame:
    """Ingest a corpus and weigh its samples.

    Returns
    -------
    DataFrame
        A row a way of keeping the same samples. ``bytes_of_ours`` is our bytes by its own: at most 0.32 to 0.5 is
        asked for against HDF5, 0.6 against gzip-6 of the integers as the corpus' files hold them.
    """
    read = load_recipe(recipe)
    raw = frames = channels = hdf5 = 0
    for unit in read.units(root):
        try:
            recording = read.read_raw(unit)
        except Exception:
            continue  # what cannot be read is in neither
        for samples in (stream.digital for stream in recording.streams):
            raw += samples.nbytes
            frames += _gzip(samples.T)
            channels += _gzip(samples)
        hdf5 += _hdf5(recording)
    stored = _stored(read, root, codec)
    rows = [
        (f"biocurate {codec}", stored),
        ("float32 HDF5 gzip-4", hdf5),
        ("gzip-6 of the integers, sample by sample", frames),
        ("gzip-6 of the integers, channel by channel", channels),
        ("the integers", raw),
    ]
    return pl.DataFrame([{"kept as": name, "MB": size / 1e6, "bytes_of_ours": stored / size} for name, size in rows])


def _stored(recipe: Recipe, root: Path, codec: str) -> int:
    """Bytes of every object of every part, metadata and indexes included."""
    with tempfile.TemporaryDirectory() as folder:
        store = create_store(str(Path(folder) / "store"))
        ingest(make_plan(recipe, root, store), InProcess(), store, codec=codec)
        return sum(path.stat().st_size for path in Path(folder, "store", "signals").rglob("*") if path.is_file())


def _gzip(samples: NDArray[Any]) -> int:
    return len(gzip.compress(np.ascontiguousarray(samples).tobytes(), 6))


def _hdf5(recording: Recording) -> int:
    """Bytes of the physical values as the usual script stores them, in chunks of HDF5's own choice."""
    with h5py.File("size.h5", "w", driver="core", backing_store=False) as file:
        total = 0
        for number, stream in enumerate(recording.streams):
            gains = np.array([channel.gain for channel in stream.channels])[:, None]
            offsets = np.array([channel.offset for channel in stream.channels])[:, None]
            data = (stream.digital * gains + offsets).astype(np.float32)
            made = file.create_dataset(str(number), data=data, compression="gzip", compression_opts=4, chunks=True)
            total += made.id.get_storage_size()
        return total
