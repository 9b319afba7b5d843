"""Rows with times and labels as columns: put in order, merged, cut to a recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

NO_LABEL = -1
"""Code of a row that has no label."""


@dataclass(frozen=True)
class Timed:
    """Rows whose times are known; every array has shape (rows,)."""

    row: NDArray[np.intp]
    """In the table."""
    onset: NDArray[np.int64]
    """Nanoseconds on the recording's clock."""
    length: NDArray[np.int64]
    """Nanoseconds."""
    code: NDArray[np.int32]
    """Place of its label in a list of them, or `NO_LABEL`."""

    def __len__(self) -> int:
        return len(self.row)

    def in_order(self) -> Timed:
        """By onset; rows of one onset stay as they came."""
        if (self.onset[1:] >= self.onset[:-1]).all():
            return self
        return self._at(np.argsort(self.onset, kind="stable"))

    def merged(self, every_ns: int) -> Timed:
        """Rows in order of which those of equal label that follow on each other are one; half a step is no gap."""
        begins = np.ones(len(self), np.bool_)
        begins[1:] = (self.code[1:] != self.code[:-1]) | (np.diff(self.onset) > every_ns + every_ns // 2)
        first = np.flatnonzero(begins)
        last = np.append(first[1:], len(self))[: len(first)] - 1
        length = self.onset[last] - self.onset[first] + every_ns
        return Timed(self.row[first], self.onset[first], length, self.code[first])

    def labelled(self) -> Timed:
        """Rows that have a label."""
        return self if (self.code != NO_LABEL).all() else self._at(self.code != NO_LABEL)

    def inside(self, duration_ns: int) -> Timed:
        """What lies in the recording, cut to it; an instant may lie on its end."""
        end = self.onset + self.length
        instants = (self.length == 0) & (self.onset >= 0) & (self.onset <= duration_ns)
        found = self._at(((end > 0) & (self.onset < duration_ns)) | instants)
        begin = np.maximum(found.onset, 0)
        return Timed(found.row, begin, np.minimum(found.onset + found.length, duration_ns) - begin, found.code)

    def _at(self, some: NDArray[np.bool_] | NDArray[np.intp]) -> Timed:
        return Timed(self.row[some], self.onset[some], self.length[some], self.code[some])


@dataclass(frozen=True)
class Times:
    """A column of times or lengths."""

    ns: NDArray[np.int64]
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, column: pl.Series) -> Times:
        """Take a column of nanoseconds, null where they are not known."""
        if not column.null_count():
            return cls(column.to_numpy(), np.ones(len(column), np.bool_))
        return cls(column.fill_null(0).to_numpy(), column.is_not_null().to_numpy())

    @classmethod
    def all(cls, n_rows: int, ns: int) -> Times:
        """The same in every row."""
        return cls(np.full(n_rows, ns, np.int64), np.ones(n_rows, np.bool_))

    def at_most(self, longest_ns: int) -> Times:
        """Not known where it is more."""
        return Times(self.ns, self.known & (self.ns <= longest_ns))


def coded(cells: pl.Series, labels: dict[str, str | None]) -> tuple[NDArray[np.int32], list[str]]:
    """Give each cell the code of its label, and the labels in the order of their codes."""
    names = list(dict.fromkeys(label for label in labels.values() if label is not None))
    codes = {text: names.index(label) for text, label in labels.items() if label is not None}
    if not codes:
        return np.full(len(cells), NO_LABEL, np.int32), names
    found = cells.replace_strict(codes, default=NO_LABEL, return_dtype=pl.Int32).fill_null(NO_LABEL)
    return found.to_numpy(), names


def numbers_at(column: pl.Series, rows: NDArray[np.intp]) -> Iterator[float | None]:
    """The numbers of some rows of a column of text; None where there is none."""
    numbers = column.cast(pl.Float64, strict=False)
    found = numbers.to_numpy()[rows].tolist()
    if not numbers.null_count():
        yield from found
        return
    for number, missing in zip(found, numbers.is_null().to_numpy()[rows].tolist(), strict=True):
        yield None if missing else number
