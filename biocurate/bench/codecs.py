"""Bytes and speed of each codec on real recordings."""

from __future__ import annotations

import gzip
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.bench.material import SUFFIXES
from biocurate.formats import reader, scan
from biocurate.store.codecs import SIGNAL_CODEC, codec
from biocurate.store.signals import signal_layout, stored_dtype

ROUNDS = 3
Encoder = Callable[[NDArray[Any]], bytes]

CANDIDATES = (
    "pcodec-4",
    "pcodec-5",
    "pcodec-6",
    "pcodec-8",
    "blosc-lz4-5",
    "blosc-zstd-1",
    "blosc-zstd-3",
    "blosc-zstd-5",
    "zstd-3",
)


def compare(root: Path, limit: int | None = None, candidates: tuple[str, ...] = CANDIDATES) -> pl.DataFrame:
    """Encode and decode every stream below a folder with each codec, chunk after chunk as a part is written.

    Returns
    -------
    DataFrame
        A row a codec: ``ratio`` is raw integers to encoded bytes (higher is smaller), speeds are raw MB a
        second of processor time, one thread.
    """
    blocks = list(_chunks(root, limit))
    raw = sum(block.nbytes for block in blocks)
    rows = [_measure(name, name, blocks, raw, partial(_Following, name)) for name in candidates]
    each = f"{SIGNAL_CODEC}, its own search in each chunk"
    rows.append(_measure(each, SIGNAL_CODEC, blocks, raw, lambda: _alone))
    gzipped = sum(len(gzip.compress(block.tobytes(), 6)) for block in blocks)
    rows.append(
        {"codec": "gzip-6 of the raw integers", "ratio": raw / gzipped, "encode_MB_s": None, "decode_MB_s": None}
    )
    rows.append(
        {"codec": "float32 HDF5 gzip-4", "ratio": raw / _hdf5(blocks), "encode_MB_s": None, "decode_MB_s": None}
    )
    return pl.DataFrame(rows)


def _chunks(root: Path, limit: int | None) -> Iterator[NDArray[Any]]:
    sources = [source for source in scan(root) if Path(source.name).suffix in SUFFIXES][:limit]
    for source in sources:
        read = reader(SUFFIXES[Path(source.name).suffix])
        for stream in read.read(source, read.Options()).streams:
            dtype = stored_dtype(stream.samples.dtype)
            samples = np.ascontiguousarray(stream.digital.astype(dtype, copy=False))
            length = signal_layout(len(stream.channels), dtype.itemsize).chunk
            for start in range(0, samples.shape[1], length):
                yield np.ascontiguousarray(samples[:, start : start + length])


def _alone(block: NDArray[Any]) -> bytes:
    return codec(SIGNAL_CODEC, block.dtype.name).encode(block)


class _Following:
    """Encoders that know the chunks before, one for each kind of stream, as parts have them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._encoders: dict[tuple[int, str], Encoder] = {}

    def __call__(self, block: NDArray[Any]) -> bytes:
        kind = len(block), block.dtype.name
        if kind not in self._encoders:
            self._encoders[kind] = codec(self._name, block.dtype.name).encoder()
        return self._encoders[kind](block)


def _measure(
    shown: str, name: str, blocks: list[NDArray[Any]], raw: int, made: Callable[[], Encoder]
) -> dict[str, Any]:
    """The best of some rounds: the first one warms up, and what else a machine does only ever adds time."""
    encode_s, decode_s, encoded = math.inf, math.inf, [b""]
    for _ in range(ROUNDS):
        encode = made()
        began = time.process_time()
        encoded = [encode(block) for block in blocks]
        middle = time.process_time()
        for data, block in zip(encoded, blocks, strict=True):
            codec(name, block.dtype.name).decode(data, np.empty_like(block, order="C"))
        encode_s, decode_s = min(encode_s, middle - began), min(decode_s, time.process_time() - middle)
    return {
        "codec": shown,
        "ratio": raw / sum(map(len, encoded)),
        "encode_MB_s": raw / 1e6 / encode_s,
        "decode_MB_s": raw / 1e6 / decode_s,
    }


def _hdf5(blocks: list[NDArray[Any]]) -> int:
    """Bytes of the same samples as the usual script stores them: physical float32, chunks of HDF5's own choice."""
    import h5py

    with h5py.File("bench.h5", "w", driver="core", backing_store=False) as file:
        total = 0
        for number, block in enumerate(blocks):
            # Gains do not change how many bits the mantissa needs; a typical microvolt gain stands for all.
            data = block.astype(np.float32) * np.float32(0.00207)
            made = file.create_dataset(str(number), data=data, compression="gzip", compression_opts=4, chunks=True)
            total += made.id.get_storage_size()
        return total
