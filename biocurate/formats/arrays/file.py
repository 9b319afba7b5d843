"""What lies in a file of named arrays, as a tree: one face for MATLAB's formats and HDF5."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import IncompleteError, SourceError
from biocurate.formats.arrays.options import EACH, steps
from biocurate.formats.source import Source

AGAIN = "The file looks damaged or cut off; download it again."
KEPT_NAMES = 64
"""Names in a group of which it is remembered what they are."""
NESTED = 8
"""Cells within cells that a path passes through unnamed."""


class Node:
    """One thing in a file. What it is not, it says it has not."""

    def __init__(self, where: str) -> None:
        self.where = where

    @property
    def doubts(self) -> tuple[str, ...]:
        """What is odd about the file that it is the root of, a sentence each."""
        return ()

    @property
    def n_elements(self) -> int | None:
        """Elements that ``*`` or a number picks from; None where it is no list."""
        return None

    @property
    def element_names(self) -> list[str] | None:
        """Names of the elements, where they have some."""
        return None

    @property
    def names(self) -> list[str]:
        """Names that `child` finds something under, sorted."""
        return []

    @property
    def wraps_one(self) -> bool:
        """Whether it is a list of one whose element is what is meant."""
        return False

    def element(self, place: int) -> Node:
        """One of the elements, from 0."""
        raise damaged(self.where, "has an element where there is no list")

    def child(self, name: str) -> Node | None:
        """What it holds under a name."""
        return None

    def attribute(self, name: str) -> Node | None:
        """An HDF5 attribute."""
        return None


class Numbers(Node, ABC):
    """An array of integers or floats."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    """In the machine's byte order."""

    @abstractmethod
    def read(self, index: Sequence[slice]) -> NDArray[Any]:
        """A part of it; one slice an axis, and no other bytes are read where the format allows."""


class Text(Node, ABC):
    """Texts, in the file's order."""

    n_texts: int

    @abstractmethod
    def read(self, start: int, stop: int) -> list[str]:
        """Texts ``[start, stop)``."""


class Unreadable(Node):
    """Something that is there, and that is not read; `why` says what it is."""

    def __init__(self, where: str, why: str, mend: str) -> None:
        super().__init__(where)
        self.why = why
        self.mend = mend


class Branch(Node, ABC):
    """Something with names, which keeps what was found under the last ones: recordings ask for the same, one by one."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self._found: dict[str, Node | None] = {}

    def child(self, name: str) -> Node | None:
        """What it holds under a name."""
        if name not in self._found:
            if len(self._found) >= KEPT_NAMES:
                self._found.clear()
            self._found[name] = self.look_up(name)
        return self._found[name]

    @abstractmethod
    def look_up(self, name: str) -> Node | None:
        """What the file has under a name."""


Opener = Callable[[Source], Node]
"""Opens a file; a function of a module, so that it can be pickled by its name."""


KEPT_OPEN = 2
"""Files that stay open, the last ones that were used."""

_OPEN: dict[tuple[Source, Opener], tuple[tuple[int, int], Node]] = {}


def opened(source: Source, opener: Opener) -> Node:
    """Open a file, or give it as it was opened before, where it has not changed.

    Nothing that is kept open is pickled: it is looked up by what the file is called.
    """
    called, stamp = (replace(source, record=None), opener), (source.size, source.mtime_ns)
    kept = _OPEN.pop(called, None)
    if kept is None or kept[0] != stamp:
        kept = None  # closed before it is opened again
        while len(_OPEN) >= KEPT_OPEN:
            del _OPEN[next(iter(_OPEN))]
        kept = stamp, opener(called[0])
    _OPEN[called] = kept
    return kept[1]


def find(root: Node, path: str, record: int | None = None) -> Node | None:
    """Follow a path; None where it leads to nothing.

    Parameters
    ----------
    root : Node
    path : str
    record : int, optional
        What its ``*`` stands for.
    """
    node: Node | None = root
    for step in steps(path):
        if node is None:
            return None
        node = _step(node, step, record)
    return None if node is None else _unwrapped(node)


def listed(root: Node, path: str) -> Node | None:
    """Find the list whose elements the ``*`` of a path stands for."""
    before = steps(path)[: steps(path).index(EACH)]
    node: Node | None = root
    for step in before:
        node = None if node is None else _step(node, step, None)
    return node


def _step(node: Node, step: str, record: int | None) -> Node | None:
    if step == EACH:
        count = node.n_elements
        return node.element(record) if record is not None and count is not None and record < count else None
    if node.n_elements is not None and node.child(step) is None and step.isascii() and step.isdigit():
        return node.element(int(step)) if int(step) < node.n_elements else None
    return _unwrapped(node).child(step)


def _unwrapped(node: Node) -> Node:
    for _ in range(NESTED):
        if not node.wraps_one:
            break
        node = node.element(0)
    return node


def cut_off(where: str, expected: int, found: int) -> IncompleteError:
    """The error of a file that is shorter than it says."""
    return IncompleteError(f"ends early: {expected:,} bytes expected, {found:,} found.", where=where, mend=AGAIN)


def damaged(where: str, what: str) -> SourceError:
    """The error of a file that contradicts itself."""
    return SourceError(f"{what}.", where=where, mend=AGAIN, unfinished=True)
