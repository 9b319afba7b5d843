"""MATLAB 5 to 7 MAT-files: numbers, text, cells and structs, as far as a path asks for them.

`scipy.io.loadmat` is not called: it ends the process on files with a few wrong bytes, reads a whole struct for one of
its fields, and gives no shape inside of one without its samples (docs/decisions/mat.md); the tests, and
`verify --deep`, compare with it. Variables that MATLAB compressed are unpacked into memory whole; others are read where
they lie.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.archive import MAX_RATIO, SMALL
from biocurate.formats.arrays.bytes import Buffer
from biocurate.formats.arrays.file import Node, Numbers, Text, Unreadable, damaged
from biocurate.formats.mat.text import MatText, rows_of
from biocurate.formats.mat.v4 import MappedNumbers
from biocurate.formats.mat.v5_elements import (
    COMPRESSED,
    DTYPES,
    INT8,
    Bytes,
    Element,
    Matrix,
    element,
    elements,
    matrix,
)

_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE = 1, 2, 3, 4, 5
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
"""Classes of numbers (table 1-3)."""
_ENCODINGS = {1: "latin-1", 2: "latin-1", 16: "utf-8", 4: "utf-16", 17: "utf-16", 18: "utf-32"}
_HEADER = 128
PEEK = 2048
"""Unpacked bytes that hold the header of any array."""
MAX_UNPACKED = 2**31
"""Bytes of a variable, at most: the format's own limit."""


class Mat5File(Node):
    """All variables of a file."""

    def __init__(self, buffer: Buffer, where: str) -> None:
        super().__init__(where)
        data = Bytes(buffer, "<" if bytes(buffer[126:128]) == b"IM" else ">", where)
        self._variables: dict[str, Node] = {}
        for found in elements(data, _HEADER, len(buffer)):
            name, node = _compressed(data, found) if found.kind == COMPRESSED else _variable(data, found)
            if name in self._variables and name:  # what MATLAB keeps for its objects has none
                raise damaged(where, "has two variables of one name")
            self._variables[name] = node

    @property
    def names(self) -> list[str]:
        """Names of the variables."""
        return sorted(filter(None, self._variables))

    def child(self, name: str) -> Node | None:
        """A variable."""
        return self._variables.get(name)


class _Packed:
    """A compressed variable, unpacked once it is needed."""

    def __init__(self, data: Bytes, found: Element) -> None:
        self._data = data
        self._found = found

    @cached_property
    def head(self) -> Bytes:
        """The beginning of it."""
        return Bytes(self._start(PEEK)[0], self._data.order, self._data.where)

    @cached_property
    def whole(self) -> Bytes:
        """All of it.

        Raises
        ------
        SourceError
            It is damaged, or would unpack to far more than it holds.
        """
        n_bytes = 8 + element_of(self.head).n_bytes
        if n_bytes > min(MAX_UNPACKED, max(SMALL, MAX_RATIO * self._found.n_bytes)):
            raise SourceError(
                f"has a variable that would unpack from {self._found.n_bytes:,} to {n_bytes:,} bytes.",
                where=self._data.where,
                mend="This looks made to fill the memory. If it is real, save it with -v7.3, or uncompressed.",
            )
        unpacked, unpacker = self._start(n_bytes)
        # zlib's own checksum stands behind the last byte, and is looked at when more is asked for
        if len(unpacked) < n_bytes or self._more(unpacker) or not unpacker.eof:
            raise damaged(self._data.where, "has a compressed variable that does not end where it says")
        return Bytes(unpacked, self._data.order, self._data.where)

    def _start(self, n_bytes: int) -> tuple[bytes, zlib._Decompress]:
        unpacker = zlib.decompressobj()
        packed = memoryview(self._data.buffer)[self._found.start : self._found.stop]
        try:
            return unpacker.decompress(packed, n_bytes), unpacker
        except zlib.error as error:
            raise damaged(self._data.where, "has a compressed variable that cannot be unpacked") from error

    def _more(self, unpacker: zlib._Decompress) -> bytes:
        try:
            return b"" if unpacker.eof else unpacker.decompress(unpacker.unconsumed_tail, 1)
        except zlib.error as error:
            raise damaged(self._data.where, "has a compressed variable that cannot be unpacked") from error


def element_of(head: Bytes) -> Element:
    """The tag of an array of which only the beginning is at hand."""
    return element(head, 0, max(len(head.buffer), MAX_UNPACKED + 8))


class _PackedNumbers(Numbers):
    """Numbers in a compressed variable."""

    def __init__(self, packed: _Packed, header: Matrix, where: str) -> None:
        super().__init__(where)
        self.shape = header.shape
        self.dtype = np.dtype(_CLASSES[header.cls])
        self._packed = packed

    def read(self, index: Sequence[slice]) -> NDArray[Any]:
        """A part of it; the first one unpacks all."""
        return self._unpacked.read(index)

    @cached_property
    def _unpacked(self) -> Numbers:
        node = _node(self._packed.whole, element(self._packed.whole, 0, len(self._packed.whole.buffer)))
        if not isinstance(node, Numbers) or node.shape != self.shape:
            raise damaged(self.where, "has an array that is not what its header says")
        return node


class _PackedNode(Node):
    """Cells or structs in a compressed variable."""

    def __init__(self, packed: _Packed, where: str) -> None:
        super().__init__(where)
        self._packed = packed

    @cached_property
    def _unpacked(self) -> Node:
        return _node(self._packed.whole, element(self._packed.whole, 0, len(self._packed.whole.buffer)))

    @property
    def n_elements(self) -> int | None:
        """Of the list that it is."""
        return self._unpacked.n_elements

    @property
    def wraps_one(self) -> bool:
        """Whether the list that it is has one element."""
        return self._unpacked.wraps_one

    def element(self, place: int) -> Node:
        """One of the elements."""
        return self._unpacked.element(place)


class _List(Node):
    """An array of things that are no numbers, as many as its header says."""

    def __init__(self, data: Bytes, header: Matrix) -> None:
        super().__init__(data.where)
        self._data = data
        self._header = header

    @property
    def n_elements(self) -> int:
        """Cells or structs."""
        return self._header.n_values

    @property
    def wraps_one(self) -> bool:
        """Whether it has one."""
        return self.n_elements == 1


class _Cells(_List):
    """A cell array."""

    def element(self, place: int) -> Node:
        """A cell, counted down the columns."""
        return _node(self._data, self._found[place])

    @cached_property
    def _found(self) -> list[Element]:
        return _all(self._data, self._header.rest, self._header.stop, self.n_elements)


class _Structs(_List):
    """An array of structs, of one mostly."""

    def element(self, place: int) -> Node:
        """A struct, counted down the columns."""
        names, found = self._fields
        first = place * len(names)
        return _Struct(self._data, dict(zip(names, found[first : first + len(names)], strict=True)))

    @cached_property
    def _fields(self) -> tuple[list[str], list[Element]]:
        """Names of the fields, and the fields of all structs."""
        data, stop = self._data, self._header.stop
        length = element(data, self._header.rest, stop)
        names = element(data, length.next, stop)
        each = int.from_bytes(data.buffer[length.start : length.stop], "little" if data.order == "<" else "big")
        if not 0 < each <= 2**16 or names.kind != INT8 or names.n_bytes % each:
            raise damaged(self.where, "has a struct without names of fields")
        texts = bytes(data.buffer[names.start : names.stop])
        fields = [texts[at : at + each].split(b"\0")[0].decode("latin-1") for at in range(0, len(texts), each)]
        if len(set(fields)) < len(fields):
            raise damaged(self.where, "has a struct with two fields of one name")
        return fields, _all(data, names.next, stop, self.n_elements * len(fields))


class _Struct(Node):
    """One struct."""

    def __init__(self, data: Bytes, fields: dict[str, Element]) -> None:
        super().__init__(data.where)
        self._data = data
        self._fields = fields

    @property
    def names(self) -> list[str]:
        """Names of the fields."""
        return sorted(self._fields)

    def child(self, name: str) -> Node | None:
        """A field."""
        return _node(self._data, self._fields[name]) if name in self._fields else None


def _all(data: Bytes, at: int, stop: int, count: int) -> list[Element]:
    """So many elements from a byte on."""
    if count > (stop - at) // 8:  # before a list of that length is made
        raise damaged(data.where, f"has room for fewer than the {count:,} elements it says")
    found = []
    for _ in range(count):
        found.append(element(data, at, stop))
        at = found[-1].next
    return found


def _compressed(data: Bytes, found: Element) -> tuple[str, Node]:
    packed = _Packed(data, found)
    head = packed.head
    if len(head.buffer) < 8:
        raise damaged(data.where, "ends inside of a compressed variable")
    tag = element_of(head)
    header = matrix(head, tag, stop=len(head.buffer))
    if header.n_values > tag.n_bytes:
        raise damaged(data.where, "has an array with fewer bytes than values")
    if header.cls in _CLASSES and not header.is_complex:
        return header.name, _PackedNumbers(packed, header, data.where)
    if header.cls in (_CELL, _STRUCT):
        return header.name, _PackedNode(packed, data.where)
    if header.cls == _CHAR and header.n_values <= 2**24:
        return header.name, _PackedText(packed, header, data.where)
    return header.name, _refused(header, data.where)


class _PackedText(Text):
    """Text in a compressed variable."""

    def __init__(self, packed: _Packed, header: Matrix, where: str) -> None:
        super().__init__(where)
        self.n_texts = header.shape[0] if header.n_values else 1
        self._packed = packed

    def read(self, start: int, stop: int) -> list[str]:
        """Rows ``[start, stop)``."""
        whole = self._packed.whole
        node = _node(whole, element(whole, 0, len(whole.buffer)))
        if not isinstance(node, Text) or node.n_texts != self.n_texts:
            raise damaged(self.where, "has a text that is not what its header says")
        return node.read(start, stop)


def _variable(data: Bytes, found: Element) -> tuple[str, Node]:
    header = matrix(data, found)
    return header.name, _made(data, header)


def _node(data: Bytes, found: Element) -> Node:
    return _made(data, matrix(data, found))


def _made(data: Bytes, header: Matrix) -> Node:
    if header.cls == _CELL:
        return _Cells(data, header)
    if header.cls == _STRUCT:
        return _Structs(data, header)
    if header.cls == _CHAR:
        return _text(data, header)
    if header.cls in _CLASSES and not header.is_complex:
        return _numbers(data, header)
    return _refused(header, data.where)


def _numbers(data: Bytes, header: Matrix) -> Numbers:
    dtype = np.dtype(_CLASSES[header.cls])
    if header.rest >= header.stop and not header.n_values:
        return MappedNumbers(data.where, data.buffer, 0, dtype, header.shape, dtype)
    found = element(data, header.rest, header.stop)
    if found.kind not in DTYPES:
        raise damaged(data.where, "has an array whose values are no numbers")
    stored = np.dtype(data.order + DTYPES[found.kind])
    if found.n_bytes != header.n_values * stored.itemsize:
        raise damaged(
            data.where,
            f"has an array of {header.n_values:,} values with bytes for {found.n_bytes // stored.itemsize:,}",
        )
    return MappedNumbers(data.where, data.buffer, found.start, stored, header.shape, dtype)


def _text(data: Bytes, header: Matrix) -> Text | Unreadable:
    if not header.n_values:
        return MatText(data.where, [""])
    found = element(data, header.rest, header.stop)
    encoding = _ENCODINGS.get(found.kind)
    if encoding is None or found.n_bytes > 2**26:
        return _refused(header, data.where)
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if data.order == "<" else "-be"
    try:
        letters = bytes(data.buffer[found.start : found.stop]).decode(encoding)
    except UnicodeDecodeError as error:
        raise damaged(data.where, "has a text whose letters are none") from error
    if header.shape[0] == 1:
        return MatText(data.where, [letters.rstrip(" \0")])
    if len(letters) != header.n_values:
        raise damaged(data.where, "has a text that is longer or shorter than it says")
    return MatText(data.where, rows_of(letters, header.shape))


def _refused(header: Matrix, where: str) -> Unreadable:
    why = {_SPARSE: "a sparse matrix", _OBJECT: "an object of MATLAB", _CHAR: "a text of millions of letters"}
    what = why.get(header.cls, "an array of complex numbers" if header.is_complex else "an object of MATLAB")
    return Unreadable(where, what, "Save it in MATLAB as a full array of real numbers, or as a cell array of texts.")
