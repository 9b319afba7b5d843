"""`read_windows` of random unaligned windows against HDF5 and a memory map, physical float32 out on every side.

All sides read the same windows of the same recordings, in batches, by so many threads that each take batches in turn.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.windows.build import build_windows
from biocurate.curate.windows.reading import read_windows
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.codecs import FAST_CODEC, SIGNAL_CODEC
from biocurate.store.signal_reader import SignalReader
from biocurate.store.store import Store, create_store
from biocurate.testing.memory import put

GAIN = 0.0005
HOP_S = 0.766
"""Windows begin where no chunk does."""

Read = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Numbers of windows -> their samples, shape (windows, channels, samples)."""


def compare(
    samples: NDArray[np.int16],
    rate_hz: float,
    length_s: float = 10.0,
    batches: tuple[int, ...] = (1, 32, 128, 512),
    threads: int = 2,
    rounds: int = 3,
    seconds: float = 1.0,
) -> pl.DataFrame:
    """Windows a second of each way to read the same windows.

    Parameters
    ----------
    samples : array of int16, shape (channels, samples)
        Cut into recordings of a minute.
    rate_hz, length_s : float
    batches : tuple of int
        Windows read together.
    threads : int
    rounds : int
        Every way has its turn in each; the median round counts.
    seconds : float
        How long a turn is.

    Returns
    -------
    DataFrame
        way, batch, windows_s (by the clock), windows_cpu_s (by processor time, the steadier on a shared machine), and
        the latter's ratios to HDF5 gzip-4 of float32 and to the memory map.
    """
    minute = round(60 * rate_hz)
    blocks = [samples[:, at : at + minute] for at in range(0, samples.shape[1] - minute + 1, minute)]
    with tempfile.TemporaryDirectory() as folder:
        rows, ours = _stores(Path(folder), blocks, rate_hz, length_s)
        n_samples = round(length_s * rate_hz)
        peers = _peers(Path(folder), blocks, rows, n_samples)
        ways: dict[str, Read] = {**ours, **peers}
        _agree(ways)
        found = [
            {"way": name, "batch": batch, "windows_s": wall, "windows_cpu_s": cpu}
            for batch in batches
            for _ in range(rounds)
            for name, read in ways.items()
            for wall, cpu in [_rate(read, rows.height, batch, threads, seconds)]
        ]
    return _table(pl.DataFrame(found), list(ways))


def _table(found: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    median = found.group_by("way", "batch").agg(pl.col("windows_s", "windows_cpu_s").median())
    ratios = [
        median.filter(pl.col("way") == order[place]).select("batch", pl.col("windows_cpu_s").alias(name))
        for place, name in ((2, "hdf5"), (4, "memmap"))
    ]
    joined = median.join(ratios[0], on="batch").join(ratios[1], on="batch")
    return joined.sort("batch", pl.col("way").cast(pl.Enum(order))).select(
        "way",
        "batch",
        "windows_s",
        "windows_cpu_s",
        against_hdf5=pl.col("windows_cpu_s") / pl.col("hdf5"),
        against_memmap=pl.col("windows_cpu_s") / pl.col("memmap"),
    )


def _stores(
    folder: Path, blocks: list[NDArray[np.int16]], rate_hz: float, length_s: float
) -> tuple[pl.DataFrame, dict[str, Read]]:
    channels = tuple(Channel(f"c{row}", f"c{row}", "mV", GAIN) for row in range(len(blocks[0])))
    recordings = {
        f"bench/r{number:05d}": Recording(
            (Stream(SensorType.ECG, rate_hz, channels, (Segment(0, block.shape[1]),), ArraySamples(block)),)
        )
        for number, block in enumerate(blocks)
    }
    ways: dict[str, Read] = {}
    for codec in (SIGNAL_CODEC, FAST_CODEC):
        store = create_store(str(folder / codec))
        put(store, recordings, codec=codec)
        build_windows(store, "w", length_s=length_s, hop_s=HOP_S)
        rows = store.windows("w").collect()
        reader = SignalReader.of(store, rows)
        ways[f"read_windows, {codec}"] = _ours(store, rows, reader)
    return rows, ways


def _ours(store: Store, rows: pl.DataFrame, reader: SignalReader) -> Read:
    return lambda numbers: read_windows(store, rows[numbers], "ECG", reader=reader)


def _peers(folder: Path, blocks: list[NDArray[np.int16]], rows: pl.DataFrame, n_samples: int) -> dict[str, Read]:
    import h5py

    which = rows["recording_id"].str.slice(-5).cast(pl.Int64).to_numpy()
    first = rows["streams"].list.first().struct.field("start").to_numpy()
    gain = np.float32(GAIN)
    with h5py.File(folder / "peer.h5", "w") as file:
        for number, block in enumerate(blocks):
            file.create_dataset(f"f/{number}", data=block * gain, compression="gzip", compression_opts=4)
            file.create_dataset(f"i/{number}", data=block, compression="gzip", compression_opts=4)
    opened = h5py.File(folder / "peer.h5")
    np.save(folder / "peer.npy", np.concatenate(blocks, axis=1))
    mapped = np.load(folder / "peer.npy", mmap_mode="r")
    length = blocks[0].shape[1]

    def spans(kind: str, numbers: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
        for number in numbers:
            begin = first[number]
            yield opened[f"{kind}/{which[number]}"][:, begin : begin + n_samples]

    def stacked(pieces: Iterator[NDArray[Any]], count: int, scale: bool) -> NDArray[np.float32]:
        out = np.empty((count, len(blocks[0]), n_samples), dtype=np.float32)
        for row, piece in zip(out, pieces, strict=True):
            np.multiply(piece, gain, out=row) if scale else np.copyto(row, piece)
        return out

    def from_map(numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        begins = which[numbers] * length + first[numbers]
        return stacked((mapped[:, begin : begin + n_samples] for begin in begins), len(numbers), scale=True)

    return {
        "h5py, float32 gzip-4, a dataset a recording": lambda each: stacked(spans("f", each), len(each), scale=False),
        "h5py, int16 gzip-4 and a scale": lambda each: stacked(spans("i", each), len(each), scale=True),
        "numpy memory map of int16 and a scale": from_map,
    }


def _agree(ways: dict[str, Read]) -> None:
    """Every way gives the same samples, or nothing is timed."""
    numbers = np.array([3, 0, 7])
    expected, *others = (read(numbers) for read in ways.values())
    for other in others:
        np.testing.assert_allclose(other, expected, rtol=1e-6)


def _rate(read: Read, n_windows: int, batch: int, threads: int, seconds: float) -> tuple[float, float]:
    """Windows a second by the clock, and by processor time."""
    read(np.arange(min(batch, n_windows)))
    wall, cpu = time.perf_counter(), time.process_time()

    def turn(seed: int) -> int:
        random, done = np.random.default_rng(seed), 0
        while not done or time.perf_counter() - wall < seconds:
            read(random.integers(0, n_windows, batch))
            done += batch
        return done

    with ThreadPoolExecutor(threads) as pool:
        total = sum(pool.map(turn, range(threads)))
    return total / (time.perf_counter() - wall), total / (time.process_time() - cpu)
