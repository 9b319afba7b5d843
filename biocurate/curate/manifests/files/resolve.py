"""A colleague's manifest against a store of one's own: which of its samples are here, and under what name.

What is looked for are digests of samples, not files: a recording that lies in another file, or has another name, is
found all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from biocurate.curate.manifests.content import stream_digests
from biocurate.curate.manifests.files.document import ManifestFile
from biocurate.curate.manifests.files.table import digests_in
from biocurate.store.store import Store

Status = Literal["exact", "same", "conflicting", "missing"]

STATUSES = ("exact", "same", "conflicting", "missing")
"""exact: the recording of that name has these samples. same: another recording has them. conflicting: the recording is
here with other samples. missing: neither the name nor the samples are."""

RESOLVED = ("exact", "same")


@dataclass(frozen=True)
class Resolution:
    """Where each row of a manifest's file is found in a store."""

    rows: pl.DataFrame
    """Rows of the file, with ``status``, ``found`` (recording_id here) and ``revision_here``."""
    notes: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the samples of every row are here."""
        return bool(self.rows["status"].is_in(RESOLVED).all())

    @property
    def counts(self) -> pl.DataFrame:
        """Windows and recordings of each corpus and status."""
        grouped = self.rows.group_by("corpus", "status").agg(
            windows=pl.len(), recordings=pl.col("recording_id").n_unique()
        )
        return grouped.sort("corpus", pl.col("status").cast(pl.Enum(STATUSES)))

    @property
    def recordings(self) -> pl.DataFrame:
        """Recordings that are not here as the file names them, and where their samples are."""
        other = self.rows.filter(pl.col("status") != "exact")
        grouped = other.group_by("recording_id", "status", "found").agg(windows=pl.len())
        return grouped.sort(pl.col("status").cast(pl.Enum(STATUSES)), "recording_id")


def resolve(store: Store, file: ManifestFile) -> Resolution:
    """Look for every row of a manifest's file.

    Parameters
    ----------
    store : Store
    file : ManifestFile
    """
    view = next(iter(file.rows["view"].drop_nulls().unique()), None)
    rows = digests_in(file.rows)
    asked = rows.select("recording_id", "digest").unique().sort("recording_id", "digest").with_row_index("asked")
    wanted = asked.with_columns(pl.col("digest").str.split(" ").list.unique()).with_columns(
        n=pl.col("digest").list.len()
    )
    here = stream_digests(store, view).select("digest", found="recording_id").unique()
    # A recording answers where it has all of the digests: a flat stream is in many.
    holding = (
        wanted.explode("digest")
        .join(here, on="digest")
        .group_by("asked", "found")
        .agg(pl.col("n").first(), held=pl.len(), recording_id=pl.col("recording_id").first())
        .filter(pl.col("held") == pl.col("n"))
        .sort("asked", pl.col("found") != pl.col("recording_id"), "found")
        .unique("asked", keep="first", maintain_order=True)
        .select("asked", "found")
    )
    known = store.recordings.select("recording_id", "revision").collect()
    # Of a view, a recording is here where the view was made of it.
    there = pl.col("recording_id").is_in(here["found"].unique().implode())
    status = (
        pl.when(pl.col("found") == pl.col("recording_id"))
        .then(pl.lit("exact"))
        .when(pl.col("found").is_not_null())
        .then(pl.lit("same"))
        .when(there)
        .then(pl.lit("conflicting"))
        .otherwise(pl.lit("missing"))
    )
    answered = (
        asked.join(holding, on="asked", how="left")
        .select("recording_id", "digest", "found")
        .with_columns(status=status)
    )
    resolved = (
        rows.join(answered, on=["recording_id", "digest"], how="left", maintain_order="left")
        .join(
            known.rename({"recording_id": "found", "revision": "revision_here"}),
            on="found",
            how="left",
            maintain_order="left",
        )
        .drop("digest")
    )
    return Resolution(resolved, tuple(_notes(store, resolved, view)))


def _notes(store: Store, resolved: pl.DataFrame, view: str | None) -> list[str]:
    """What keeps hashes from being equal, though the samples are."""
    exact = resolved.filter(pl.col("status") == "exact")
    other = exact.filter(pl.col("revision") != pl.col("revision_here"))["recording_id"].n_unique()
    notes = []
    if other:
        notes.append(
            f"{other:,} recordings have the same samples but were read by another recipe or version, from files that "
            "differ elsewhere: a manifest of them has another hash."
        )
    if view is not None and store.streams_of(view).limit(1).collect().is_empty():
        notes.append(f"Its windows are of the view {view}, which this store has not made: biocurate preprocess.")
    return notes
