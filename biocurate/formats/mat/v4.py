"""MATLAB 4 MAT-files: full matrices and text, read where they lie.

Source: MathWorks, MAT-File Format (R2023b), "Level 4 MAT-Files": a header of five 32-bit integers (MOPT, mrows, ncols,
imagf, namlen), the name, and the values column by column.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.arrays.bytes import Buffer
from biocurate.formats.arrays.file import Node, Numbers, Text, Unreadable, cut_off, damaged
from biocurate.formats.mat.text import MatText, rows_of

_TYPES = ("f8", "f4", "i4", "i2", "u2", "u1")
"""By the digit P of MOPT."""
_HEADER = 20


class Mat4File(Node):
    """All variables of a file."""

    def __init__(self, buffer: Buffer, where: str) -> None:
        super().__init__(where)
        order = order_of(buffer[:4])
        assert order is not None
        self._variables: dict[str, Node] = {}
        at = 0
        while at < len(buffer):
            at = self._take(buffer, at, order)

    @property
    def names(self) -> list[str]:
        """Names of the variables."""
        return sorted(filter(None, self._variables))

    def child(self, name: str) -> Node | None:
        """A variable."""
        return self._variables.get(name)

    def _take(self, buffer: Buffer, at: int, order: str) -> int:
        """Note the variable that begins at a byte; give where it ends."""
        if at + _HEADER > len(buffer):
            raise cut_off(self.where, at + _HEADER, len(buffer))
        if order_of(buffer[at : at + 4]) != order:
            raise damaged(self.where, "has bytes where a variable should begin, and none does")
        mopt, n_rows, n_columns, is_complex, n_name = struct.unpack_from(f"{order}5i", buffer, at)
        kind, what = np.dtype(order + _TYPES[mopt // 10 % 10]), mopt % 10
        start: int = at + _HEADER + n_name
        stop: int = start + n_rows * n_columns * kind.itemsize * (2 if is_complex else 1)
        if min(n_rows, n_columns, n_name) < 0:
            raise damaged(self.where, "has a variable of negative length")
        if stop > len(buffer):
            raise cut_off(self.where, stop, len(buffer))
        name = bytes(buffer[at + _HEADER : start]).rstrip(b"\0").decode("latin-1")
        if name in self._variables:
            raise damaged(self.where, "has two variables of one name")
        array = MappedNumbers(self.where, buffer, start, kind, (n_rows, n_columns), kind.newbyteorder("="))
        if what == 2 or is_complex:
            self._variables[name] = _refused(self.where, "a sparse or complex matrix")
        elif what == 1:
            self._variables[name] = _text(array)
        else:
            self._variables[name] = array
        return stop


class MappedNumbers(Numbers):
    """An array that lies in the file column by column, as it is."""

    def __init__(
        self,
        where: str,
        buffer: Buffer,
        start: int,
        stored: np.dtype[Any],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        super().__init__(where)
        self.shape = shape
        self.dtype = dtype
        self._place = (buffer, start, stored)

    def read(self, index: Sequence[slice]) -> NDArray[Any]:
        """A part of it, in its own type.

        Raises
        ------
        SourceError
            It was stored in a smaller type than its own, as MATLAB does to save space, that cannot hold its values.
        """
        buffer, start, stored = self._place
        count = int(np.prod(self.shape, dtype=object)) if self.shape else 1
        flat = np.frombuffer(buffer, stored, count, start) if count else np.empty(0, stored)
        part = flat.reshape(self.shape, order="F")[tuple(index)]
        made = part.astype(self.dtype)
        if not np.can_cast(stored, self.dtype, "safe") and not np.array_equal(made, part):
            raise damaged(self.where, "has values that its own type does not hold")
        return made


def order_of(first: bytes) -> Literal["<", ">"] | None:
    """Byte order by the first four bytes of a variable; None where no variable begins so."""
    little, big = struct.unpack("<i", first)[0], struct.unpack(">i", first)[0]
    # M of MOPT: 0 for IEEE little endian, 1 for big; O is always 0, P to 5, T to 2
    for value, machine, order in ((little, 0, "<"), (big, 1, ">")):
        m, o, p, t = value // 1000, value // 100 % 10, value // 10 % 10, value % 10
        if (m, o) == (machine, 0) and p < len(_TYPES) and t <= 2:
            return "<" if order == "<" else ">"
    return None


def _text(array: MappedNumbers) -> Text | Unreadable:
    if max(array.shape, default=0) > 2**20 or array.shape[0] * array.shape[1] > 2**24:
        return _refused(array.where, "a text of millions of letters")
    codes = array.read([slice(0, length) for length in array.shape])
    if not ((codes >= 0) & (codes < 0x110000)).all():
        return _refused(array.where, "a text whose letters are none")
    return MatText(array.where, rows_of("".join(map(chr, codes.astype(int).reshape(-1, order="F"))), array.shape))


def _refused(where: str, why: str) -> Unreadable:
    return Unreadable(where, why, "Save it in MATLAB as a full array of real numbers.")
