"""What the first rows of a table say about how to read it."""

from __future__ import annotations

import csv
import re
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from biocurate.errors import SourceError
from biocurate.formats.source import Source

LOOKED_AT = 64 * 1024
"""Bytes of a file's beginning that are looked at."""

_E4 = {"ACC", "BVP", "EDA", "HR", "TEMP"}
_TIME = re.compile(r"(?i).*(time|stamp|date|timer|clock|elapsed).*|t|ts|sec|seconds|ms|s")
_UNIX = (("unix_us", 1e14), ("unix_ms", 1e11), ("unix_s", 1e8))
LEAST_ROWS = 8
"""A column of fewer numbers is not taken for a clock."""

NO_RATE = "rate_hz: no time column was found, and no row says the rate"


def csv_options(source: Source) -> tuple[dict[str, Any], list[str]]:
    """Options that fit a table, and what is left to be said.

    Raises
    ------
    SourceError
        The file cannot be read, or has no numbers.
    """
    rows = _rows(source)
    separator = max(",;\t", key=lambda sign: sum(row.count(sign) for row in rows))
    cells = [[cell.strip() for cell in row] for row in csv.reader(rows, delimiter=separator)]
    cells = [row for row in cells if any(row)]
    if _is_e4(source, cells):
        return {"layout": "e4"}, []
    first = next((number for number, row in enumerate(cells) if any(map(_is_number, row))), None)
    if first is None:
        raise SourceError("has no numbers in its first rows.", where=source.virtual)
    options: dict[str, Any] = {} if separator == "," else {"separator": separator}
    header = cells[first - 1] if first else []
    if first != 1:
        options["header_rows"] = first
        if first:
            options["names_row"] = first
    return _described(options, header, cells[first:])


def _rows(source: Source) -> list[str]:
    with source.open() as stream:
        text = stream.read(LOOKED_AT).decode("utf-8-sig", "replace")
    return text.splitlines()[:-1] or text.splitlines()


def _is_e4(source: Source, cells: list[list[str]]) -> bool:
    named = source.name.rpartition(".")[0].upper() in _E4
    return named and len(cells) > 2 and all(_is_number(cell) for cell in cells[0]) and float(cells[0][0]) > _UNIX[-1][1]


def _described(options: dict[str, Any], header: list[str], data: list[list[str]]) -> tuple[dict[str, Any], list[str]]:
    """Say which columns are samples and which is the time."""
    width = max(len(row) for row in data)
    columns = [[row[place] for row in data if place < len(row)] for place in range(width)]
    time = next((place for place in range(width) if _is_time(header, place, columns[place])), None)
    numeric = [place for place in range(width) if place != time and _mostly_numbers(columns[place])]
    if header and len(numeric) + (time is not None) < len(header):
        options["columns"] = [header[place] for place in numeric if place < len(header)]
    elif not header:
        options["columns"] = [
            f"column {place}" if place in numeric or place == time else None for place in range(width)
        ]
    if time is None:
        return options, [NO_RATE]
    options["time"] = {
        "column": header[time] if header else f"column {time}",
        "unit": _unit(header, time, columns[time]),
    }
    return options, []


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
