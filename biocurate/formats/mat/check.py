"""Whether a MATLAB 5 file can be handed to scipy, whose compiled reader trusts every length and type in it.

A wrong one makes `scipy.io.loadmat` (1.17) write past its buffers, hang or ask for terabytes, and the process dies. So
all lengths, types and counts are walked here first; a file whose parts do not fit into one another is refused.

Source: MathWorks, "MAT-File Format" (R2024b), chapter 1, "Level 5 MAT-File Format", tables 1-1 to 1-3.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from dataclasses import dataclass
from math import prod

from biocurate.errors import SourceError
from biocurate.formats.source import Source

LARGEST = 2**32
"""Bytes of a compressed variable, unpacked: it is held in memory."""
DEEPEST = 32
"""Cells and structures inside one another."""

_BLANKS = 2**16
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SIZES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
"""Bytes a number, by data type (table 1-1); 16 to 18 are UTF-8, UTF-16 and UTF-32."""
_INT32, _UINT32, _MATRIX, _COMPRESSED = 5, 6, 14, 15
_NAME = (1, 16)
_WHOLE = (_INT32, _UINT32)
_TEXTS = (2, 4, 16, 17, 18)
_NUMBERS = tuple(kind for kind in _SIZES if kind < 16)
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FUNCTION, _OPAQUE = 1, 2, 3, 4, 5, 16, 17
_COMPLEX = 0x0800


class _BrokenError(Exception):
    """A part does not fit."""


@dataclass
class _Parts:
    """Data elements, one after the other."""

    data: memoryview
    order: str
    """< or >."""
    place: int = 0

    @property
    def is_over(self) -> bool:
        return self.place >= len(self.data)

    def next(self) -> tuple[int, memoryview]:
        """Type and bytes of the next element; the short form holds up to four bytes in its tag."""
        if self.place + 8 > len(self.data):
            raise _BrokenError
        kind, size = struct.unpack_from(f"{self.order}II", self.data, self.place)
        start = self.place + 8
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, self.place + 4
            if size > 4:
                raise _BrokenError
            self.place += 8
        else:
            padding = 0 if kind == _COMPRESSED else -size % 8
            self.place = min(start + size + padding, max(len(self.data), start + size))
        if start + size > len(self.data):
            raise _BrokenError
        return kind, self.data[start : start + size]

    def of(self, *kinds: int) -> memoryview:
        """Bytes of the next element, which must be whole numbers of one of these types."""
        kind, data = self.next()
        if kind not in kinds or len(data) % _SIZES.get(kind, 1):
            raise _BrokenError
        return data

    def count(self, *kinds: int) -> int:
        """Numbers in the next element."""
        kind, data = self.next()
        if kind not in kinds or len(data) % _SIZES[kind]:
            raise _BrokenError
        return len(data) // _SIZES[kind]


def refuse_broken_mat(source: Source) -> None:
    """Refuse a MATLAB file that scipy would not survive; one of version 7.3, which is HDF5, is let through.

    Raises
    ------
    SourceError
        It is no MATLAB file, or its parts do not fit into one another.
    """
    with source.open() as stream:
        head = stream.read(128)
        if head.startswith(_HDF5) or head[124:128] in (b"\x00\x02IM", b"\x02\x00MI"):
            return
        order = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}.get(head[124:128])
        if order is None:
            raise SourceError("is no MATLAB file.", where=source.virtual, mend="Check the recipe's reader.")
        data: mmap.mmap | bytes
        if source.member is None:
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        else:
            data = head + stream.read(LARGEST)
    try:
        variables = _Parts(memoryview(data)[128:], order)
        while not variables.is_over:
            _variable(*variables.next(), order)
    except (_BrokenError, struct.error, zlib.error) as error:
        raise SourceError(
            "is damaged: the parts of its MATLAB variables do not fit into one another.",
            where=source.virtual,
            mend="Download it again.",
            unfinished=True,
        ) from error


def _variable(kind: int, data: memoryview, order: str) -> None:
    if kind == _COMPRESSED:
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(data, LARGEST)
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise _BrokenError
        parts = _Parts(memoryview(unpacked), order)
        kind, data = parts.next()
        if not parts.is_over:
            raise _BrokenError
    if kind != _MATRIX:
        raise _BrokenError
    _matrix(data, order, 0)


def _matrix(data: memoryview, order: str, depth: int) -> None:
    """Walk an array: flags, dimensions, name, and what its class has (tables 1-2 and 1-3)."""
    if not len(data) and depth:
        return  # an empty cell
    if depth > DEEPEST:
        raise _BrokenError
    parts = _Parts(data, order)
    flags = parts.of(_UINT32)
    if len(flags) != 8:
        raise _BrokenError
    word = struct.unpack_from(f"{order}I", flags)[0]
    sort = word & 0xFF
    if sort == _OPAQUE:
        _opaque(parts, order, depth)
        return
    shape = parts.of(*_WHOLE)
    sides = struct.unpack(f"{order}{len(shape) // 4}i", shape)
    if not 2 <= len(sides) <= 32 or min(sides) < 0:
        raise _BrokenError
    parts.of(*_NAME)
    _content(parts, sort, prod(sides), bool(word & _COMPLEX), depth)
    if not parts.is_over:
        raise _BrokenError


def _content(parts: _Parts, sort: int, n: int, is_complex: bool, depth: int) -> None:
    if sort in (_STRUCT, _OBJECT):
        if sort == _OBJECT:
            parts.of(*_NAME)
        length = parts.of(*_WHOLE)
        width = struct.unpack(f"{parts.order}i", length)[0] if len(length) == 4 else 0
        names = parts.of(*_NAME)
        if width <= 0 or len(names) % width:
            raise _BrokenError
        _matrices(parts, n * (len(names) // width), depth)
    elif sort == _CELL:
        _matrices(parts, n, depth)
    elif sort == _FUNCTION:
        _matrices(parts, 1, depth)
    elif sort == _SPARSE:
        parts.of(*_WHOLE)
        parts.of(*_WHOLE)
        for _ in range(2 if is_complex else 1):
            # MATLAB tags the single bytes of logical values as doubles.
            if parts.next()[0] not in _NUMBERS:
                raise _BrokenError
    elif sort == _CHAR:
        _letters(parts, n)
    elif 6 <= sort <= 15:
        for _ in range(2 if is_complex else 1):
            if parts.count(*_NUMBERS) != n:
                raise _BrokenError
    else:
        raise _BrokenError


def _letters(parts: _Parts, n: int) -> None:
    """UTF-8 has as many bytes as letters, or more; MATLAB leaves blanks out where there is nothing else."""
    n_units = parts.count(1, *_TEXTS)
    if n_units < n and (n_units or n > _BLANKS):
        raise _BrokenError


def _matrices(parts: _Parts, n: int, depth: int) -> None:
    if 8 * n > len(parts.data):
        raise _BrokenError
    for _ in range(n):
        _matrix(parts.of(_MATRIX), parts.order, depth + 1)


def _opaque(parts: _Parts, order: str, depth: int) -> None:
    """An object of a newer class: three names and an array."""
    for _ in range(3):
        parts.of(*_NAME)
    _matrix(parts.of(_MATRIX), order, depth + 1)
