"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from rich.console import Console

SHOWN = 60
"""Rows of a table that are printed where nothing else is said; JSON has them all."""


def console(*, stderr: bool = False) -> Console:
    """Open a console that breaks lines only on a terminal: elsewhere a sentence is one line, for `grep`."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal:
        made = Console(stderr=stderr, highlight=False, width=160, soft_wrap=True)
    return made


def to_json(value: object, indent: int | None = 2) -> str:
    """Write JSON: numbers as numbers, null for what is no finite number (RFC 8259 has none), all else as text."""
    return json.dumps(_plain(value), default=str, ensure_ascii=False, indent=indent, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Write a file or folder that a person named; UsageError where it cannot be written."""
    from biocurate.errors import UsageError

    try:
        yield
    except OSError as error:
        raise UsageError(f"it cannot be written: {error.strerror or error}.", where=str(path)) from error


def show(rows: pl.DataFrame, as_json: bool = False, title: str | None = None, most: int = SHOWN) -> None:
    """Print rows as a table of so many rows at most, or all as a JSON list of objects."""
    if as_json:
        print(to_json(rows.to_dicts()))
        return
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name, dtype in rows.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in rows.head(most).iter_rows():
        table.add_row(*map(_cell, row))
    out = console()
    out.print(table, soft_wrap=False)
    if rows.height > most:
        out.print(f"{most} of {rows.height:,} rows; --json shows all.")


def show_facts(facts: dict[str, Any], as_json: bool = False) -> None:
    """Print named facts, one a line, or as one JSON object."""
    if as_json:
        print(to_json(facts))
        return
    out = console()
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        out.print(f"{name:<{width}}  {_cell(value)}", markup=False)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return str(value)
