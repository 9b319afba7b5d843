"""Who and what is in each split, beside what was asked for."""

from __future__ import annotations

import polars as pl

from biocurate.store.manifests import Manifest
from biocurate.store.store import Store


def told(store: Store, manifest: Manifest) -> pl.DataFrame:
    """Count each split of a manifest.

    Returns
    -------
    DataFrame
        split, persons, recordings, windows, share (of the windows), one column a label (share of the split's windows
        that have it), age (median over persons), female (share of the persons whose sex is known), alone (whether
        no other split has one of its persons).
    """
    rows = manifest.rows
    of_persons = store.recordings.group_by("person").agg(pl.col("age").median(), pl.col("sex").drop_nulls().first())
    persons = rows.select("split", "person").unique().join(of_persons.collect(), on="person", how="left")
    shared = persons.filter(pl.col("person").is_duplicated())["split"].unique().to_list()
    whose = persons.group_by("split").agg(
        persons=pl.len(), age=pl.col("age").median(), female=(pl.col("sex") == "F").mean()
    )
    labels = pl.col("label").list.contains if manifest.multi_label else pl.col("label").eq
    counts = rows.group_by("split").agg(
        recordings=pl.col("recording_id").n_unique(),
        windows=pl.len(),
        **{name: labels(name).mean() for name in manifest.classes},
    )
    table = counts.join(whose, on="split").with_columns(
        share=pl.col("windows") / rows.height, alone=~pl.col("split").is_in(shared)
    )
    order = pl.Enum(manifest.splits)
    columns = ["split", "persons", "recordings", "windows", "share", *manifest.classes, "age", "female", "alone"]
    return table.select(columns).sort(pl.col("split").cast(order))
