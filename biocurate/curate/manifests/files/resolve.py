"""A colleague's manifest against a store of one's own: which of its samples are here, and under what name.

What is looked for are digests of samples, not files: a recording that lies in another file, or has another name, is
found all the same. Digests are of integers: what makes these physical values of named channels is compared beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from biocurate.curate.manifests.content import stream_digests
from biocurate.curate.manifests.files.document import ManifestFile
from biocurate.curate.manifests.files.scales import stream_scales
from biocurate.curate.manifests.files.table import digests_in
from biocurate.store.store import Store

Status = Literal["exact", "same", "rescaled", "conflicting", "missing"]

STATUSES = ("exact", "same", "rescaled", "conflicting", "missing")
"""exact: the recording of that name has these samples. same: another recording has them. rescaled: one has the same
integers, but under another gain, offset, unit, invalid code or channel name. conflicting: the recording is here with
other samples. missing: neither the name nor the samples are."""

RESOLVED = ("exact", "same")

NAMED = 5
"""Rescaled recordings that a note names."""

UNCOMPARED = "-"
"""Stands for the scale of a stream whose file does not tell it."""


@dataclass(frozen=True)
class Resolution:
    """Where each row of a manifest's file is found in a store."""

    rows: pl.DataFrame
    """Rows of the file, with ``status``, ``found`` (recording_id here) and ``revision_here``."""
    notes: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the samples of every row are here, as the same physical values."""
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
    asked = rows.select(*ASKED).unique().sort(ASKED).with_row_index("asked")
    here = _here(store, view)
    holding = _holding(asked, here)
    known = store.recordings.select("recording_id", "revision").collect()
    # Of a view, a recording is here where the view was made of it.
    there = pl.col("recording_id").is_in(here["found"].unique().implode())
    status = (
        pl.when(~pl.col("alike"))
        .then(pl.lit("rescaled"))
        .when(pl.col("found") == pl.col("recording_id"))
        .then(pl.lit("exact"))
        .when(pl.col("found").is_not_null())
        .then(pl.lit("same"))
        .when(there)
        .then(pl.lit("conflicting"))
        .otherwise(pl.lit("missing"))
    )
    answered = asked.join(holding, on="asked", how="left").with_columns(status=status).select(*ASKED, "found", "status")
    resolved = (
        rows.join(answered, on=ASKED, how="left", nulls_equal=True, maintain_order="left")
        .join(
            known.rename({"recording_id": "found", "revision": "revision_here"}),
            on="found",
            how="left",
            maintain_order="left",
        )
        .drop("digest")
    )
    return Resolution(resolved, tuple(_notes(store, resolved, view)))


ASKED = ("recording_id", "digest", "scales")
"""What is looked for once, however many windows lie on it."""


def _here(store: Store, view: str | None) -> pl.DataFrame:
    """Digest and scale of each stream here, and the recording that has it; the digests of a view's know the scale."""
    streams = stream_digests(store, view)
    place = ("recording_id", "revision", "stream_no")
    scaled = streams.join(stream_scales(store), on=place, how="left") if view is None else streams
    scale = pl.col("scales") if view is None else pl.lit(UNCOMPARED)
    return scaled.select("digest", found="recording_id", scale=scale).unique()


def _holding(asked: pl.DataFrame, here: pl.DataFrame) -> pl.DataFrame:
    """Which recording answers what is asked, and whether its scales are ``alike``.

    One answers where it has all of the digests: a flat stream is in many. Like scales go before a like name.
    """
    untold = pl.col("digest").str.replace_all(r"[^ ]+", UNCOMPARED)
    pairs = (
        asked.with_columns(pl.col("scales").fill_null(untold))
        .with_columns(pl.col("digest", "scales").str.split(" "))
        .explode("digest", "scales")
        .unique()
        .with_columns(n=pl.col("digest").n_unique().over("asked"))
    )
    alike = (pl.col("scales") == UNCOMPARED) | (pl.col("scales") == pl.col("scale"))
    return (
        pairs.join(here, on="digest")
        .with_columns(alike=alike)
        .group_by("asked", "found", "digest", "scales")
        .agg(pl.col("n", "recording_id").first(), pl.col("alike").any())
        .group_by("asked", "found")
        .agg(pl.col("n", "recording_id").first(), pl.col("alike").all(), held=pl.col("digest").n_unique())
        .filter(pl.col("held") == pl.col("n"))
        .sort("asked", ~pl.col("alike"), pl.col("found") != pl.col("recording_id"), "found")
        .unique("asked", keep="first", maintain_order=True)
        .select("asked", "found", "alike")
    )


def _notes(store: Store, resolved: pl.DataFrame, view: str | None) -> list[str]:
    """What keeps hashes from being equal, though the samples are."""
    exact = resolved.filter(pl.col("status") == "exact")
    other = exact.filter(pl.col("revision") != pl.col("revision_here"))["recording_id"].n_unique()
    notes = [*_scales_told(resolved, view)]
    if other:
        notes.append(
            f"{other:,} recordings have the same samples but were read by another recipe or version, from files that "
            "differ elsewhere: a manifest of them has another hash."
        )
    if view is not None and store.streams_of(view).limit(1).collect().is_empty():
        notes.append(f"Its windows are of the view {view}, which this store has not made: biocurate preprocess.")
    return notes


def _scales_told(resolved: pl.DataFrame, view: str | None) -> list[str]:
    """Where physical values or channels are others, though integers are not; or that nobody can tell."""
    notes = []
    if view is None and resolved["scales"].null_count():
        notes.append(
            "The file was written before scales were kept in it: gains, offsets, units and names of channels were not "
            "compared."
        )
    others = resolved.filter(pl.col("status") == "rescaled")["found"].unique().sort()
    if others.len():
        first = ", ".join(others.head(NAMED)) + (", …" if others.len() > NAMED else "")
        notes.append(
            f"{others.len():,} recordings have the same integers under another gain, offset, unit, invalid code or "
            f"channel name, and are not built from: {first}."
        )
    return notes
