"""The text of a CSV file: its first rows, and then blocks of whole lines, each turned into numbers.

A block is parsed by polars, whose floats are Python's to the last bit. Only where that refuses a block are its rows
looked at one by one, to say which line is at fault.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.csv.ends import LineEnds
from biocurate.formats.impostors import refuse_impostor

BLOCK = 2**23
"""Bytes of text that are parsed at a time."""
AHEAD = 2**16
"""Bytes of text that the first rows are looked for in at a time."""

_UNITS = (
    "If it holds the columns' units, count it among the `header_rows` and give it as `units_row` in the recipe's "
    "options. Else: "
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity|nan)", re.IGNORECASE)


@dataclass
class Lines:
    """Lines of a file, with any line end, without its byte order mark and its comments."""

    stream: BinaryIO
    where: str
    comment: str | None = None
    block: int = BLOCK
    line_no: int = 0
    """Lines taken so far, comments included."""
    _rest: bytes = b""
    _carry: bytes = b""
    ends: LineEnds = field(default_factory=LineEnds)
    _started: bool = False
    _done: bool = False

    def head(self, n_rows: int) -> list[str]:
        """Take the first rows; fewer where the file ends."""
        rows: list[str] = []
        while len(rows) < n_rows:
            if b"\n" not in self._rest and not self._done:
                self._fill()
                continue
            line, found, self._rest = self._rest.partition(b"\n")
            if not found and not line:
                break
            self.line_no += 1
            if not self._is_comment(line):
                rows.append(_decoded(line))
        return rows

    def skip_comments(self) -> None:
        """Step over comment lines, so that `line_no` counts what lies above the next row."""
        while self.comment:
            while b"\n" not in self._rest and not self._done:
                self._fill()
            line, found, rest = self._rest.partition(b"\n")
            if not found or not self._is_comment(line):
                return
            self._rest = rest
            self.line_no += 1

    def peek(self) -> str:
        """Look at the next line without taking it; empty where there is none."""
        while b"\n" not in self._rest and not self._done:
            self._fill()
        return _decoded(self._rest.partition(b"\n")[0])

    def blocks(self) -> Iterator[Block]:
        """Give the remaining lines in blocks; blank lines at the end of the file are left out."""
        blanks = b""
        while self._rest or not self._done:
            if not self._done:
                self._fill(self.block)
            text, newline, self._rest = self._rest.rpartition(b"\n")
            if self._done:
                text, newline, self._rest = text + newline + self._rest, b"", b""
            body = (blanks + text).rstrip(b"\n")
            blanks = (blanks + text + newline)[len(body) :]
            if body:
                blanks = blanks[1:]
                first = self.line_no + 1
                self.line_no += body.count(b"\n") + 1
                yield self._without_comments(Block(body, first))

    def _fill(self, n_bytes: int | None = None) -> None:
        """Read on; as much again as there is where no end of a line was found yet."""
        n_bytes = n_bytes or max(AHEAD, len(self._rest))
        raw = self._carry + self.stream.read(min(n_bytes, self.block))
        self._done = len(raw) == len(self._carry)
        if not self._started:
            self._started = True
            raw = self._checked(raw)
        self._carry = b"" if self._done or not raw.endswith(b"\r") else b"\r"
        raw = raw[: len(raw) - len(self._carry)]
        self.ends.see(raw)
        if b"\r" in raw:
            raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self._rest += raw
        if len(self._rest) > 8 * self.block and b"\n" not in self._rest:
            raise SourceError(
                f"line {self.line_no + 1} does not end within {len(self._rest):,} bytes.",
                where=self.where,
                mend="This looks like no CSV file; check the recipe's reader.",
            )

    def _checked(self, raw: bytes) -> bytes:
        refuse_impostor(raw, self.where)
        if b"\x00" in raw[:4096]:
            raise SourceError(
                "is no text in UTF-8: it has zero bytes.", where=self.where, mend="Save it as CSV in UTF-8."
            )
        return raw.removeprefix(b"\xef\xbb\xbf")

    def _is_comment(self, line: bytes) -> bool:
        return bool(self.comment) and line.startswith((self.comment or "").encode())

    def _without_comments(self, block: Block) -> Block:
        mark = (self.comment or "").encode()
        if not mark or not (block.text.startswith(mark) or b"\n" + mark in block.text):
            return block
        lines = list(enumerate(block.text.split(b"\n"), block.first_line))
        kept = [(number, line) for number, line in lines if not line.startswith(mark)]
        return Block(b"\n".join(line for _, line in kept), block.first_line, [number for number, _ in kept])


@dataclass(frozen=True)
class Block:
    """Some whole lines."""

    text: bytes
    first_line: int
    """Number of the first line in the file, from 1."""
    numbers: list[int] | None = field(default=None, compare=False)
    """Numbers of the lines, where some were left out."""

    def line(self, row: int) -> int:
        """Number in the file of one of the lines."""
        return self.first_line + row if self.numbers is None else self.numbers[row]

    def without_text(self) -> Block:
        """Keep the numbers of its lines."""
        return replace(self, text=b"")


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def cells(row: str, separator: str, where: str, line: int | None = None) -> list[str]:
    """Part one row, quoted or not, into cells without blanks around them.

    Raises
    ------
    SourceError
        A cell is longer than a number or a name can be.
    """
    try:
        return [cell.strip() for cell in next(csv.reader([row], delimiter=separator, skipinitialspace=True), [""])]
    except csv.Error as error:
        raise SourceError(
            f"{'one of its first lines' if line is None else f'line {line}'} has a cell of more than "
            f"{csv.field_size_limit():,} letters.",
            where=where,
            mend="This looks like no CSV file, or a quote has no partner; check the recipe's reader and that line.",
        ) from error


@dataclass(frozen=True)
class Grammar:
    """How the rows of one file are to be read."""

    where: str
    names: tuple[str, ...]
    """Of all columns."""
    separator: str
    decimal: str
    missing: tuple[str, ...]
    wanted: tuple[int, ...]
    """Places of the columns to read as numbers, ascending."""
    text: int | None = None
    """Place of a column to read as text."""
    first_line: int | None = None
    """Number of the first line under the header."""

    def parse(self, block: Block) -> tuple[NDArray[np.float64], pl.Series | None]:
        """Turn a block into numbers.

        Returns
        -------
        array, shape (wanted columns, rows), float64
            NaN where a cell is missing.
        Series or None
            The text column.

        Raises
        ------
        SourceError
            A row has more or fewer cells than the file has columns, or a cell is no number; names the line.
        """
        self._refuse_ragged(block)
        try:
            return self._quick(block.text)
        except (pl.exceptions.PolarsError, UnicodeDecodeError):
            return self._careful(block)

    def _quick(self, text: bytes) -> tuple[NDArray[np.float64], pl.Series | None]:
        if self.decimal == "," and b"." in text and self._has_points(text):
            raise pl.exceptions.ComputeError("polars takes a point for a decimal, too")
        places = sorted({*self.wanted, *([] if self.text is None else [self.text])})
        frame = self._frame(text, places, pl.Float64)
        if frame.height != text.count(b"\n") + 1:
            raise pl.exceptions.ComputeError("rows and lines differ")
        numbers = np.empty((len(self.wanted), frame.height))
        for row, place in enumerate(self.wanted):
            numbers[row] = frame[str(place)].fill_null(math.nan).to_numpy()
        return numbers, None if self.text is None else frame[str(self.text)]

    def _has_points(self, text: bytes) -> bool:
        """Whether a cell that is to be a number has a point."""
        found = self._frame(text, list(self.wanted), pl.String)
        return any(column.str.contains(".", literal=True).any() for column in found.iter_columns())

    def _frame(self, text: bytes, places: list[int], kind: type[pl.DataType]) -> pl.DataFrame:
        """Columns at some places, those to read as numbers of the type given."""
        return pl.read_csv(
            text,
            has_header=False,
            schema={str(i): kind if i in self.wanted else pl.String for i in range(len(self.names))},
            columns=places,
            separator=self.separator,
            decimal_comma=self.decimal == ",",
            null_values=["", *self.missing],
        )

    def _refuse_ragged(self, block: Block) -> None:
        """Count separators a line, unless a quote may hide one."""
        if b'"' in block.text:
            return
        separator = self.separator.encode()
        if len(self.names) == 1 and separator not in block.text:
            return
        bytes_ = np.frombuffer(block.text + b"\n", np.uint8)
        ends = bytes_ == 10
        marks = np.flatnonzero(ends | (bytes_ == separator[0]))
        counts = np.diff(np.flatnonzero(ends[marks]), prepend=-1) - 1
        wrong = np.flatnonzero(counts != len(self.names) - 1)
        if wrong.size:
            self._refuse_width(block.line(int(wrong[0])), int(counts[wrong[0]]) + 1)

    def _refuse_width(self, line: int, found: int) -> None:
        raise SourceError(
            f"line {line} has {found} cells where {len(self.names)} are expected.",
            where=self.where,
            mend="Mend or delete that line, or check `separator` and `header_rows` in the recipe.",
            unfinished=found < len(self.names),
        )

    def _careful(self, block: Block) -> tuple[NDArray[np.float64], pl.Series | None]:
        """Read row by row what polars refused: find the line at fault, or read what is unusual but right."""
        lines = enumerate(_decoded(block.text).split("\n"))
        rows = [cells(row, self.separator, self.where, block.line(number)) for number, row in lines]
        for number, row in enumerate(rows):
            if len(row) != len(self.names):
                self._refuse_width(block.line(number), len(row))
        values = [
            [self._number(row[place], place, block.line(number)) for number, row in enumerate(rows)]
            for place in self.wanted
        ]
        text = None if self.text is None else pl.Series([row[self.text] or None for row in rows], dtype=pl.String)
        return np.array(values).reshape(len(self.wanted), len(rows)), text

    def _number(self, cell: str, place: int, line: int) -> float:
        if not cell or cell in self.missing:
            return math.nan
        if self.decimal != "." and "." in cell:
            raise SourceError(
                f"line {line}, column {self.names[place]!r} has a point, where decimals have {self.decimal!r}.",
                where=self.where,
                mend="A point between thousands has to be taken out of the file; else check `decimal` in the recipe.",
            )
        cell = cell.replace(self.decimal, ".")
        if not _NUMBER.fullmatch(cell):
            raise SourceError(
                f"line {line}, column {self.names[place]!r} is no number.",
                where=self.where,
                mend=f"{_UNITS if line == self.first_line else ''}Mend or delete that line; a mark for missing values "
                "goes into the reader's `missing`.",
            )
        return float(cell)
