"""Python's pickles of dicts, lists, texts, numbers and numpy arrays; any other object is refused, nothing is called.

Arrays are read where they lie in the file, a range at a time, so that a file of gigabytes needs little memory. What
Python 2 wrote as text is read as Latin-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats import register
from biocurate.formats.arrays.bytes import bytes_of
from biocurate.formats.arrays.file import Branch, Node, Numbers, Text, Unreadable
from biocurate.formats.arrays.reader import ArrayReader
from biocurate.formats.pickle.steps import load
from biocurate.formats.pickle.values import Array, NotPlain, word
from biocurate.formats.source import Source

_MEND = "Save it anew as a dict of numpy arrays and texts: such a file can be read without running what it asks for."


def open_pickle(source: Source) -> Node:
    """Open a pickle.

    Raises
    ------
    SourceError
        It is none, is damaged, or asks for anything but plain values and arrays of numbers.
    """
    try:
        return _node(source.virtual, load(bytes_of(source)))
    except NotPlain as error:
        raise SourceError(f"is a pickle that is not read: it {error}.", where=source.virtual, mend=_MEND) from None


class _Names(Branch):
    """A dict."""

    def __init__(self, where: str, items: dict[str, Any]) -> None:
        super().__init__(where)
        self._items = items

    def look_up(self, name: str) -> Node | None:
        """What it holds under a name."""
        return _node(self.where, self._items[name]) if name in self._items else None


class _List(Node):
    """A list or tuple."""

    def __init__(self, where: str, values: Sequence[Any]) -> None:
        super().__init__(where)
        self._values = values

    @property
    def n_elements(self) -> int:
        """Its length."""
        return len(self._values)

    def element(self, place: int) -> Node:
        """One of its values."""
        return _node(self.where, self._values[place])


class _Array(Numbers):
    """A numpy array in the file."""

    def __init__(self, where: str, array: Array, dtype: np.dtype[Any]) -> None:
        super().__init__(where)
        self.shape = array.shape
        self.dtype = dtype.newbyteorder("=")
        self._array = array

    def read(self, index: Sequence[slice]) -> NDArray[Any]:
        """A part of it; no other bytes are read."""
        return self._array.numbers()[tuple(index)].astype(self.dtype)


class _Number(Numbers):
    """A single number."""

    def __init__(self, where: str, value: float) -> None:
        super().__init__(where)
        self._value = np.asarray(value)
        self.shape = ()
        self.dtype = self._value.dtype

    def read(self, index: Sequence[slice]) -> NDArray[Any]:
        """The number."""
        return self._value.copy()


class _Word(Text):
    """A text."""

    n_texts = 1

    def __init__(self, where: str, text: str) -> None:
        super().__init__(where)
        self._text = text

    def read(self, start: int, stop: int) -> list[str]:
        """The text, where it is asked for."""
        return [self._text][start:stop]


def _node(where: str, value: object) -> Node:
    if isinstance(value, dict):
        return _Names(where, value)
    if isinstance(value, list | tuple):
        return _List(where, value)
    if isinstance(value, Array):
        dtype = value.dtype
        return _refused(where, "an array of no numbers") if dtype is None else _Array(where, value, dtype)
    if isinstance(value, int | float) and abs(value) < 2**63:
        return _Number(where, value)
    text = word(value)
    return _refused(where, "no number, text or array") if text is None else _Word(where, text)


def _refused(where: str, why: str) -> Unreadable:
    return Unreadable(where, why, _MEND)


@register("pickle")
class PickleReader(ArrayReader):
    """Reads one pickle; axes are in the order of the array's shape."""

    opener = staticmethod(open_pickle)
    drops_ones = False

    def is_hdf5(self, source: Source) -> bool:
        """It never is."""
        return False
