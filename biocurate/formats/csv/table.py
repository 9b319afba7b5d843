"""The rows of one CSV file as they come in: numbers by type, times, and the line that each row stands on."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.csv.clock import Clock, nanoseconds, steady_clock
from biocurate.formats.csv.layout import CsvLayout
from biocurate.formats.csv.options import CsvOptions, Dtype
from biocurate.formats.csv.text import Block, Grammar
from biocurate.formats.csv.unsteady import Grid, grid_of, robust_line, trusted_stamps


@dataclass
class Table:
    """Rows read so far."""

    where: str
    layout: CsvLayout
    options: CsvOptions
    n_rows: int = 0
    _blocks: dict[Dtype, list[NDArray[Any]]] = field(default_factory=dict)
    _times: list[NDArray[np.int64]] = field(default_factory=list)
    _missing: NDArray[np.int64] = field(init=False)
    _first_rows: list[int] = field(default_factory=list)
    _lines: list[Block] = field(default_factory=list)
    _grid: Grid | None = None

    def __post_init__(self) -> None:
        self._grammar = Grammar(
            where=self.where,
            names=self.layout.names,
            separator=self.layout.separator,
            decimal=self.layout.decimal,
            missing=tuple(self.options.missing),
            wanted=tuple(sorted({column.place for column in self.layout.signals})),
            text=self.layout.time,
        )
        self._missing = np.zeros(len(self.layout.signals), np.int64)

    def add(self, block: Block) -> None:
        """Parse a block of lines and keep its rows.

        Raises
        ------
        SourceError
            Names the line at fault.
        """
        parsed, times = self._grammar.parse(block)
        if times is not None:
            self._times.append(self._nanoseconds(times, block))
        values = parsed[[self._grammar.wanted.index(column.place) for column in self.layout.signals]]
        self._missing += np.isnan(values).sum(axis=1)
        for dtype, rows in self.by_dtype().items():
            kept = values[rows] if dtype == "float64" else self._integers(values, rows, dtype, block)
            self._blocks.setdefault(dtype, []).append(kept)
        self._first_rows.append(self.n_rows)
        self._lines.append(block.without_text())
        self.n_rows += values.shape[1]

    def by_dtype(self) -> dict[Dtype, list[int]]:
        """Signals of each type of number, by their index."""
        groups: dict[Dtype, list[int]] = {}
        for index, column in enumerate(self.layout.signals):
            groups.setdefault(column.dtype, []).append(index)
        return groups

    def line(self, row: int) -> int:
        """Number in the file of the line that a row stands on."""
        block = bisect_right(self._first_rows, row) - 1
        return self._lines[block].line(row - self._first_rows[block])

    def samples(self, dtype: Dtype) -> NDArray[Any]:
        """All rows of the signals of one type, shape (signals, rows); on the grid, where times were resampled."""
        rows = np.concatenate(self._blocks.pop(dtype), axis=1)
        return rows if self._grid is None else self._grid.samples(rows)

    def missing(self) -> list[str]:
        """What is missing, a sentence a column."""
        return [
            f"Column {column.label!r}: {count:,} of {self.n_rows:,} cells are missing."
            for column, count in zip(self.layout.signals, self._missing.tolist(), strict=True)
            if count
        ]

    @property
    def first_time_ns(self) -> int | None:
        """Time of the first row, as its column counts."""
        return int(self._times[0][0]) if self._times else None

    def clock(self) -> Clock:
        """Find the rate that the times keep, and their gaps.

        Raises
        ------
        SourceError
            The times are not steady, and the recipe does not say what to make of them.
        """
        times, rate_hz, mode = np.concatenate(self._times), self.options.rate_hz, self.options.on_clock
        if mode == "robust-line":
            return robust_line(times, self.where)
        if mode == "trust-stamps" and rate_hz:
            return trusted_stamps(times, rate_hz, self.where)
        if mode == "resample" and rate_hz:
            self._grid = grid_of(times, rate_hz, self.where)
            return self._grid.clock
        return steady_clock(times, self.line, self.where, rate_hz, mode == "arrival-order")

    def _nanoseconds(self, times: pl.Series, block: Block) -> NDArray[np.int64]:
        assert self.options.time is not None
        found = nanoseconds(times, self.options.time.unit, self.options.time.zone)
        if found.null_count():
            line = block.line(int(found.is_null().arg_max() or 0))
            raise SourceError(
                f"line {line} has no time that can be read as {self.options.time.unit!r}.",
                where=self.where,
                mend="Mend or delete that line, or set the unit of `time` in the recipe.",
            )
        return found.to_numpy()

    def _integers(self, values: NDArray[np.float64], rows: list[int], dtype: Dtype, block: Block) -> NDArray[Any]:
        limits = np.iinfo(dtype)
        block_values = values[rows]
        with np.errstate(invalid="ignore"):
            fits = (block_values == np.rint(block_values)) & (block_values >= limits.min) & (block_values <= limits.max)
        if not fits.all():
            row = int(np.argmin(fits.all(axis=0)))
            index = rows[int(np.argmin(fits[:, row]))]
            what = "is missing" if np.isnan(values[index, row]) else f"is no {dtype}"
            raise SourceError(
                f"line {block.line(row)}, column {self.layout.signals[index].label!r} {what}.",
                where=self.where,
                mend="Set the column's `dtype: float64` in the recipe.",
            )
        return block_values.astype(dtype)
