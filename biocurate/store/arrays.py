"""Parts: immutable sharded Zarr v3 arrays that grow along one axis, written and read without zarr-python's indexing.

The layout is Zarr's published ``sharding_indexed`` codec (Zarr v3 specification, sharding codec 1.0): a shard is its
chunks one after the other, then an index of (offset, bytes) pairs as little-endian uint64, then the index's crc32c.
`zarr.json` is made by zarr-python, and tests hold both directions to zarr-python's own bytes. Why not zarr-python's
own path: see ``docs/decisions/parts.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import DamageError
from biocurate.store.codecs import Codec, checksum, codec, codec_of, seal, unseal, zarr_metadata
from biocurate.store.objects import RESTORE, Objects

RUN_CHUNKS = 32
"""Chunks that are read together at most, to bound memory."""

AXIS = "growing_axis"
"""Attribute of an array that grows along another axis than most of its rank."""

NO_CHUNK = np.uint64(2**64 - 1)
"""Offset and length of a chunk that a shard does not hold."""


@dataclass(frozen=True)
class Layout:
    """How an array that grows along one axis is cut into chunks and shards.

    Parameters
    ----------
    item : tuple of int
        Extent of every other axis, in order: (channels,) for signals, (height, width) for images, (width,) for
        embeddings.
    axis : int
        The axis it grows along: 1 for signals (channels, samples), 0 for images (image, height, width) and for
        embeddings (image, width).
    chunk : int
        Length of a chunk along that axis.
    shard : int
        Chunks in a shard.
    """

    item: tuple[int, ...]
    axis: int
    chunk: int
    shard: int

    def shape(self, length: int) -> tuple[int, ...]:
        """Shape of an array of this length along its growing axis."""
        return (*self.item[: self.axis], length, *self.item[self.axis :])

    def shard_key(self, number: int) -> str:
        """Key of a shard below the array's own key."""
        return "c/" + "/".join(str(number if axis == self.axis else 0) for axis in range(len(self.item) + 1))


@dataclass
class ArrayWriter:
    """Write one part, shard by shard, in memory bounded by one shard.

    Parameters
    ----------
    objects : Objects
    key : str
        Key of the array, for instance ``signals/eegmat/EEG-500-1f.zarr``.
    layout : Layout
    dtype : numpy dtype
    codec_name : str
    attributes : mapping, optional
        What the array's metadata says of its contents, for people and other readers.
    """

    objects: Objects
    key: str
    layout: Layout
    dtype: np.dtype[Any]
    codec_name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    length: int = 0
    bytes_written: int = 0
    _pending: NDArray[Any] = field(init=False)
    _filled: int = 0
    _shard: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Chunks and their checksums."""
    _shards: int = 0
    _receipt: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dtype = np.dtype(self.dtype)
        self._codec = codec(self.codec_name, self.dtype.name)
        self._encode = self._codec.encoder()
        self._pending = np.zeros(self.layout.shape(self.layout.chunk), dtype=self.dtype)

    def append(self, block: NDArray[Any]) -> int:
        """Add items or samples; returns the index of the first.

        Parameters
        ----------
        block : array
            In the array's shape, of any length along its growing axis.
        """
        first = self.length
        axis, chunk = self.layout.axis, self.layout.chunk
        total, taken = block.shape[axis], 0
        while taken < total:
            step = min(chunk - self._filled, total - taken)
            source = [slice(None)] * block.ndim
            source[axis] = slice(taken, taken + step)
            self._part(self._filled, step)[...] = block[tuple(source)]
            self._filled += step
            taken += step
            if self._filled == chunk:
                self._flush_chunk()
        self.length += total
        return first

    def align(self) -> int:
        """Fill up the open chunk, so that what comes next starts on a chunk boundary; returns that index."""
        if self._filled:
            gap = self.layout.chunk - self._filled
            self._part(self._filled, gap)[...] = 0
            self.length += gap
            self._flush_chunk()
        return self.length

    def close(self) -> str:
        """Write what is left, the metadata and the list of objects; returns the digest of that list."""
        end = self.length
        self.align()
        if self._shard:
            self._flush_shard()
        shape, layout = self.layout.shape(end), self.layout
        chunks, shards = layout.shape(layout.chunk), layout.shape(layout.chunk * layout.shard)
        attributes = {**self.attributes, **_told(layout)}
        self._put("zarr.json", zarr_metadata(shape, chunks, shards, self.dtype, self._codec, attributes))
        listing = json.dumps({"objects": self._receipt}, sort_keys=True).encode()
        self.objects.put(receipt_key(self.key), listing)
        return hashlib.sha256(listing).hexdigest()

    def _part(self, start: int, length: int) -> NDArray[Any]:
        """A stretch of the open chunk."""
        part = [slice(None)] * self._pending.ndim
        part[self.layout.axis] = slice(start, start + length)
        return self._pending[tuple(part)]

    def _flush_chunk(self) -> None:
        encoded = self._encode(self._pending)
        self._shard.append((encoded, checksum(encoded)))  # side by side: to join them copies every byte once more
        self._filled = 0
        if len(self._shard) == self.layout.shard:
            self._flush_shard()

    def _flush_shard(self) -> None:
        index = np.full((self.layout.shard, 2), NO_CHUNK, dtype="<u8")
        sizes = np.array([sum(map(len, chunk)) for chunk in self._shard], dtype="<u8")
        index[: len(sizes), 0] = np.cumsum(sizes) - sizes
        index[: len(sizes), 1] = sizes
        self._put(self.layout.shard_key(self._shards), *chain(*self._shard), seal(index.tobytes()))
        self._shard = []
        self._shards += 1

    def _put(self, name: str, *pieces: bytes) -> None:
        self.objects.put(f"{self.key}/{name}", *pieces)
        hasher = hashlib.sha256()
        for piece in pieces:
            hasher.update(piece)
        size = sum(map(len, pieces))
        self.bytes_written += size
        self._receipt.append({"key": name, "bytes": size, "sha256": hasher.hexdigest()})


def _usual_axis(rank: int) -> int:
    """Signals have two axes and grow along time; all else grows along the first."""
    return 1 if rank == 2 else 0


def _told(layout: Layout) -> dict[str, int]:
    """What must be said of an array so that a reader knows along which axis it grows."""
    return {} if layout.axis == _usual_axis(len(layout.item) + 1) else {AXIS: layout.axis}


def receipt_key(key: str) -> str:
    """Key of a part's list of objects, beside the array."""
    return key.removesuffix(".zarr") + ".objects.json"


@lru_cache(maxsize=256)
def receipt(objects: Objects, key: str, digest: str) -> dict[str, tuple[int, str]]:
    """A part's list of objects: name -> (bytes, sha256), checked against the digest that the rows carry."""
    listing = objects.get(receipt_key(key))
    if hashlib.sha256(listing).hexdigest() != digest:
        raise DamageError(
            "the list of objects differs from the one that was committed.",
            where=f"{objects.url}/{receipt_key(key)}",
            mend=RESTORE,
        )
    return {item["key"]: (item["bytes"], item["sha256"]) for item in json.loads(listing)["objects"]}


class ArrayReader:
    """Read ranges of one part; a missing object or a changed byte is a DamageError, never samples.

    Parameters
    ----------
    objects : Objects
    key : str
        Key of the array.
    digest : str
        Digest of the part's list of objects, from the row that names the part.
    """

    def __init__(self, objects: Objects, key: str, digest: str) -> None:
        self.objects = objects
        self.key = key
        self._receipt = receipt(objects, key, digest)
        metadata = self._metadata()
        sharding = metadata["codecs"][0]["configuration"]
        chunks, shards = sharding["chunk_shape"], metadata["chunk_grid"]["configuration"]["chunk_shape"]
        self.shape = tuple(metadata["shape"])
        self.attributes: dict[str, Any] = metadata.get("attributes", {})
        axis = int(self.attributes.get(AXIS, _usual_axis(len(self.shape))))
        item = tuple(extent for other, extent in enumerate(self.shape) if other != axis)
        self.layout = Layout(item, axis, chunks[axis], shards[axis] // chunks[axis])
        self.dtype = np.dtype(metadata["data_type"])
        self.codec: Codec = codec_of({**sharding, "data_type": self.dtype.name})
        self._indexes: dict[int, NDArray[np.uint64]] = {}

    def _metadata(self) -> dict[str, Any]:
        data = self.objects.get(f"{self.key}/zarr.json")
        if hashlib.sha256(data).hexdigest() != self._receipt["zarr.json"][1]:
            raise DamageError(
                "the metadata was changed.", where=f"{self.objects.url}/{self.key}/zarr.json", mend=RESTORE
            )
        parsed: dict[str, Any] = json.loads(data)
        return parsed

    def _index(self, shard: int) -> NDArray[np.uint64]:
        if shard not in self._indexes:
            name = self.layout.shard_key(shard)
            size, where = self._receipt[name][0], f"{self.key}/{name}"
            if self.objects.size(where) != size:
                raise DamageError(f"{size:,} bytes expected.", where=f"{self.objects.url}/{where}", mend=RESTORE)
            length = 16 * self.layout.shard + 4
            sealed = self.objects.range(where, size - length, length)
            index = np.frombuffer(unseal(sealed, f"{self.objects.url}/{where} (index)"), dtype="<u8")
            self._indexes[shard] = index.reshape(-1, 2)
        return self._indexes[shard]

    def chunks(self, first: int, stop: int) -> NDArray[Any]:
        """Decode chunks ``[first, stop)``: one array, end to end along the growing axis."""
        axis, chunk = self.layout.axis, self.layout.chunk
        if stop - first == 1:
            (only,) = self.each_chunk(range(first, stop))
            return only
        out = np.empty(self.layout.shape((stop - first) * chunk), dtype=self.dtype)
        place = [slice(None)] * out.ndim
        for number, block in enumerate(self.each_chunk(range(first, stop))):
            place[axis] = slice(number * chunk, (number + 1) * chunk)
            out[tuple(place)] = block
        return out

    def each_chunk(self, numbers: Sequence[int]) -> Iterator[NDArray[Any]]:
        """Decode chunks one after the other, all into the same memory: what was given before is gone with the next.

        Memory that a process has just got costs more to fill than a chunk costs to decode. Neighbouring chunks of a
        shard, which lie one after the other, are read together, up to `RUN_CHUNKS`.

        Parameters
        ----------
        numbers : sequence of int
            Rising.

        Raises
        ------
        DamageError
            Where a stored byte is missing or differs.
        """
        block = np.empty(self.layout.shape(self.layout.chunk), dtype=self.dtype)
        for shard, first, stop in _runs(numbers, self.layout.shard):
            index, name = self._index(shard), f"{self.key}/{self.layout.shard_key(shard)}"
            where = f"{self.objects.url}/{name}"
            if (index[first:stop] == NO_CHUNK).any():
                raise DamageError("a chunk is not in the shard.", where=where, mend=RESTORE)
            start, end = int(index[first, 0]), int(index[stop - 1].sum())
            data = self.objects.range(name, start, end - start)
            for number, (offset, size) in enumerate(index[first:stop].tolist(), first):
                sealed = data[offset - start : offset - start + size]
                self._decode(unseal(sealed, f"{where} chunk {number}"), block, f"{where} chunk {number}")
                yield block

    def _decode(self, encoded: bytes, block: NDArray[Any], where: str) -> None:
        try:
            self.codec.decode(encoded, block)
        except (ValueError, TypeError, RuntimeError) as error:
            raise DamageError("these bytes are no chunk of this array.", where=where, mend=RESTORE) from error

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Items or samples ``[start, stop)`` along the growing axis."""
        length = self.shape[self.layout.axis]
        if not 0 <= start <= stop <= length:
            raise IndexError(f"[{start}, {stop}) is outside of {length} in {self.key}")
        if start == stop:
            return np.empty(self.layout.shape(0), dtype=self.dtype)
        chunk = self.layout.chunk
        first = start // chunk
        block = self.chunks(first, -(-stop // chunk))
        keep = [slice(None)] * block.ndim
        keep[self.layout.axis] = slice(start - first * chunk, stop - first * chunk)
        return block[tuple(keep)]

    def verify(self) -> int:
        """Check every object against its size and sha256; returns the bytes read."""
        total = 0
        for name, (size, digest) in self._receipt.items():
            where = f"{self.objects.url}/{self.key}/{name}"
            data = self.objects.get(f"{self.key}/{name}")
            if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
                raise DamageError("these bytes differ from what was written (sha256).", where=where, mend=RESTORE)
            total += len(data)
        return total


def _runs(numbers: Sequence[int], shard: int) -> Iterator[tuple[int, int, int]]:
    """Rising numbers of chunks as runs of neighbours in one shard: its number, the first in it, the one behind."""
    first = 0
    for place in range(1, len(numbers) + 1):
        if (
            place == len(numbers)
            or numbers[place] != numbers[place - 1] + 1
            or numbers[place] % shard == 0
            or place - first == RUN_CHUNKS
        ):
            of = numbers[first] // shard
            yield of, numbers[first] - of * shard, numbers[place - 1] + 1 - of * shard
            first = place


@lru_cache(maxsize=64)
def open_array(objects: Objects, key: str, digest: str) -> ArrayReader:
    """Open a part, or take the one that this process has open."""
    return ArrayReader(objects, key, digest)


def read_items(reader: ArrayReader, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Items of a part whose growing axis is the first, in the order asked for; each chunk is decoded once.

    Parameters
    ----------
    reader : ArrayReader
    rows : array of int, shape (n,)

    Returns
    -------
    array, shape (n, *item)
    """
    out = np.empty((len(rows), *reader.layout.item), dtype=reader.dtype)
    numbers = rows // reader.layout.chunk
    order = np.argsort(numbers, kind="stable")
    present, starts = np.unique(numbers[order], return_index=True)
    for number, mine in zip(present, np.split(order, starts[1:]), strict=True):
        block = reader.chunks(int(number), int(number) + 1)
        out[mine] = block[rows[mine] - number * reader.layout.chunk]
    return out
