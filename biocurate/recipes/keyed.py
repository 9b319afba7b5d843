"""Rows of sidecar tables by the key that recordings have in them: one index of the table, and no table a key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.formats.source import Source
from biocurate.recipes.labelling import Column, Key, Keyed, Spans
from biocurate.recipes.tables import KEPT, column_of, is_there, keys_of, read_rows, table_source

_TOGETHER = 2**16
"""Keys that are Python's at a time."""

Columns = tuple[Column | tuple[Column, ...], ...]


@dataclass(frozen=True)
class KeyedRows:
    """The rows of a table, and where those of each key are."""

    source: Source
    rows: pl.DataFrame
    keys: NDArray[np.bytes_]
    """Of the rows that have one, in order."""
    places: NDArray[np.int64]
    """Row of each; rows of one key as they stand in the table."""
    _cells: dict[Column | tuple[Column, ...], pl.Series] = field(default_factory=dict, repr=False)

    def places_of(self, key: str) -> NDArray[np.int64]:
        """Rows of a key."""
        text = key.encode()
        if len(text) > self.keys.itemsize:  # numpy would make all keys as long as this one, to compare them
            return self.places[:0]
        first, last = (self.keys.searchsorted(text, side) for side in ("left", "right"))
        return self.places[first:last]

    def of(self, key: str) -> pl.DataFrame | None:
        """Rows of a key; None where there are none."""
        places = self.places_of(key)
        return self._at(places) if len(places) else None

    def of_any(self, keys: Iterable[str]) -> pl.DataFrame:
        """Rows of some keys, by key."""
        found = [self.places_of(key) for key in sorted(set(keys))]
        return self._at(np.concatenate(found) if found else self.places[:0])

    def cells(self, column: Column | tuple[Column, ...]) -> pl.Series:
        """Cells of a column.

        Raises
        ------
        RecipeError
            The table has no such column.
        """
        if column not in self._cells:
            self._cells[column] = self.rows.get_column(column_of(self.rows, column, self.source))
        return self._cells[column]

    def _at(self, places: NDArray[np.int64]) -> pl.DataFrame:
        if len(places) and places[-1] - places[0] == len(places) - 1 and (np.diff(places) == 1).all():
            return self.rows.slice(int(places[0]), len(places))
        return self.rows[places]


def keyed_rows(root: Path, keyed: Keyed) -> KeyedRows | None:
    """Take a table apart by key, once a process as long as it does not change; None where the corpus is without it.

    Raises
    ------
    RecipeError
        The table, or its column of keys, is not there.
    """
    return _keyed(root, keyed, _needed(keyed)) if is_there(root, keyed) else None


def cells_of(root: Path, keyed: Keyed, column: Column, key: str) -> list[str] | None:
    """Cells of one column in the rows of a key, without the empty ones; None where no row has the key."""
    if not is_there(root, keyed):
        return None
    table = _keyed(root, keyed, (keyed.key.column, column))
    if keyed.optional and column not in table.rows.columns:
        return None
    places = table.places_of(key).tolist()
    if not places:
        return None
    cells = table.cells(column)
    # One by one: there are few, and an expression costs more than they do.
    return [cell for place in places if (cell := cells[place]) is not None]


def _needed(keyed: Keyed) -> Columns:
    """The columns that a label is made of."""
    found: list[Column | tuple[Column, ...] | None] = [keyed.key.column]
    if isinstance(keyed, Spans):
        found += [keyed.onset.column, keyed.onset.origin, keyed.duration, keyed.end, keyed.column, keyed.number]
    return tuple(column for column in found if column is not None)


def _keyed(root: Path, keyed: Keyed, columns: Columns) -> KeyedRows:
    source = table_source(root, keyed.file)
    return _joined(source, keyed.separator, keyed.key, columns, source.stamp)


@lru_cache(maxsize=KEPT)
def _joined(source: Source, separator: str | None, key: Key, columns: Columns, stamp: tuple[int, int]) -> KeyedRows:
    """A table's rows and index, as long as its size and time of last change stay."""
    rows = read_rows(source, separator, columns)
    return KeyedRows(source, rows, *_index(source, separator, key, stamp[1]))


@lru_cache(maxsize=KEPT)
def _index(
    source: Source, separator: str | None, key: Key, mtime_ns: int
) -> tuple[NDArray[np.bytes_], NDArray[np.int64]]:
    """Keys of a table in order, and the row of each; a dict of lists would be gigabytes for a table of 800,000 rows."""
    keys = keys_of(read_rows(source, separator, (key.column,)), key, source)
    places = keys.is_not_null().arg_true().to_numpy().astype(np.int64)
    known = keys.drop_nulls()
    longest = known.str.len_bytes().max()
    texts = np.empty(len(known), f"S{longest if isinstance(longest, int) and longest else 1}")
    for first in range(0, len(known), _TOGETHER):
        texts[first : first + _TOGETHER] = [text.encode() for text in known[first : first + _TOGETHER]]
    order = np.argsort(texts, kind="stable")
    return texts[order], places[order]
