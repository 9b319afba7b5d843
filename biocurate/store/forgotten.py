"""Persons whose consent was withdrawn: a store knows them again, and does not know who they are.

Of a person only a salted sha256 is kept. Whoever can list candidates finds them by trying all: it is a pseudonym.
Without it the next ingest of the corpus would bring the person back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl

from biocurate.store.schema import FORGOTTEN, cast
from biocurate.store.store import Store

TABLE = "forgotten"


def forgotten(store: Store, persons: Iterable[str]) -> dict[str, str]:
    """Those of some persons whom the store has forgotten, each with the hash that tells so."""
    told = tombstones(store)
    hashes, asked = frozenset(told["hash"]), frozenset(persons)
    tried = ((person, _hash(str(salt), person)) for salt in told["salt"].unique() for person in asked)
    return {person: found for person, found in tried if found in hashes}


def tombstones(store: Store) -> pl.DataFrame:
    """One row a forgotten person."""
    if not store.tables.exists(TABLE):
        return pl.DataFrame(schema=pl.Schema(FORGOTTEN))
    return store.tables.scan(TABLE).collect()


def bury(store: Store, persons: Iterable[str], run_id: str) -> None:
    """Remember to forget some persons."""
    # One salt a store: an ingest hashes each person once for every store that was merged, not for every person gone.
    salt = str(store.card["store_id"])
    new = sorted(set(persons) - forgotten(store, persons).keys())
    rows = [{"hash": _hash(salt, each), "salt": salt, "time": datetime.now(UTC), "run_id": run_id} for each in new]
    if rows:
        store.tables.append(TABLE, cast(rows, FORGOTTEN))


def _hash(salt: str, person: str) -> str:
    return hashlib.sha256(f"{salt}\n{person}".encode()).hexdigest()
