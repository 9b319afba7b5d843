"""Which window is meant: of a set or of a manifest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from biocurate.errors import UsageError
from biocurate.store.sql import nearest
from biocurate.store.store import Store

_NAME = re.compile(r"((?P<kind>windows|manifests)/)?(?P<name>[^/]+)(/(?P<id>-?\d+))?")


@dataclass(frozen=True)
class Found:
    """One window, and the table that has it."""

    table: str
    """``windows/<set>`` or ``manifests/<name>``."""
    row: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the set or manifest."""
        return self.table.partition("/")[2]

    @property
    def is_of_manifest(self) -> bool:
        """Whether it stands in a manifest."""
        return self.table.startswith("manifests/")


def find_window(store: Store, text: str, window_id: int | None = None) -> Found:
    """Find one window by ``SET/ID``, or by the name of its set and its number.

    A name that a window set and a manifest share is the set's; ``manifests/NAME/ID`` says the manifest.

    Raises
    ------
    UsageError
        Where the name or number is none, or no number is given.
    StaleError
        Where the window's set was cut from a recording that has been replaced.
    """
    match = _NAME.fullmatch(text.strip())
    number = window_id if match is None or match["id"] is None else int(match["id"])
    if match is None or number is None or (window_id is not None and match["id"] is not None):
        raise UsageError(f"{text!r} names no window.", mend="Write SET/ID, or SET and ID: biocurate explain w10/0.")
    table = _table(store, match["kind"], match["name"])
    rows = store.manifest(match["name"]).rows.lazy() if table.startswith("manifests/") else store.windows(match["name"])
    found = rows.filter(pl.col("window_id") == number).collect()
    if found.is_empty():
        low, high, count = (
            rows.select(low=pl.col("window_id").min(), high=pl.col("window_id").max(), count=pl.len()).collect().row(0)
        )
        there = f"Its {count:,} windows are numbered from {low} to {high}." if count else "It has none."
        raise UsageError(f"there is no window {number}.", where=table, mend=there)
    return Found(table, found.row(0, named=True))


def _table(store: Store, kind: str | None, name: str) -> str:
    tables = [table for table in store.tables.names() if table.startswith(("windows/", "manifests/"))]
    kinds = [kind] if kind else ["windows", "manifests"]
    for each in kinds:
        if f"{each}/{name}" in tables:
            return f"{each}/{name}"
    names = [table.partition("/")[2] for table in tables if not kind or table.startswith(kind)]
    raise UsageError(
        f"there is no window set or manifest {name!r}.", where=store.url, mend=nearest(name, sorted(set(names)))
    )
