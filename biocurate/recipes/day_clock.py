"""Times of the day as people write them into lists: ``19.39.33``, ``19:39.33``; after midnight they begin anew."""

from __future__ import annotations

import re

import polars as pl

from biocurate.recording import NS

DAY_NS = 24 * 3600 * NS
_TIME = re.compile(
    r"(?P<hours>\d ?\d?)\s*[.:,h]\s*(?P<minutes>[0-5]?\d)\s*[.:,m]"
    r"\s*(?P<seconds>[0-5]?\d)(?:[.,](?P<rest>\d{1,9}))?\s*s?"
)


def day_ns(cells: pl.Series) -> pl.Series:
    """Nanoseconds since midnight; null where a cell is no time of the day."""
    read = {cell: _read(cell) for cell in cells.unique().drop_nulls()}
    return cells.replace_strict(read, default=None, return_dtype=pl.Int64)


def since(start: pl.Series, origin: pl.Series) -> pl.Series:
    """Nanoseconds from one time of the day to the next occurrence of another, less than a day."""
    return (start - origin) % DAY_NS


def _read(text: str) -> int | None:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    hours = int(match["hours"].replace(" ", ""))
    seconds = (hours * 60 + int(match["minutes"])) * 60 + int(match["seconds"])
    return seconds * NS + int((match["rest"] or "").ljust(9, "0")) if hours < 24 else None
