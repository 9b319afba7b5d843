"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

SHOWN = 60
"""Rows of a table that are printed; JSON has them all."""


def console(*, stderr: bool = False) -> Console:
    """Open a console that breaks lines only on a terminal: elsewhere a sentence is one line, for `grep`."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal:
        made = Console(stderr=stderr, highlight=False, width=160, soft_wrap=True)
    return made


def show(rows: pl.DataFrame, as_json: bool = False, title: str | None = None) -> None:
    """Print rows as a table, or as a JSON list of objects."""
    if as_json:
        print(json.dumps(rows.to_dicts(), default=str, ensure_ascii=False, indent=2))
        return
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name, dtype in rows.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in rows.head(SHOWN).iter_rows():
        table.add_row(*map(_cell, row))
    out = console()
    out.print(table, soft_wrap=False)
    if rows.height > SHOWN:
        out.print(f"{SHOWN} of {rows.height:,} rows; --json or a LIMIT shows others.")


def show_facts(facts: dict[str, Any], as_json: bool = False) -> None:
    """Print named facts, one a line, or as one JSON object."""
    if as_json:
        print(json.dumps(facts, default=str, ensure_ascii=False, indent=2))
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
