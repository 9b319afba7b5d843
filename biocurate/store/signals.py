"""Pack the streams of many recordings into few parts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from biocurate.recording import Stream
from biocurate.store.arrays import ArrayWriter, Layout
from biocurate.store.codecs import SIGNAL_CODEC
from biocurate.store.objects import Objects

CHUNK_BYTES = 128 * 1024
"""Decoded bytes of a chunk; settled by `biocurate bench reads`, see docs/decisions/parts.md."""

SHARD_BYTES = 16 * 1024 * 1024
"""Decoded bytes of a shard, the unit of writing and of memory."""

PART_BYTES = 256 * 1024 * 1024
"""A part is closed once it holds this much; one long recording may make a larger one."""


class Kind(NamedTuple):
    """What streams have in common that share a part."""

    sensor_type: str
    rate_hz: float
    n_channels: int
    dtype: str


class Readable(Protocol):
    """Samples that can be read block by block."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        ...


@dataclass(frozen=True)
class Placement:
    """Where a stream lies."""

    part: str
    start: int
    digest: str


@dataclass
class SignalWriter:
    """Write streams end to end into parts, one open part for each kind of stream.

    Streams share a part when they share sensor type, rate, channel count and type. Each starts on a chunk boundary.

    Parameters
    ----------
    objects : Objects
    corpus : str
    codec : str
    """

    objects: Objects
    corpus: str
    codec: str = SIGNAL_CODEC
    bytes_written: int = 0
    _open: dict[Kind, tuple[str, ArrayWriter]] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict)

    def write(self, stream: Stream) -> Placement:
        """Write one stream in memory bounded by a shard."""
        dtype = stored_dtype(stream.samples.dtype)
        kind = Kind(str(stream.sensor_type), stream.rate_hz, len(stream.channels), dtype.name)
        return self.copy(kind, stream.n_samples, stream.samples)

    def copy(self, kind: Kind, n_samples: int, samples: Readable) -> Placement:
        """Write samples that are read block by block, wherever they come from, in memory bounded by a shard."""
        dtype = np.dtype(kind.dtype)
        part, array = self._part(kind, dtype)
        start = array.align()
        hashers = [hashlib.sha256() for _ in range(kind.n_channels)]
        step = max(1, SHARD_BYTES // (kind.n_channels * dtype.itemsize))
        for first in range(0, n_samples, step):
            block = samples.read(first, min(first + step, n_samples)).astype(dtype, copy=False)
            block = np.ascontiguousarray(block)
            for hasher, row in zip(hashers, block, strict=True):
                hasher.update(row.data)
            array.append(block)
        if array.length * kind.n_channels * dtype.itemsize >= PART_BYTES:
            self._close(kind)
        return Placement(part, start, combine(dtype, n_samples, hashers))

    def close(self) -> dict[str, str]:
        """Close every open part; returns part -> digest of its list of objects, of all parts written."""
        for kind in list(self._open):
            self._close(kind)
        return self._digests

    def _part(self, kind: Kind, dtype: np.dtype[Any]) -> tuple[str, ArrayWriter]:
        if kind not in self._open:
            # A part is never written twice: a killed run leaves an orphan behind, not a half-written part in use.
            said = f"{kind.sensor_type}-{kind.rate_hz:g}hz-{kind.n_channels}ch-{kind.dtype}"
            part = f"{self.corpus}/{said}-{uuid4().hex[:12]}"
            layout = signal_layout(kind.n_channels, dtype.itemsize)
            self._open[kind] = part, ArrayWriter(self.objects, part_key(part), layout, dtype, self.codec)
        return self._open[kind]

    def _close(self, kind: Kind) -> None:
        part, array = self._open.pop(kind)
        self._digests[part] = array.close()
        self.bytes_written += array.bytes_written


def part_key(part: str) -> str:
    """Key of a signal part's array in the store."""
    return f"signals/{part}.zarr"


def signal_layout(n_channels: int, itemsize: int) -> Layout:
    """Chunks of all channels and about `CHUNK_BYTES`, shards of about `SHARD_BYTES`."""
    chunk = max(64, CHUNK_BYTES // (n_channels * itemsize) // 64 * 64)
    return Layout((n_channels,), axis=1, chunk=chunk, shard=max(1, SHARD_BYTES // (chunk * n_channels * itemsize)))


def stored_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type that samples are stored in: as they are, but 8 bits widened to 16, which pcodec needs."""
    if dtype.kind in "iu" and dtype.itemsize == 1:
        return np.dtype(np.int16)
    return dtype.newbyteorder("=")


def combine(dtype: np.dtype[Any], n_samples: int, hashers: list[Any]) -> str:
    """Digest of a stream: of its type, length and the sha256 of each channel's little-endian samples."""
    head = f"{dtype.newbyteorder('<').str} {len(hashers)} {n_samples}\n".encode()
    return hashlib.sha256(head + b"".join(hasher.digest() for hasher in hashers)).hexdigest()


def stream_digest(samples: np.ndarray[Any, Any]) -> str:
    """Digest of samples in memory, shape (channels, samples): the slow, obvious form of `SignalWriter`'s."""
    dtype = stored_dtype(samples.dtype)
    little = np.ascontiguousarray(samples.astype(dtype.newbyteorder("<")))
    return combine(dtype, samples.shape[1], [hashlib.sha256(row.tobytes()) for row in little])
