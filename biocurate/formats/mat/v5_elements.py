"""Data elements of MATLAB 5 MAT-files: tags, and the headers of arrays. No value is read here.

Source: MathWorks, MAT-File Format (R2023b), "Level 5 MAT-Files": tables 1-1 (data types), 1-3 (array types); small
elements; miMATRIX with array flags, dimensions and name.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from biocurate.formats.arrays.bytes import Buffer
from biocurate.formats.arrays.file import cut_off, damaged

INT8, UINT32, INT32, MATRIX, COMPRESSED = 1, 6, 5, 14, 15
DTYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""Data types of numbers (table 1-1)."""
OPAQUE = 17
"""Class of the objects whose layout is not published: strings, tables, datetimes."""
MAX_DIMENSIONS = 32


@dataclass(frozen=True)
class Bytes:
    """Bytes in one order, and the file they are of."""

    buffer: Buffer
    order: str
    """``<`` or ``>``, as in `struct`."""
    where: str


@dataclass(frozen=True)
class Element:
    """One data element."""

    kind: int
    start: int
    """First byte of its data."""
    n_bytes: int
    next: int
    """First byte of what follows."""

    @property
    def stop(self) -> int:
        """The byte after its data."""
        return self.start + self.n_bytes


@dataclass(frozen=True)
class Matrix:
    """The header of an array."""

    cls: int
    """Its class (table 1-3)."""
    is_complex: bool
    shape: tuple[int, ...]
    name: str
    rest: int
    """First byte after its name."""
    stop: int

    @property
    def n_values(self) -> int:
        """Values, cells, or structs."""
        return prod(self.shape)


def element(data: Bytes, at: int, stop: int) -> Element:
    """The element whose tag begins at a byte, and which must end before another.

    Raises
    ------
    SourceError
        It does not.
    """
    if at + 8 > stop:
        raise damaged(data.where, "ends inside of a variable")
    kind, n_bytes = struct.unpack_from(f"{data.order}2I", data.buffer, at)
    if kind >> 16:
        # small element: the data lie in the tag's second half
        kind, n_bytes, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        if n_bytes > 4:
            raise damaged(data.where, "has a small element of more than 4 bytes")
    else:
        start = at + 8
        after = start + (n_bytes if kind == COMPRESSED else -(-n_bytes // 8) * 8)
    if start + n_bytes > stop:
        raise damaged(data.where, "ends inside of a variable")
    return Element(kind, start, n_bytes, min(after, stop))


def elements(data: Bytes, at: int, stop: int) -> Iterator[Element]:
    """Elements of a file one after another.

    Raises
    ------
    IncompleteError
        The file ends before one does.
    """
    while at < stop:
        kind, n_bytes = struct.unpack_from(f"{data.order}2I", data.buffer, at) if at + 8 <= stop else (0, 0)
        if (expected := at + 8 + (0 if kind >> 16 else n_bytes)) > stop:
            raise cut_off(data.where, expected, stop)
        found = element(data, at, stop)
        yield found
        at = found.next


def matrix(data: Bytes, found: Element, *, stop: int | None = None) -> Matrix:
    """Read the header of an array.

    Parameters
    ----------
    data : Bytes
    found : Element
    stop : int, optional
        Where the bytes at hand end, where they are the beginning of the array only.
    """
    if found.kind != MATRIX:
        raise damaged(data.where, "has something else where an array should be")
    if not found.n_bytes:
        return Matrix(6, False, (0, 0), "", found.start, found.stop)  # an empty cell: [] of class double
    end = found.stop if stop is None else min(stop, found.stop)
    flags = element(data, found.start, end)
    if (flags.kind, flags.n_bytes) != (UINT32, 8):
        raise damaged(data.where, "has an array without flags")
    word = struct.unpack_from(f"{data.order}I", data.buffer, flags.start)[0]
    if word & 0xFF == OPAQUE:  # has texts where others have dimensions and a name
        return Matrix(OPAQUE, False, (), "", end, found.stop)
    shape = element(data, flags.next, end)
    if shape.kind != INT32 or shape.n_bytes % 4:
        raise damaged(data.where, "has an array without dimensions")
    n_axes = shape.n_bytes // 4
    if not 2 <= n_axes <= MAX_DIMENSIONS:
        raise damaged(data.where, f"has an array of {n_axes} dimensions")
    lengths = struct.unpack_from(f"{data.order}{n_axes}i", data.buffer, shape.start)
    if min(lengths) < 0:
        raise damaged(data.where, "has an array of negative length")
    name = element(data, shape.next, end)
    text = bytes(data.buffer[name.start : name.stop]).decode("latin-1")
    return Matrix(word & 0xFF, bool(word & 0x800), lengths, text, name.next, found.stop)
