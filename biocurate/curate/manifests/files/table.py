"""The rows of a manifest as one flat table, which any program reads and which names samples by what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import polars as pl

from biocurate.curate.manifests.content import digests_of
from biocurate.curate.manifests.files.scales import scales_of
from biocurate.store.manifests import Manifest
from biocurate.store.schema import WINDOWS
from biocurate.store.store import Store

KEYS = pl.Schema(
    {
        "recording_id": pl.String,
        "revision": pl.String,
        "corpus": pl.String,
        "person": pl.String,
        "subject": pl.String,
        "t0_ns": pl.Int64,
        "duration_ns": pl.Int64,
        "sensor_types": pl.String,
        "samples": pl.String,
        "scales": pl.String,
        "view": pl.String,
    }
)
"""Columns of every file, before those of labels. ``sensor_types`` are parted by blanks, and so is ``samples``: of each
stream that covers the window, by stream number, ``<digest>@<first sample>``; ``scales`` has the hash of its scale in
the same place, and is null of a view's windows and in files that were written before it was kept."""

KINDS: dict[str, pl.DataType] = {"text": pl.String(), "number": pl.Float64(), "list": pl.List(pl.String())}
"""Types of label columns by the word that stands for them in a file."""


def flat(store: Store, manifest: Manifest) -> pl.DataFrame:
    """Rows of a built manifest as a file has them, by recording and time."""
    return with_samples(store, manifest.rows).select(*KEYS, *label_columns(manifest.rows))


def with_samples(store: Store, rows: pl.DataFrame) -> pl.DataFrame:
    """Windows with the samples under them, and the types of sensors as one text."""
    first = pl.col("streams").list.eval(
        pl.element().sort_by(pl.element().struct.field("stream_no")).struct.field("start")
    )
    parted = rows.select(digest=digests_of(store, rows).str.split(" "), first=first).with_row_index("row")
    named = (
        parted.explode("digest", "first")
        .select("row", sample=pl.format("{}@{}", "digest", "first"))
        .group_by("row", maintain_order=True)
        .agg("sample")
    )
    return rows.with_columns(
        pl.col("sensor_types").list.join(" "),
        named["sample"].list.join(" ").alias("samples"),
        scales_of(store, rows),
        pl.col("view").cast(pl.String),
    )


def label_columns(rows: pl.DataFrame) -> list[str]:
    """Names of the columns of labels, ``label`` and ``split``."""
    return [name for name in rows.columns if name not in WINDOWS.names and name not in KEYS]


def kinds(rows: pl.DataFrame) -> dict[str, str]:
    """What each label column holds: text, number or list."""
    words = {kind: word for word, kind in KINDS.items()}
    return {name: words.get(rows.schema[name], "text") for name in label_columns(rows)}


def unlabelled(rows: pl.DataFrame, corpora: Sequence[str]) -> pl.DataFrame:
    """Rows without the labels of some corpora; their splits stay."""
    closed = pl.col("corpus").is_in(list(corpora))
    labels = [name for name in label_columns(rows) if name != "split"]
    return rows.with_columns(pl.when(~closed).then(pl.col(name)).alias(name) for name in labels)


def as_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows for a format that has no lists: each is written as a JSON array."""
    lists = [name for name, kind in rows.schema.items() if kind == pl.List(pl.String)]
    return rows.with_columns(_written(rows[name]) for name in lists)


def typed(rows: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """Rows in the types of a manifest, whatever format they were read from."""
    lists = [name for name, word in columns.items() if word == "list" and rows.schema[name] == pl.String]
    rows = rows.with_columns(pl.col(name).str.json_decode(pl.List(pl.String)) for name in lists)
    if "scales" not in rows.columns:
        rows = rows.with_columns(scales=pl.lit(None, pl.String))
    return rows.select(
        *(pl.col(name).cast(kind) for name, kind in KEYS.items()),
        *(pl.col(name).cast(KINDS[word]) for name, word in columns.items()),
    )


def digests_in(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a file with their ``digest``, as it is hashed."""
    return rows.with_columns(digest=pl.col("samples").str.replace_all(r"@-?\d+", ""))


def _written(column: pl.Series) -> pl.Series:
    # Windows share few lists.
    known = column.drop_nulls().unique().to_list()
    spelled = pl.DataFrame({"list": known, "text": [json.dumps(each, ensure_ascii=False) for each in known]})
    spelled = spelled.cast({"list": pl.List(pl.String), "text": pl.String})
    joined = column.to_frame("list").join(spelled, on="list", how="left", maintain_order="left", nulls_equal=False)
    return joined["text"].alias(column.name)
