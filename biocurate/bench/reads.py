"""Random unaligned windows: our reader against zarr-python, HDF5 and a memory map, float32 out on every side."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.store.arrays import ArrayReader, ArrayWriter, Layout
from biocurate.store.objects import Objects
from biocurate.store.signals import SHARD_BYTES
from biocurate.store.spans import read_spans

GAIN = np.float32(0.005)


def compare(
    samples: NDArray[Any],
    window: int,
    batch: int = 64,
    seconds: float = 2.0,
    chunks_kib: tuple[int, ...] = (32, 64, 128, 256),
) -> pl.DataFrame:
    """Windows a second of each way to read the same samples.

    Parameters
    ----------
    samples : array of int16, shape (channels, samples)
    window : int
        Samples of a window.
    batch : int
        Windows read together.
    seconds : float
        How long each way is timed.
    """
    with tempfile.TemporaryDirectory() as folder:
        ways: dict[str, Callable[[NDArray[np.int64]], Any]] = {}
        for codec_name in ("pcodec-5", "blosc-lz4-5"):
            for kib in chunks_kib:
                reader = _part(Path(folder), samples, kib * 1024, codec_name)
                ways[f"ours, {codec_name}, chunks of {kib} KiB"] = _ours(reader, window)
        ways["zarr-python, pcodec-5, the same part"] = _zarr(Path(folder) / "pcodec-5-131072.zarr", window)
        ways["h5py, gzip-4 float32"] = _hdf5(Path(folder) / "peer.h5", samples, window)
        ways["numpy memory map of int16"] = _memmap(Path(folder) / "peer.npy", samples, window)
        rows: list[dict[str, Any]] = [
            {"way": name, "windows_s": _rate(way, samples.shape[1] - window, batch, seconds)}
            for name, way in ways.items()
        ]
    peer = next(row["windows_s"] for row in rows if str(row["way"]).startswith("h5py"))
    return pl.DataFrame(rows).with_columns(against_hdf5=pl.col("windows_s") / peer)


def _part(folder: Path, samples: NDArray[Any], chunk_bytes: int, codec_name: str) -> ArrayReader:
    channels = samples.shape[0]
    length = max(64, chunk_bytes // (channels * samples.itemsize) // 64 * 64)
    layout = Layout((channels,), 1, length, max(1, SHARD_BYTES // (length * channels * samples.itemsize)))
    key = f"{codec_name}-{chunk_bytes}.zarr"
    writer = ArrayWriter(Objects(str(folder)), key, layout, samples.dtype, codec_name)
    writer.append(samples)
    return ArrayReader(Objects(str(folder)), key, writer.close())


def _ours(reader: ArrayReader, window: int) -> Callable[[NDArray[np.int64]], Any]:
    return lambda starts: read_spans(reader, starts, window) * GAIN


def _zarr(path: Path, window: int) -> Callable[[NDArray[np.int64]], Any]:
    import zarr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array: Any = zarr.open_array(path, mode="r")
    return lambda starts: np.stack([array[:, start : start + window] for start in starts]) * GAIN


def _hdf5(path: Path, samples: NDArray[Any], window: int) -> Callable[[NDArray[np.int64]], Any]:
    import h5py

    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=samples * GAIN, compression="gzip", compression_opts=4, chunks=True)
    opened = h5py.File(path)["x"]
    return lambda starts: np.stack([opened[:, start : start + window] for start in starts])


def _memmap(path: Path, samples: NDArray[Any], window: int) -> Callable[[NDArray[np.int64]], Any]:
    np.save(path, samples)
    mapped = np.load(path, mmap_mode="r")
    return lambda starts: np.stack([mapped[:, start : start + window] for start in starts]) * GAIN


def _rate(read: Callable[[NDArray[np.int64]], Any], last: int, batch: int, seconds: float) -> float:
    random = np.random.default_rng(0)
    read(random.integers(0, last, batch))
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        read(random.integers(0, last, batch))
        done += batch
    return done / (time.perf_counter() - began)
