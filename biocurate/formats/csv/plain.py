"""Rows of short plain decimals, such as ``-12.50``, turned into numbers many at a time.

A cell of at most eight bytes is one word; two or three multiplications make its digits an integer (Lemire, "Quickly
parsing eight digits", 2018). Digits over a power of ten are the float that Python reads, to the last bit: both are
exact, and the one division is rounded once (Clinger, "How to read floating point numbers accurately", PLDI 1990).
Whatever else a text holds is left to a parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELLS = 2**15
"""Cells that are turned at a time: their words stay in the processor's cache."""
_LONGEST = 8
_POINT = ord(".") ^ ord("0")
_STEPS = {
    4: ((10, 8, 0x00FF00FF), (100, 16, 0x0000FFFF)),
    8: ((10, 8, 0x00FF00FF00FF00FF), (100, 16, 0x0000FFFF0000FFFF), (10_000, 32, 0x00000000FFFFFFFF)),
}
"""Bytes of a word -> factor, shift and mask of each step that joins neighbouring digits."""


def plain_rows(text: bytes, separator: bytes, width: int, dtype: str) -> NDArray[Any] | None:
    """Read rows in which every cell is a plain decimal: a minus or none, digits, and a point among them or none.

    Parameters
    ----------
    text : bytes
        Whole lines with a line feed between them, and none at the end.
    separator : bytes
        One byte between cells.
    width : int
        Cells of a row.
    dtype : str
        ``float64`` or an integer type.

    Returns
    -------
    array, shape (width, rows), or None
        None where a cell is anything else, does not fit the type, or has not as many decimals as those near it: that
        says nothing about the text.
    """
    raw = np.frombuffer(b"".join((b"\n" * _LONGEST, text, b"\n")), np.uint8)
    is_end = raw == ord("\n")
    n_rows = np.count_nonzero(is_end) - _LONGEST
    if width > 1:
        is_end |= raw == ord(separator)
    ends = np.flatnonzero(is_end)[_LONGEST - 1 :]
    if len(ends) != n_rows * width + 1 or not (raw[ends[::width]] == ord("\n")).all():
        return None
    cells = np.empty(n_rows * width, dtype)
    for first in range(0, len(cells), CELLS):
        stops = ends[first + 1 : first + 1 + CELLS]
        lengths = stops - ends[first : first + len(stops)] - 1
        if int(lengths.max()) > _LONGEST or not _fill(cells[first : first + CELLS], raw, stops, lengths):
            return None
    return cells.reshape(width, n_rows) if width == 1 else np.ascontiguousarray(cells.reshape(n_rows, width).T)


def _fill(out: NDArray[Any], raw: NDArray[np.uint8], stops: NDArray[np.intp], lengths: NDArray[np.intp]) -> bool:
    """Turn the cells that end before `stops` into numbers; tell whether that could be done."""
    minus = raw.take(stops - lengths) == ord("-")
    any_minus = bool(minus.any())
    if any_minus:
        lengths = lengths - minus
    words = _words(4 if int(lengths.max()) <= 4 else _LONGEST)
    digits = words.read(raw, stops, lengths)
    decimals = words.decimals(int(digits[0]))
    if decimals:
        point = words.of(8 * (words.size - 1 - decimals))
        if ((digits >> point) & words.of(0xFF) != _POINT).any():
            return False
        below = words.of((1 << int(point)) - 1)
        digits = (digits & ~(below | words.of(0xFF) << point)) | ((digits & below) << words.of(8))
    if int(lengths.min()) < 1 + (decimals + 1 if decimals else 0) or words.has_more_than_digits(digits):
        return False
    return _store(out, words.joined(digits), minus if any_minus else None, decimals)


def _store(out: NDArray[Any], whole: NDArray[Any], minus: NDArray[np.bool_] | None, decimals: int) -> bool:
    """Put digits, their sign and their power of ten into a column; tell whether they fit."""
    if out.dtype.kind == "f":
        np.divide(whole, 10.0**decimals, out=out)
        if minus is not None:
            np.negative(out, where=minus, out=out)  # also of zero, as Python has it
        return True
    if decimals or int(whole.max()) > np.iinfo(out.dtype).max:
        return False
    out[:] = whole
    if minus is not None:
        np.negative(out, where=minus, out=out)
    return True


@dataclass(frozen=True)
class _Words:
    """Cells without their sign as unsigned integers, the last byte of a cell in the highest byte."""

    size: int
    """Bytes of a word."""
    keep: NDArray[Any]
    """Length of a cell -> mask of its bytes."""

    def of(self, number: int) -> Any:  # noqa: ANN401 - one of two types
        """A number as a word."""
        return self.keep.dtype.type(number)

    def read(self, raw: NDArray[np.uint8], stops: NDArray[np.intp], lengths: NDArray[np.intp]) -> NDArray[Any]:
        """Words of cells; a digit is its value, and a byte before the cell is zero."""
        every = np.ndarray((len(raw) - self.size + 1,), self.keep.dtype, raw, strides=(1,))
        cells = every[stops - self.size]
        cells ^= self.of(int.from_bytes(b"0" * self.size, "little"))
        cells &= self.keep.take(lengths)
        return cells

    def decimals(self, cell: int) -> int:
        """Digits after the point; 0 where there is no point, or nothing after it."""
        places = [place for place in range(self.size) if cell >> 8 * place & 0xFF == _POINT]
        return self.size - 1 - max(places) if places else 0

    def has_more_than_digits(self, digits: NDArray[Any]) -> bool:
        """Tell whether any byte is above 9."""
        above = (digits + self.of(int.from_bytes(b"\x76" * self.size, "little"))) | digits
        return bool((above & self.of(int.from_bytes(b"\x80" * self.size, "little"))).any())

    def joined(self, digits: NDArray[Any]) -> NDArray[Any]:
        """Integers of digits."""
        for factor, shift, mask in _STEPS[self.size]:
            digits = (digits * self.of(factor) + (digits >> self.of(shift))) & self.of(mask)
        return digits


@lru_cache
def _words(size: int) -> _Words:
    dtype = np.dtype(f"<u{size}")
    full = (1 << 8 * size) - 1
    keep = [full ^ (full >> 8 * length) for length in range(size + 1)]
    return _Words(size, np.array(keep, dtype))
