"""Recordings that an ingest leaves out, because the store was told to forget whose they are."""

from __future__ import annotations

from collections.abc import Sequence

from biocurate.recipes import Unit
from biocurate.store.forgotten import forgotten
from biocurate.store.schema import FAILURES, cast
from biocurate.store.store import Store


def without_forgotten(units: Sequence[Unit], store: Store) -> tuple[list[Unit], tuple[str, ...]]:
    """Part a corpus' recordings from those of forgotten persons; not even the headers of these are read.

    Returns
    -------
    units : list of Unit
        What may be read.
    left_out : tuple of str
        Ids of the others; the store never gets to hold them.
    """
    gone = forgotten(store, {unit.person for unit in units})
    kept = [unit for unit in units if unit.person not in gone]
    return kept, tuple(unit.recording_id for unit in units if unit.person in gone)


def drop_failures(store: Store, left_out: Sequence[str], known: frozenset[str]) -> None:
    """Remove failures of forgotten persons, and of files that are gone: both show only where files are listed."""
    if ids := known.intersection(left_out):
        store.tables.replace("failures", cast([], FAILURES), "recording_id", ids)
