"""What a store has of a corpus before an ingest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from biocurate.errors import DamageError, IncompleteError
from biocurate.ingest.revision import label_revision
from biocurate.store.arrays import ArrayReader, receipt
from biocurate.store.signals import part_key
from biocurate.store.store import Store

LABELS = "labels"
"""The table of labels that were added later; see `annotate`."""

COMPARED = ("recording_id", "signal_revision", "metadata_revision", "label_revision", "start_ns", "sources")


@dataclass(frozen=True)
class Known:
    """What a store has of a corpus."""

    rows: Mapping[str, Mapping[str, Any]]
    """Of each recording, the columns that say what it was made from."""
    labels: Mapping[str, str]
    """Recording -> revision of the labels that were added to it."""
    failures: Mapping[str, str]
    """Recording -> signature of the attempt that failed; empty where it is tried again in any case."""
    damaged: frozenset[str]
    """Recordings in damaged parts."""

    def label(self, recording_id: str) -> str | None:
        """Revision of the labels that were added to a recording."""
        return self.labels.get(recording_id)


def known_of(store: Store, corpus: str, *, repair: bool) -> Known:
    """Look at a store's rows of a corpus; with `repair`, at the bytes of its parts, too."""
    rows = store.recordings.filter(pl.col("corpus") == corpus).select(COMPARED).collect()
    return Known(
        {row["recording_id"]: row for row in rows.iter_rows(named=True)},
        {each: label_revision(labels) or "" for each, labels in labels_of(store, corpus).items()},
        _failures(store, corpus),
        _in_damaged_parts(store, corpus) if repair else frozenset(),
    )


def labels_of(store: Store, corpus: str, ids: Sequence[str] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Labels that were added to a corpus, or to some of its recordings, by recording."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    if store.tables.exists(LABELS):
        rows = store.tables.scan(LABELS).filter(pl.col("corpus") == corpus)
        if ids is not None:
            rows = rows.filter(pl.col("recording_id").is_in(ids))
        for row in rows.collect().iter_rows(named=True):
            found[row["recording_id"]].append(row)
    return dict(found)


def stored_rows(store: Store, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Whole rows of some recordings."""
    if not ids:
        return {}
    rows = store.recordings.filter(pl.col("recording_id").is_in(ids)).collect()
    return {row["recording_id"]: row for row in rows.iter_rows(named=True)}


def _failures(store: Store, corpus: str) -> dict[str, str]:
    rows = store.failures.filter(pl.col("corpus") == corpus).select("recording_id", "signature", "error").collect()
    return {
        recording_id: "" if error == IncompleteError.__name__ else signature
        for recording_id, signature, error in rows.iter_rows()
    }


def _in_damaged_parts(store: Store, corpus: str) -> frozenset[str]:
    streams = store.streams.filter(pl.col("corpus") == corpus).select("recording_id", "part", "part_digest").collect()
    damaged = []
    receipt.cache_clear()
    for part, digest in streams.select("part", "part_digest").unique().iter_rows():
        try:
            ArrayReader(store.objects, part_key(part), digest).verify()
        except DamageError:
            damaged.append(part)
    return frozenset(streams.filter(pl.col("part").is_in(damaged))["recording_id"])
