"""What a file of named arrays holds: paths as a recipe names them, with shapes and types; no number is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from biocurate.errors import SourceError
from biocurate.formats.arrays.file import Node, Numbers, Text, Unreadable, find
from biocurate.formats.arrays.options import EACH

AT_ONCE = 12
"""Names of a group that are looked at: of many thousand, the first say what the others are like."""
DEEPEST = 6
"""Steps of a path."""
MOST = 60
"""Entries."""


@dataclass(frozen=True)
class Entry:
    """One thing in a file."""

    path: str
    what: str
    """Such as ``int16 [12, 5000]``."""
    shape: tuple[int, ...] | None = None
    """Of an array of numbers."""

    @property
    def n_values(self) -> int:
        """Numbers that it holds."""
        return prod(self.shape) if self.shape is not None else 0


def contents_of(root: Node) -> list[Entry]:
    """List a file from its root, as far as `AT_ONCE`, `DEEPEST` and `MOST` reach.

    What cannot be looked at is listed as that; the rest goes on.
    """
    found: list[Entry] = []
    for entry in _below(root, root, ""):
        if len(found) == MOST:
            return [*found, Entry("…", "and more")]
        found.append(entry)
    return found


def _below(root: Node, node: Node, path: str) -> Iterator[Entry]:
    if path.count("/") >= DEEPEST:
        return
    names = [name for name in node.names if name and not set(name) & set("/*")]
    for name in names[:AT_ONCE]:
        yield from _at(root, f"{path}/{name}".lstrip("/"))
    if len(names) > AT_ONCE:
        yield Entry(f"{path}/…".lstrip("/"), f"and {len(names) - AT_ONCE:,} more")


def _at(root: Node, path: str) -> Iterator[Entry]:
    try:
        node = find(root, path, 0)
    except SourceError:
        yield Entry(path, "cannot be looked at")
        return
    if node is None:
        return
    if isinstance(node, Numbers):
        yield Entry(path, f"{node.dtype.name} {list(node.shape)}", node.shape)
    elif isinstance(node, Text):
        yield Entry(path, "a text" if node.n_texts == 1 else f"{node.n_texts:,} texts")
    elif isinstance(node, Unreadable):
        yield Entry(path, f"{node.why}; not read")
    elif node.names:
        yield from _below(root, node, path)
    elif node.n_elements is not None and not path.endswith(EACH):
        yield Entry(path, f"a list of {node.n_elements:,}")
        yield from _at(root, f"{path}/{EACH}") if node.n_elements else ()
