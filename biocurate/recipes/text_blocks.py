"""Lists that people wrote: rows cut out of free text by a regular expression with named groups."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from biocurate.formats.source import Source
from biocurate.recipes.labelling import TextLabel
from biocurate.recipes.tables import keys_of
from biocurate.recipes.units import Unit

MAX_LIST = 16_000_000
"""Bytes of a list that are read."""
LISTED = 8
"""Names that a note lists."""


def read_blocks(source: Source, label: TextLabel) -> pl.DataFrame:
    """Rows of a list, a column for each named group, every cell text without blanks around it.

    The expression is found again and again. Its groups stand for headings and what lies below them, in their order: one
    that is found keeps its text for what follows, and takes back what those after it had. Each place where the onset's
    group is found is a row.
    """
    with source.open() as file:
        text = file.read(MAX_LIST).decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    names = sorted(label.block.groupindex, key=label.block.groupindex.__getitem__)
    rows: list[dict[str, str | None]] = []
    kept: dict[str, str] = {}
    for match in label.block.finditer(text):
        found = [name for name in names if match[name] is not None]
        if not found:
            continue
        kept = {name: cell for name, cell in kept.items() if names.index(name) < names.index(found[0])}
        kept |= {name: match[name].strip() for name in found}
        if label.onset.column in found:
            rows.append({name: kept.get(name) or None for name in names})
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))


def list_notes(kind: str, label: TextLabel, units: Sequence[Unit]) -> list[str]:
    """What lists and recordings do not share, on both sides."""
    by_list: dict[Source, list[Unit]] = {}
    for unit in units:
        if kind in unit.beside:
            by_list.setdefault(unit.beside[kind], []).append(unit)
    alone = [unit.name for unit in units if kind not in unit.beside]
    silent, spare, keyless = list[str](), list[str](), 0
    for source, mine in by_list.items() if label.key else ():
        keys = _keyed(read_blocks(source, label), source, label)
        stated = set(keys.drop_nulls())
        keyless += keys.null_count()
        silent += [unit.name for unit in mine if called(label, unit) not in stated]
        spare += sorted(f"{key} of {source.name}" for key in stated - {called(label, unit) for unit in mine})
    found = [
        (f"no list lies beside {len(alone)} of {len(units)}", alone),
        (f"the lists have nothing of {len(silent)} of {len(units)}", silent),
        (f"the lists have {len(spare)} names that no recording has", spare),
    ]
    notes = [f"labels.{kind}: {what}: {', '.join(names[:LISTED])}" for what, names in found if names]
    return notes + ([f"labels.{kind}: {keyless} rows of the lists name no recording"] if keyless else [])


def called(label: TextLabel, unit: Unit) -> str:
    """What a list calls a recording."""
    group = label.key.group if label.key else "name"
    return unit.name if group == "name" else unit.groups.get(group, "")


def blocks_of(source: Source, label: TextLabel, key: str) -> pl.DataFrame:
    """The rows of one recording; all of them where the list is of one recording."""
    rows = read_blocks(source, label)
    return rows if label.key is None else rows.filter(_keyed(rows, source, label).eq_missing(key))


def _keyed(rows: pl.DataFrame, source: Source, label: TextLabel) -> pl.Series:
    assert label.key is not None
    spelled = {name: right for name, right in label.spelled.items() if right is not None}
    rows = rows.with_columns(pl.col(label.key.column).replace(spelled))
    return keys_of(rows, label.key, source)
