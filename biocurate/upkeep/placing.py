"""Say in the rows where streams lie now; nothing else in them changes."""

from __future__ import annotations

import polars as pl

from biocurate.store.store import Store

BATCH = 5_000
"""Recordings a commit: Delta's predicate names each of them."""


def place(store: Store, moved: pl.DataFrame, run_id: str) -> int:
    """Commit new places of streams, and a snapshot; what the rows said before stays in the older ones.

    Parameters
    ----------
    store : Store
        Under a lease: the rows are read, changed and put back.
    moved : DataFrame
        stream_id, part, start, part_digest.
    run_id : str

    Returns
    -------
    int
        The snapshot.
    """
    ids = moved["stream_id"].str.replace(r"#\d+$", "").unique().sort()
    for some in ids.to_frame("recording_id").iter_slices(BATCH):
        names = some["recording_id"]
        rows = store.recordings.filter(pl.col("recording_id").is_in(names.implode())).collect()
        store.tables.replace("recordings", placed(rows, moved).to_arrow(), "recording_id", names.to_list())
    return store.publish(run_id)


def placed(rows: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``recordings`` with the places of some of their streams changed."""
    flat = rows.select("recording_id", "streams").explode("streams").drop_nulls("streams").unnest("streams")
    fields = [name for name in flat.columns if name != "recording_id"]
    new = moved.select("stream_id", to_part="part", to_start="start", to_digest="part_digest")
    nested = (
        flat.join(new, on="stream_id", how="left", maintain_order="left")
        .with_columns(
            part=pl.coalesce("to_part", "part"),
            start=pl.coalesce("to_start", "start"),
            part_digest=pl.coalesce("to_digest", "part_digest"),
        )
        .group_by("recording_id", maintain_order=True)
        .agg(streams=pl.struct(fields))
    )
    # Recordings without a stream keep their empty list.
    kept = rows.rename({"streams": "before"})
    joined = kept.join(nested, on="recording_id", how="left", maintain_order="left")
    return joined.with_columns(streams=pl.coalesce("streams", "before")).select(rows.columns)
