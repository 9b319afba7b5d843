"""Single values and lists of them from a file's variables: rates, labels, onsets, ages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.arrays.file import Node, Numbers, Text, Unreadable, find
from biocurate.formats.arrays.options import From

MAX_VALUES = 10_000_000
"""Values that are read of a variable that holds no samples."""


@dataclass(frozen=True)
class Values:
    """A file's variables, as one recording sees them."""

    root: Node
    record: int | None = None
    n_records: int | None = None

    @property
    def where(self) -> str:
        """The file."""
        return self.root.where

    def has(self, said: From) -> bool:
        """Whether the variable is there."""
        return self._node(said) is not None

    def numbers(self, said: From) -> NDArray[Any]:
        """Numbers of a vector, or of a list of single numbers, shape (values,), in the type of the file.

        Raises
        ------
        SourceError
            It is not there, holds no numbers, or is no vector.
        """
        node = self._needed(said)
        if isinstance(node, Numbers):
            return self._flat(node, said)
        if node.n_elements is not None:
            return np.array([self._number(element, said) for element in self._elements(node, said)])
        raise self._error(said, f"holds no numbers{_why(node)}", node)

    def texts(self, said: From) -> list[str]:
        """Texts of a variable; numbers are written as text.

        Raises
        ------
        SourceError
            It is not there, or holds neither text nor numbers.
        """
        node = self._needed(said)
        if isinstance(node, Text):
            return self._text_range(node, said)
        if isinstance(node, Numbers):
            return [as_text(value) for value in self._flat(node, said)]
        if node.n_elements is not None:
            return [self._text(element, said) for element in self._elements(node, said)]
        raise self._error(said, f"holds no text{_why(node)}", node)

    def number(self, said: From) -> float:
        """One finite number; a text that is one counts.

        Raises
        ------
        SourceError
            It is none, or several.
        """
        try:
            value = float(self.text(said))
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise self._error(said, "is no number")
        return value

    def text(self, said: From) -> str:
        """One text.

        Raises
        ------
        SourceError
            It is none, or several.
        """
        found = self.texts(said)
        if len(found) != 1:
            raise self._error(said, f"should be one value and has {len(found)}")
        return found[0]

    def _node(self, said: From) -> Node | None:
        node = find(self.root, said.path, self.record)
        if node is None or said.attribute is None:
            return node
        return node.attribute(said.attribute)

    def _needed(self, said: From) -> Node:
        node = self._node(said)
        if node is None:
            raise self._error(said, "is not in the file")
        return node

    def _flat(self, array: Numbers, said: From) -> NDArray[Any]:
        """A vector's values; of an array with an entry a recording, those of this one."""
        shape = array.shape
        index = [slice(0, length) for length in shape]
        if said.per == "record":
            axis = self._record_axis(shape, said)
            assert self.record is not None
            index[axis] = slice(self.record, self.record + 1)
        left = [len(range(*part.indices(length))) for part, length in zip(index, shape, strict=True)]
        if sum(length != 1 for length in left) > 1:
            raise self._error(said, f"should be a vector and has the shape {shape}")
        if prod(left) > MAX_VALUES:
            raise self._error(said, f"has {prod(left):,} values, more than the {MAX_VALUES:,} that are read")
        return array.read(index).reshape(-1)

    def _record_axis(self, shape: Sequence[int], said: From) -> int:
        long = [axis for axis, length in enumerate(shape) if length != 1]
        axis = long[0] if len(long) == 1 else 0
        if not shape or shape[axis] != self.n_records:
            raise self._error(said, f"should have {self.n_records} entries, one a recording, and has the shape {shape}")
        return axis

    def _elements(self, node: Node, said: From) -> list[Node]:
        count = node.n_elements or 0
        if said.per == "record":
            self._hold_count(count, said)
            assert self.record is not None
            return [node.element(self.record)]
        if count > MAX_VALUES:
            raise self._error(said, f"has {count:,} elements, more than the {MAX_VALUES:,} that are read")
        return [node.element(place) for place in range(count)]

    def _text_range(self, node: Text, said: From) -> list[str]:
        if said.per == "record":
            self._hold_count(node.n_texts, said)
            assert self.record is not None
            return node.read(self.record, self.record + 1)
        if node.n_texts > MAX_VALUES:
            raise self._error(said, f"has {node.n_texts:,} texts, more than the {MAX_VALUES:,} that are read")
        return node.read(0, node.n_texts)

    def _hold_count(self, count: int, said: From) -> None:
        if count != self.n_records:
            raise self._error(said, f"should have {self.n_records} entries, one a recording, and has {count}")

    def _text(self, node: Node, said: From) -> str:
        if isinstance(node, Text) and node.n_texts <= 1:
            return "".join(node.read(0, node.n_texts))
        return as_text(self._number(node, said))

    def _number(self, node: Node, said: From) -> Any:  # noqa: ANN401 - a number of the file's type
        if not isinstance(node, Numbers) or prod(node.shape) != 1:
            raise self._error(said, f"has an element that is no single value{_why(node)}", node)
        return node.read([slice(0, 1)] * len(node.shape)).reshape(-1)[0]

    def _error(self, said: From, what: str, node: Node | None = None) -> SourceError:
        name = said.path if said.attribute is None else f"attribute {said.attribute!r} of {said.path}"
        mend = node.mend if isinstance(node, Unreadable) else "Check the path in the recipe, or mark it `optional`."
        return SourceError(f"{name!r} {what}.", where=self.where, mend=mend)


def as_text(value: Any) -> str:  # noqa: ANN401 - a numpy scalar
    """A number as text: whole ones without a point."""
    plain = value.item()
    if isinstance(plain, float) and plain.is_integer() and abs(plain) < 1e16:
        return str(int(plain))
    return repr(plain)


def _why(node: Node) -> str:
    return f": it is {node.why}" if isinstance(node, Unreadable) else ""
