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
from biocurate.formats.csv.grid import Grid
from biocurate.formats.csv.layout import CsvLayout
from biocurate.formats.csv.options import CsvOptions, Dtype
from biocurate.formats.csv.plain import plain_rows
from biocurate.formats.csv.spool import Spool
from biocurate.formats.csv.text import Block, Grammar
from biocurate.formats.csv.times import Times
from biocurate.formats.csv.unsteady import grid_of, robust_line, trusted_stamps
from biocurate.recording import Samples

EXACT = 2.0**53
"""From here on a float64 does not hold every integer (IEEE 754, binary64: 53 bits)."""


@dataclass
class Table:
    """Rows read so far."""

    where: str
    layout: CsvLayout
    options: CsvOptions
    n_rows: int = 0
    first_time_ns: int | None = None
    """Time of the first row, as its column counts."""
    _spools: dict[Dtype, Spool] = field(init=False)
    _times: Spool = field(default_factory=lambda: Spool(1, np.dtype(np.int64)))
    _missing: NDArray[np.int64] = field(init=False)
    _infinite: NDArray[np.int64] = field(init=False)
    _long: NDArray[np.int64] = field(init=False)
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
            first_line=self.layout.first_row + 1,
        )
        self._missing = np.zeros(len(self.layout.signals), np.int64)
        self._infinite = np.zeros(len(self.layout.signals), np.int64)
        self._long = np.zeros(len(self.layout.signals), np.int64)
        self._spools = {dtype: Spool(len(rows), np.dtype(dtype)) for dtype, rows in self.by_dtype().items()}

    def add(self, block: Block) -> None:
        """Parse a block of lines and keep its rows.

        Raises
        ------
        SourceError
            Names the line at fault.
        """
        n_rows = self._add_plain(block) or self._add_any(block)
        self._first_rows.append(self.n_rows)
        self._lines.append(block.without_text())
        self.n_rows += n_rows

    def _add_plain(self, block: Block) -> int:
        """Keep the rows of a block that is nothing but plain numbers of one type; how many there are, or 0."""
        if not self._is_plain:
            return 0
        ((dtype, spool),) = self._spools.items()
        rows = plain_rows(block.text, self.layout.separator.encode(), len(self.layout.names), dtype)
        if rows is None:
            return 0
        spool.append(rows)
        return len(rows[0])

    def _add_any(self, block: Block) -> int:
        parsed, times = self._grammar.parse(block)
        if times is not None:
            found = self._nanoseconds(times, block)
            self.first_time_ns = int(found[0]) if self.first_time_ns is None else self.first_time_ns
            self._times.append(found[None])
        values = parsed[[self._grammar.wanted.index(column.place) for column in self.layout.signals]]
        self._missing += np.isnan(values).sum(axis=1)
        self._infinite += np.isinf(values).sum(axis=1)
        self._long += (np.isfinite(values) & (np.abs(values) >= EXACT)).sum(axis=1)
        for dtype, rows in self.by_dtype().items():
            kept = values[rows] if dtype == "float64" else self._integers(values, rows, dtype, block)
            self._spools[dtype].append(kept)
        return len(values[0])

    @property
    def _is_plain(self) -> bool:
        """Whether every column is a signal, in order and of one type, and no plain number stands for a missing one."""
        places = [column.place for column in self.layout.signals]
        return (
            places == list(range(len(self.layout.names)))
            and len(self._spools) == 1
            and self.layout.decimal == "."
            and _is_mark(self.layout.separator)
            and all(map(_is_mark, self.options.missing))
        )

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

    def samples(self, dtype: Dtype) -> Samples:
        """All rows of the signals of one type; on the grid, where times were resampled."""
        samples = self._spools[dtype].samples()
        return samples if self._grid is None else self._grid.samples(samples)

    def missing(self) -> list[str]:
        """What is missing, no finite number or too long a one, a sentence a column."""
        return [
            f"Column {column.label!r}: {count:,} of {self.n_rows:,} cells are {what}."
            for counts, what in (
                (self._missing, "missing"),
                (self._infinite, "infinite, and kept so"),
                (self._long, "beyond 2^53, where a float holds no longer every integer: last digits may differ"),
            )
            for column, count in zip(self.layout.signals, counts.tolist(), strict=True)
            if count
        ]

    def clock(self) -> Clock:
        """Find the rate that the times keep, and their gaps.

        Raises
        ------
        SourceError
            The times are not steady, and the recipe does not say what to make of them.
        """
        times, rate_hz, mode = Times(self._times.samples()), self.options.rate_hz, self.options.on_clock
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
        if self.layout.decimal == ",":
            times = times.str.replace(",", ".", literal=True)
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


def _is_mark(text: str) -> bool:
    """Whether a text can be told from a number by any of its signs."""
    return text.isascii() and bool(text.strip("-.0123456789"))
