"""A colleague's manifest built anew over a store of one's own, from the samples that are found in it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from biocurate.curate.manifests.content import content_hash
from biocurate.curate.manifests.definition import Definition, parse_definition
from biocurate.curate.manifests.files.document import ManifestFile
from biocurate.curate.manifests.files.resolve import RESOLVED, Resolution
from biocurate.curate.manifests.files.table import with_samples
from biocurate.curate.manifests.keep import keep_manifest
from biocurate.curate.manifests.select import labelled
from biocurate.curate.splits.placed import keep_placed
from biocurate.curate.splits.rule import BalancedSplit
from biocurate.curate.windows import build as windows
from biocurate.errors import ManifestError
from biocurate.store.manifests import Manifest, built_manifests, each_label, terms_of
from biocurate.store.runs import Run
from biocurate.store.store import Store

PLACE = ("recording_id", "t0_ns", "duration_ns")


@dataclass(frozen=True)
class Rebuilt:
    """A manifest that was built from a file."""

    manifest: Manifest
    equal: bool
    """Whether its hash is the file's."""
    asked: int
    """Windows of the file."""
    relabelled: int
    """Windows whose label is another here."""
    left_out: int
    """Windows whose samples are here, but that cannot be cut or labelled here as the definition says."""


def rebuild(store: Store, file: ManifestFile, found: Resolution, name: str) -> Rebuilt:
    """Build the windows of a file that are found in a store, with labels from here and the splits of the file.

    The hash is taken over the file's own definition, whatever the manifest is called here.

    Parameters
    ----------
    store : Store
    file : ManifestFile
    found : Resolution
        Of this file, by `resolve`.
    name : str
        What the manifest is called in this store.

    Raises
    ------
    ManifestError
        Where nothing of it is here, the windows are of a set that this store does not have, or the name is taken.
    """
    definition = parse_definition(file.definition, where=str(file.path))
    own = parse_definition({**file.definition, "name": name}, where=f"the name {name!r}")
    wanted = found.rows.filter(pl.col("status").is_in(RESOLVED))
    if wanted.is_empty():
        rescaled = (found.rows["status"] == "rescaled").any()
        raise ManifestError(
            "its integers are in this store under other scales or channel names alone."
            if rescaled
            else "none of its samples are in this store.",
            where=file.name,
            mend="Take its corpora in first, from the files that your colleague has.",
        )
    _refuse_taken(store, definition, name)
    cut = _cut(store, own, wanted)
    made = Run("manifest", name, {"definition": definition.canonical(), "file": file.hash})
    with store.lease(f"manifest resolve {name}", made.run_id):
        joined = _joined(store, cut, wanted)
        rows = labelled(store, joined, definition).sort("recording_id", "t0_ns")
        relabelled = _relabelled(rows)
        rows = rows.select(*cut.columns, "label", split="split_asked")
        digest = content_hash(store, definition.canonical(), rows)
        manifest = Manifest(
            name=name,
            hash=digest,
            definition=file.definition,
            snapshot_id=store.snapshot_id,
            named=file.named if definition.label else tuple(each_label(rows).unique().sort()),
            splits=file.splits,
            rows=rows,
            terms=terms_of(store.recordings, rows),
        )
        keep_manifest(store, manifest, definition.canonical())
        if isinstance(definition.split, BalancedSplit):
            keep_placed(store, name, rows)
        made.finish(store, done=rows.height)
        store.publish(made.run_id)
    return Rebuilt(manifest, digest == file.hash, file.rows.height, relabelled, wanted.height - rows.height)


def _refuse_taken(store: Store, definition: Definition, name: str) -> None:
    """A manifest may be made again when more of it is here, but not in the place of another one."""
    there = built_manifests(store.tables).filter(pl.col("name") == name)["definition"]
    if there.len() and there[0] != definition.canonical():
        raise ManifestError(
            f"the store has another manifest {name!r}.", where=store.url, mend="Build it under a name of its own."
        )


def _cut(store: Store, own: Definition, wanted: pl.DataFrame) -> pl.DataFrame:
    """Windows as the definition cuts them, of the corpora in which the samples were found."""
    rule = own.window_rule
    if rule is not None:
        ids = wanted["found"].unique()
        there = store.recordings.filter(pl.col("recording_id").is_in(ids.implode())).select("corpus").unique().collect()
        windows.cut_set(
            store,
            own.window_set,
            rule.model_copy(update={"corpora": tuple(there["corpus"].sort())}),
            overwrite=True,
        )
    elif not store.tables.exists(f"windows/{own.window_set}"):
        raise ManifestError(
            f"its windows are of a set {own.window_set!r} that this store does not have.",
            where=own.name,
            mend=f"Build the set as your colleague did: biocurate windows build {own.window_set}.",
        )
    return store.windows(own.window_set).collect()


def _joined(store: Store, cut: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Windows that lie where the file's do and on the same samples, with the file's label and split."""
    asked = wanted.select(
        recording_id="found",
        t0_ns="t0_ns",
        duration_ns="duration_ns",
        samples_asked=pl.col("samples").str.split(" "),
        label_asked="label",
        split_asked="split",
    )
    # Two names in the file may be one recording here.
    there = cut.join(asked, on=PLACE, how="inner").unique("window_id", keep="first", maintain_order=True)
    if there.is_empty():
        return there
    here = with_samples(store, there)["samples"].str.split(" ")
    beyond = there.with_columns(here=here).select(pl.col("samples_asked").list.set_difference("here").list.len())
    return there.filter(beyond.to_series() == 0)


def _relabelled(rows: pl.DataFrame) -> int:
    """How many windows have another label than in the file; a label that was left out there is none."""
    said = rows.filter(pl.col("label_asked").is_not_null())
    if said.schema["label"] == pl.List(pl.String):
        return said.filter(pl.col("label").list.sort() != pl.col("label_asked").list.sort()).height
    return said.filter(pl.col("label").ne_missing(pl.col("label_asked"))).height
