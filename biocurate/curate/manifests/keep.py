"""A manifest's rows, and its line in the table of manifests."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pyarrow as pa

from biocurate.store.manifests import Manifest
from biocurate.store.schema import MANIFESTS, WINDOWS, cast, column
from biocurate.store.store import Store


def keep_manifest(store: Store, manifest: Manifest, definition: str) -> None:
    """Write a manifest under its name, in the place of one that has it; the caller holds the lease and publishes.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    definition : str
        Canonical JSON, as it was hashed.
    """
    version = store.tables.write(f"manifests/{manifest.name}", _arrow(manifest.rows))
    row = {
        "name": manifest.name,
        "hash": manifest.hash,
        "snapshot_id": manifest.snapshot_id,
        "definition": definition,
        "labels": list(manifest.named),
        "splits": list(manifest.splits),
        "rows": manifest.rows.height,
        "version": version,
        "built": datetime.now(UTC),
        "terms": list(manifest.terms),
        "dropped": list(manifest.dropped),
    }
    store.tables.replace("manifests", cast([row], MANIFESTS), "name", [manifest.name])


def _arrow(rows: pl.DataFrame) -> pa.Table:
    """Rows in the types of a window set; label columns keep theirs."""
    own = {name: _type(kind) for name, kind in rows.schema.items() if name not in WINDOWS.names}
    fields = [column(name, kind, "label or split") for name, kind in own.items()]
    return cast(rows.to_arrow(), pa.schema([*WINDOWS, *fields]))


def _type(kind: pl.DataType) -> pa.DataType:
    if kind == pl.Float64:
        return pa.float64()
    return pa.list_(pa.string()) if kind == pl.List(pl.String) else pa.string()
