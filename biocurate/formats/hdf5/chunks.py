"""Chunks of HDF5 arrays, unpacked here and not by the library, within bounds.

The library's own checksum filter reads beyond its buffer where a chunk says that it is shorter than its checksum, and
ends the process (HDF5 2.0.0, found by mutating files); its deflate filter unpacks as much as the bytes ask for. So a
chunk's stored bytes are taken as they are, and unpacked to the length that a chunk has, or refused.

Source: HDF5 File Format Specification 3.0, IV.A.2.l, "Data Storage - Filter Pipeline", filters 1 to 3.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.arrays.file import AGAIN, damaged

DEFLATE, SHUFFLE, FLETCHER32, LZF = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, 32000
MAX_CHUNK = 256 * 2**20
"""Bytes of an unpacked chunk, which is held in memory whole."""
_POINTER = 16
"""Bytes of a text of variable length: its length, and where it lies in the heap."""
MAX_CHUNKS = 20_000_000
"""Chunks of an array: four bytes are kept of each."""
CACHE_BYTES = 32 * 2**20
"""Unpacked chunks that are kept: neighbouring recordings often share one."""


class Chunks:
    """All chunks of an array.

    Raises
    ------
    SourceError
        Some were never written, are too large, are packed in a way that is not known, or cannot be.
    """

    def __init__(self, dataset: h5py.Dataset, where: str, n_file: int) -> None:
        self._where = where
        self._n_file = n_file
        self._dataset = dataset
        self._shape, self._chunks = dataset.shape, dataset.chunks
        kind = dataset.id.get_type()
        is_text = kind.get_class() == h5py.h5t.STRING and kind.is_variable_str()
        self._itemsize = _POINTER if is_text else kind.get_size()
        self._filters = _filters(dataset, where)
        if self.n_bytes > MAX_CHUNK:
            raise SourceError(
                "has an array in chunks that are too large to be held.", where=where, mend="Rechunk it (h5repack -l)."
            )
        self._grid = tuple(-(-length // chunk) for length, chunk in zip(self._shape, self._chunks, strict=True))
        self._masks = self._looked_through()
        self._kept: dict[tuple[int, ...], bytes] = {}

    @property
    def n_bytes(self) -> int:
        """Of an unpacked chunk."""
        return int(prod(self._chunks)) * self._itemsize

    def read(self, index: Sequence[slice], dtype: np.dtype[Any]) -> NDArray[Any]:
        """A part of the array, in the file's own type."""
        spans = [part.indices(length)[:2] for part, length in zip(index, self._shape, strict=True)]
        out = np.empty([max(stop - start, 0) for start, stop in spans], dtype)
        if not out.size:
            return out
        touched = [range(a // n, -(-b // n)) for (a, b), n in zip(spans, self._chunks, strict=True)]
        for place in product(*touched):
            begin = [where * n for where, n in zip(place, self._chunks, strict=True)]
            first = [max(a, at) for (a, _), at in zip(spans, begin, strict=True)]
            last = [min(b, at + n) for (_, b), at, n in zip(spans, begin, self._chunks, strict=True)]
            whole = np.frombuffer(self.chunk(place), dtype).reshape(self._chunks)
            source = tuple(slice(a - at, b - at) for a, b, at in zip(first, last, begin, strict=True))
            target = tuple(slice(a - s, b - s) for a, b, (s, _) in zip(first, last, spans, strict=True))
            out[target] = whole[source]
        return out

    def hold_all(self) -> None:
        """Unpack every chunk once: what can be unpacked here, the library can be let at."""
        for place in product(*map(range, self._grid)):
            self.chunk(place)

    def chunk(self, place: tuple[int, ...]) -> bytes:
        """The bytes of a chunk, by its place in the grid."""
        found = self._kept.pop(place, None)
        if found is None:
            at = tuple(where * n for where, n in zip(place, self._chunks, strict=True))
            mask, packed = self._dataset.id.read_direct_chunk(at)
            if mask != self._masks[place]:
                raise damaged(self._where, "has a chunk that is noted in two ways")
            found = self._unpacked(packed, mask)
            while self._kept and (len(self._kept) + 1) * self.n_bytes > CACHE_BYTES:
                del self._kept[next(iter(self._kept))]
        self._kept[place] = found
        return found

    def _unpacked(self, packed: bytes, mask: int) -> bytes:
        used = [one for place, one in enumerate(self._filters) if not mask >> place & 1]
        n_sums = sum(code == FLETCHER32 for code, _ in used)
        for code, values in reversed(used):
            if code == DEFLATE:
                packed = _inflated(packed, self.n_bytes + 4 * n_sums, self._where)
            elif code == SHUFFLE:
                packed = _unshuffled(packed, values[0] if values else 1)
            elif code == FLETCHER32:
                packed = _summed(packed, self._where)
            else:
                packed = _unlzf(packed, self.n_bytes + 4 * n_sums, self._where)
        if len(packed) != self.n_bytes:
            raise damaged(self._where, "has a chunk that is longer or shorter than chunks are")
        return packed

    def _looked_through(self) -> NDArray[np.uint32]:
        """Which filters each chunk went without, once all are known to be there."""
        n_chunks = int(prod(self._grid))
        if not n_chunks:
            return np.zeros(self._grid, np.uint32)
        if n_chunks > MAX_CHUNKS or self._dataset.id.get_num_chunks() < n_chunks:
            raise unwritten(self._where)
        masks = np.full(self._grid, 2**32 - 1, np.uint32)
        short: list[int] = []

        def note(info: Any) -> None:  # noqa: ANN401 - h5py's StoreInfo
            place = tuple(at // n for at, n in zip(info.chunk_offset, self._chunks, strict=True))
            if not self._filters and info.size != self.n_bytes:
                short.append(info.size)
            if 0 < info.size <= self._n_file and all(each < n for each, n in zip(place, self._grid, strict=True)):
                masks[place] = info.filter_mask

        self._dataset.id.chunk_iter(note)
        if short:  # of which the library would give the bytes that lie behind them
            raise damaged(self._where, "has chunks that are packed, and does not say how")
        if (masks == 2**32 - 1).any():
            raise unwritten(self._where)
        return masks


def unwritten(where: str) -> SourceError:
    """The error of an array of which the library would make up values."""
    return SourceError(
        "has an array of which parts were never written.",
        where=where,
        mend=f"The library would give zeros for them. {AGAIN}",
    )


def _filters(dataset: h5py.Dataset, where: str) -> list[tuple[int, tuple[int, ...]]]:
    """Codes and values of the filters, in the order they were applied in."""
    made = dataset.id.get_create_plist()
    found = [made.get_filter(place) for place in range(made.get_nfilters())]
    filters = [(code, values) for code, _, values, _ in found]
    if not {code for code, _ in filters} <= {DEFLATE, SHUFFLE, FLETCHER32, LZF}:
        raise SourceError(
            "has an array that is packed in a way that is not read here.",
            where=where,
            mend="Repack it with deflate: h5repack -f GZIP=4 OLD NEW.",
        )
    return filters


def _inflated(packed: bytes, limit: int, where: str) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(packed, limit)
        more = b"" if unpacker.eof else unpacker.decompress(unpacker.unconsumed_tail, 1)
    except zlib.error as error:
        raise damaged(where, "has a chunk that cannot be unpacked") from error
    if more or not unpacker.eof:
        raise damaged(where, "has a chunk that unpacks to more or less than chunks are")
    return unpacked


def _unlzf(packed: bytes, limit: int, where: str) -> bytes:
    """Unpack h5py's own filter (LibLZF): runs of bytes, and copies of what came up to 8192 bytes before."""
    out = bytearray()
    at, stop = 0, len(packed)
    try:
        while at < stop and len(out) <= limit:
            control = packed[at]
            at += 1
            if control < 32:
                out += packed[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += packed[at]
                at += 1
            back = ((control & 31) << 8 | packed[at]) + 1
            at += 1
            length += 2
            if back > len(out):
                raise damaged(where, "has a chunk that cannot be unpacked")
            piece = bytes(out[-back:][:length])
            out += (piece * (length // back + 1))[:length]
    except IndexError as error:
        raise damaged(where, "has a chunk that cannot be unpacked") from error
    return bytes(out)


def _unshuffled(shuffled: bytes, itemsize: int) -> bytes:
    """Give each value its bytes back, which lie apart: first bytes first; what is over stays behind."""
    if itemsize < 2 or len(shuffled) < 2 * itemsize:
        return shuffled
    n_values = len(shuffled) // itemsize
    whole = np.frombuffer(shuffled, np.uint8, n_values * itemsize).reshape(itemsize, n_values)
    return whole.T.tobytes() + shuffled[n_values * itemsize :]


def _summed(block: bytes, where: str) -> bytes:
    """Take off and hold a Fletcher-32 checksum, of 16-bit words, highest byte first."""
    if len(block) < 4:
        raise damaged(where, "has a chunk that is shorter than its checksum")
    content, stored = block[:-4], block[-4:]
    words = np.frombuffer(content + b"\0" * (len(content) % 2), ">u2").astype(np.int64)
    weights = np.arange(len(words), 0, -1, dtype=np.int64) % 65535
    low, high = int(words.sum()) % 65535, int((words * weights % 65535).sum()) % 65535
    # versions before 1.6.3 swapped the bytes of both halves; 0xffff stands for 0
    for one, two in (stored[0:2], stored[2:4]), (stored[1::-1], stored[3:1:-1]):
        if (int.from_bytes(one, "little") - low) % 65535 == 0 == (int.from_bytes(two, "little") - high) % 65535:
            return content
    raise damaged(where, "has a chunk whose checksum does not agree")
