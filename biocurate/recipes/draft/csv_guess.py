"""What the first rows of a table say about how to read it."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from biocurate.errors import SourceError
from biocurate.formats.source import Source
from biocurate.recipes.draft.preamble import Preamble, preamble_of

LOOKED_AT = 64 * 1024
"""Bytes of a file's beginning that are looked at."""

_E4 = {"ACC", "BVP", "EDA", "HR", "TEMP"}
_TIME = re.compile(r"(?i).*(time|stamp|date|timer|clock|elapsed).*|t|ts|sec|seconds|ms|s")
_COUNTER = re.compile(r"(?i)n?seq|index|idx|samples?|sample[ _]?(number|no|index)|row|n|#|")
_UNIX = (("unix_us", 1e14), ("unix_ms", 1e11), ("unix_s", 1e8))
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE)
LEAST_ROWS = 8
"""A column of fewer numbers is taken for no clock and no counter."""


@dataclass(frozen=True)
class Guess:
    """Options that fit a table, and what they rest on."""

    options: dict[str, Any]
    """Of the CSV reader; `rate_hz` is not among them where no row says it."""
    has_clock: bool = True
    """Whether rows say their times, or the file its rate."""
    notes: tuple[str, ...] = field(default=())
    """What was left out, and why."""


def csv_guess(source: Source) -> Guess:
    """Look at the first rows of a table.

    Raises
    ------
    SourceError
        The file cannot be read, or has no numbers.
    """
    rows = _rows(source)
    above = preamble_of(rows)
    rows = [row for row in rows[len(above.lines) :] if row.strip()]
    separator = _separator(rows)
    cells = [[cell.strip() for cell in row] for row in csv.reader(rows, delimiter=separator)]
    cells = [row for row in cells if any(row)]
    if _is_e4(source, cells):
        return Guess({"layout": "e4"})
    options: dict[str, Any] = {"comment": above.mark} if above.mark else {}
    if separator != ",":
        options["separator"] = separator
        if any(_DECIMAL_COMMA.fullmatch(cell) for row in cells for cell in row):
            options["decimal"] = ","
            cells = [[re.sub(",", ".", cell) for cell in row] for row in cells]
    first = next((number for number, row in enumerate(cells) if any(map(_is_number, row))), None)
    if first is None:
        raise SourceError("has no numbers in its first rows.", where=source.virtual)
    header = cells[first - 1] if first else []
    if first != 1:
        options["header_rows"] = first
        if first:
            options["names_row"] = first
    return _described(options, header, cells[first:], above)


def _rows(source: Source) -> list[str]:
    with source.open() as stream:
        text = stream.read(LOOKED_AT).decode("utf-8-sig", "replace")
    return text.splitlines()[:-1] or text.splitlines()


def _separator(rows: Sequence[str]) -> str:
    """The sign that stands in every row; a comma may be a decimal one where another does."""
    for sign in "\t;":
        if rows and all(sign in row for row in rows):
            return sign
    return max(",;\t", key=lambda sign: sum(row.count(sign) for row in rows))


def _is_e4(source: Source, cells: list[list[str]]) -> bool:
    named = source.name.rpartition(".")[0].upper() in _E4
    return named and len(cells) > 2 and all(_is_number(cell) for cell in cells[0]) and float(cells[0][0]) > _UNIX[-1][1]


def _described(options: dict[str, Any], header: list[str], data: list[list[str]], above: Preamble) -> Guess:
    """Say which columns are samples and which is the time."""
    width = len(header) or max(len(row) for row in data)
    columns = [[row[place] for row in data if place < len(row)] for place in range(width)]
    if not header and width > 1 and not any(columns[-1]):
        width -= 1  # a separator at the end of each row
    names = header or above.names(options.get("separator", ","), width)
    time = next((place for place in range(width) if _is_time(names, place, columns[place])), None)
    counter = {place for place in range(width) if place != time and width > 1 and _counts(names, place, columns[place])}
    kept = [place for place in range(width) if place not in counter | {time} and _mostly_numbers(columns[place])]
    _name_columns(options, header, names, kept, time, len(columns))
    if time is not None:
        options["time"] = {
            "column": names[time] if names else f"column {time}",
            "unit": _unit(names, time, columns[time]),
        }
    elif above.rate_hz is not None:
        options["rate_hz"] = above.rate_hz
    if above.unit:
        options["unit"] = above.unit
    left_out = [_spelt(names, place) for place in range(width) if place not in kept and place != time]
    notes = (f"columns left out, as they count rows or are no numbers: {', '.join(left_out)}",) if left_out else ()
    return Guess(options, time is not None or above.rate_hz is not None, notes)


def _name_columns(
    options: dict[str, Any], header: list[str], names: list[str], kept: list[int], time: int | None, width: int
) -> None:
    """Say what the columns are called, where the file's own first row does not or some are left out."""
    if header:
        if len(kept) + (time is not None) < len(header):
            options["columns"] = [header[place] for place in kept]
    elif width > 1 or names:
        wanted = {*kept, time}
        options["columns"] = [_spelt(names, place) if place in wanted else None for place in range(width)]


def _spelt(names: list[str], place: int) -> str:
    return names[place] if place < len(names) and names[place] else f"column {place}"


def _unit(header: list[str], place: int, cells: list[str]) -> str:
    if _iso(cells):
        return "iso"
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    for unit, least in _UNIX:
        if numbers and numbers[0] > least:
            return unit
    named_ms = bool(header) and re.search(r"(?i)ms|milli", header[place]) is not None
    step = median(b - a for a, b in pairwise(numbers)) if len(numbers) > 1 else 0.0
    return "ms" if named_ms or step > 1 else "s"


def _is_time(header: list[str], place: int, cells: list[str]) -> bool:
    """Dates, or numbers under a word for time that hardly ever fall."""
    if _iso(cells):
        return True
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    named = place < len(header) and _TIME.fullmatch(header[place]) is not None
    steps = [b - a for a, b in pairwise(numbers)]
    return named and len(set(numbers)) > LEAST_ROWS and sum(step >= 0 for step in steps) > 0.8 * len(steps)


def _counts(names: list[str], place: int, cells: list[str]) -> bool:
    """Whether a column counts the rows, by one each; a few steps may be others, where it wraps or rows were lost."""
    named = place >= len(names) or _COUNTER.fullmatch(names[place]) is not None
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    steps = [b - a for a, b in pairwise(numbers)]
    return named and len(steps) >= LEAST_ROWS and sum(step == 1 for step in steps) > 0.9 * len(steps)


def _iso(cells: list[str]) -> bool:
    some = [cell for cell in cells[:20] if cell]
    return bool(some) and all(_is_date(cell) for cell in some)


def _is_date(cell: str) -> bool:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return not _is_number(cell)


def _mostly_numbers(cells: list[str]) -> bool:
    said = [cell for cell in cells if cell]
    return bool(said) and sum(map(_is_number, said)) > len(said) / 2


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
