"""One vector a window: the mean of its images' vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.store.embeddings import PREFIX, each_part, embedding_rows
from biocurate.store.manifests import Manifest
from biocurate.store.store import Store


@dataclass(frozen=True)
class WindowVectors:
    """Windows and their vectors."""

    rows: pl.DataFrame
    """window_id, recording_id, revision, t0_ns, duration_ns, corpus, person, images; by window."""
    vectors: NDArray[np.float32]
    """Shape (windows, width)."""


def window_vectors(
    store: Store, name: str, representations: Sequence[str] = (), channels: Sequence[str] = ()
) -> WindowVectors:
    """Read a set of embeddings window by window; in memory are the windows' vectors and those of one part.

    Parameters
    ----------
    store : Store
    name : str
        Of the set.
    representations : sequence of str
        Kinds, such as ``scalogram``; all where left out.
    channels : sequence of str
        Canonical names; all where left out.

    Raises
    ------
    StoreError
        Where there is no such set.
    StaleError
        Where it was made from recordings that have been replaced.
    UsageError
        Where no vector is of such a representation or channel.
    """
    rows = embedding_rows(store, name)
    if channels:
        rows = rows.filter(pl.col("channel").is_in(list(channels)))
    if representations:
        rows = rows.filter(_is_of(representations))
    found = rows.collect()
    if found.is_empty():
        there = store.tables.scan(PREFIX + name).select("representation", "channel").unique().collect()
        kinds = ", ".join(sorted(there["representation"].unique()))
        mend = f"It has {kinds or 'none'}; channels {', '.join(sorted(there['channel'].drop_nulls().unique())[:12])}."
        raise UsageError("no vector is of these images.", where=f"embeddings {name}", mend=mend)
    ids, which = np.unique(found["window_id"].to_numpy(), return_inverse=True)
    total: NDArray[np.float64] | None = None
    for places, vectors in each_part(store, found):
        total = np.zeros((len(ids), vectors.shape[1])) if total is None else total
        np.add.at(total, which[places], vectors)
    assert total is not None
    count = np.bincount(which)
    return WindowVectors(_windows(store, found), (total / count[:, None]).astype(np.float32))


def labelled(store: Store, name: str, windows: pl.DataFrame) -> pl.DataFrame:
    """Join the label of the manifest whose windows a set of embeddings shows; null where there is none."""
    manifests = store.tables.scan(PREFIX + name).select("manifest").unique().collect().to_series().to_list()
    found: Manifest = store.manifest(manifests[0])
    if "label" not in found.rows.columns:
        return windows.with_columns(label=pl.lit(None, pl.String))
    label = pl.col("label").list.join(", ") if found.multi_label else pl.col("label").cast(pl.String)
    labels = found.rows.select("recording_id", "t0_ns", "duration_ns", label)
    on = ["recording_id", "t0_ns", "duration_ns"]
    return windows.join(labels, on=on, how="left", maintain_order="left")


def _windows(store: Store, found: pl.DataFrame) -> pl.DataFrame:
    span = ("recording_id", "revision", "t0_ns", "duration_ns")
    each = found.group_by("window_id").agg(pl.col(span).first(), images=pl.len()).sort("window_id")
    whose = store.recordings.select("recording_id", "corpus", "person").collect()
    return each.join(whose, on="recording_id", how="left", maintain_order="left")


def _is_of(representations: Sequence[str]) -> pl.Expr:
    """Whether a row's representation, a kind and a hash, is one of these kinds or ids."""
    kind = pl.col("representation").str.replace(r"-[0-9a-f]+$", "")
    return kind.is_in(list(representations)) | pl.col("representation").is_in(list(representations))
