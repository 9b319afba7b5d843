"""What files say of who it was and when: kept only where `ingest --keep-identifiers` asks for it.

Nothing else in a store names a person or a date. An ingest without the flag takes out again what one with it put in,
`upkeep.forget_identifiers` takes it out of older snapshots, too, and `merge` and `export` leave it behind.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from biocurate.ingest.revision import KEPT
from biocurate.ingest.unchanged import BITS, mark
from biocurate.recording import Recording
from biocurate.store.schema import RECORDINGS
from biocurate.store.store import Store

COLUMN = "identifiers"
BATCH = 1_000
"""Whole rows that are held at once."""


def identifiers_of(recording: Recording) -> list[dict[str, str]] | None:
    """What a recording's files say that identifies a person, as ``recordings.identifiers`` has it; None for nothing.

    EDF 1992 and EDF+ section 2.1.3: patient and recording identification; WFDB header(5): info strings; and the start
    by the file's own clock, whatever the format.
    """
    start = recording.start_unix_ns
    found = [
        *((field, recording.header.get(field, "")) for field in ("patient", "recording")),
        ("start", "" if start is None else str(np.datetime64(start, "ns"))),
        *(("comment", comment) for comment in recording.comments),
    ]
    return [{"field": field, "text": text} for field, text in found if text] or None


def dated() -> pl.Expr:
    """Whether a row says when its files were last changed, as rows of an earlier version do."""
    return pl.col("sources").list.eval(pl.element().struct.field("mtime_ns") >= 2**BITS).list.any()


def holding(store: Store) -> pl.LazyFrame:
    """Recordings whose rows hold identifiers, as they stand."""
    return store.recordings.filter(pl.col(COLUMN).is_not_null() | dated())


def without(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``recordings`` as an ingest without the flag makes them; one with it writes them anew."""
    schema = pl.Schema(RECORDINGS)
    return rows.with_columns(
        pl.col("metadata_revision").str.strip_suffix(KEPT),
        pl.lit(None, schema[COLUMN]).alias(COLUMN),
        pl.Series("sources", [_all_undated(some) for some in rows["sources"].to_list()], schema["sources"]),
    )


def _all_undated(sources: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Entries without dates; a recording that came from no file has none."""
    return None if sources is None else [_undated(item) for item in sources]


def _undated(item: dict[str, Any]) -> dict[str, Any]:
    mtime_ns = item["mtime_ns"]
    return item if mtime_ns < 2**BITS else {**item, "mtime_ns": mark(item["sha256"], mtime_ns)}


def drop_identifiers(store: Store, corpus: str | None = None) -> int:
    """Take identifiers out of the rows as they stand, whether the files are still there or not; older snapshots stay.

    Parameters
    ----------
    store : Store
        Under a lease.
    corpus : str, optional
        All corpora where it is left out.

    Returns
    -------
    int
        Recordings that had some.
    """
    held = holding(store) if corpus is None else holding(store).filter(pl.col("corpus") == corpus)
    ids = held.select("recording_id").collect()["recording_id"].sort()
    for first in range(0, len(ids), BATCH):
        some = ids[first : first + BATCH].to_list()
        rows = store.recordings.filter(pl.col("recording_id").is_in(some)).collect()
        store.tables.replace("recordings", without(rows).to_arrow(), "recording_id", some)
    return len(ids)
