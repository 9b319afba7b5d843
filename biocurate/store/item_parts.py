"""Parts of items, one a row: images and embeddings. They are checked, swept and rewritten alike.

A table ``images/<set>`` or ``embeddings/<set>`` names its parts, which lie below the folder of the table's kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from biocurate.store.tables import Tables

KINDS = ("images", "embeddings")
"""Folders of a store, and what tables of their rows begin with."""

PREFIXES = tuple(f"{kind}/" for kind in KINDS)


def item_tables(tables: Tables) -> Iterator[str]:
    """Tables whose rows name parts of items."""
    return (name for name in tables.names() if name.startswith(PREFIXES))


def item_path(table: str, part: str) -> str:
    """Where a part of a table lies, without its ending."""
    return f"{table.partition('/')[0]}/{part}"


def item_key(table: str, part: str) -> str:
    """Key of a part's array in the store."""
    return f"{item_path(table, part)}.zarr"
