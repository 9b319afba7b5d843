"""A column of times as it comes in, looked at in blocks: of a file of any length a bounded piece is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biocurate.recording import ArraySamples, Samples

ROWS = 2**20
"""Rows that are looked at at a time."""


@dataclass(frozen=True)
class Times:
    """Nanoseconds, one a row.

    Parameters
    ----------
    samples : Samples, shape (1, rows), int64
        In memory, or in a temporary file (`csv.spool`).
    """

    samples: Samples

    @classmethod
    def of(cls, times_ns: NDArray[np.int64]) -> Times:
        """Take times that are held in memory, shape (rows,)."""
        return cls(ArraySamples(np.asarray(times_ns, np.int64)[None]))

    def __len__(self) -> int:
        return self.samples.shape[1]

    def read(self, first: int, stop: int) -> NDArray[np.int64]:
        """Times of the rows ``[first, stop)``."""
        found: NDArray[np.int64] = self.samples.read(first, stop)[0]
        return found

    def at(self, row: int) -> int:
        """Time of one row."""
        return int(self.read(row, row + 1)[0])

    def blocks(self, first: int = 0, stop: int | None = None) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Give each block of the rows ``[first, stop)`` behind the number of its first row."""
        stop = len(self) if stop is None else stop
        for row in range(first, stop, ROWS):
            yield row, self.read(row, min(row + ROWS, stop))

    def steps(self, first: int = 0, stop: int | None = None) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Give the steps from row to row within ``[first, stop)``, behind the number of the row that ends the first."""
        stop = len(self) if stop is None else stop
        for row in range(first, stop - 1, ROWS):
            yield row + 1, np.diff(self.read(row, min(row + ROWS + 1, stop)))
