"""Manifests: a selection of windows with labels and splits, frozen and content-hashed.

A manifest is built from a definition, and again from the same definition to the same hash, also in another store that
was made from the same sources.
"""

from __future__ import annotations

import json

import polars as pl

from biocurate.curate.manifests.cap import capped
from biocurate.curate.manifests.content import content_hash
from biocurate.curate.manifests.definition import Definition
from biocurate.curate.manifests.keep import keep_manifest
from biocurate.curate.manifests.left_out import UNLABELLED, UNPAIRED, UNSPLIT, left_out, without_label, without_split
from biocurate.curate.manifests.own import judge_own, own_windows
from biocurate.curate.manifests.pairs import paired
from biocurate.curate.manifests.quality import check_sensors, meeting
from biocurate.curate.manifests.select import labelled, select
from biocurate.curate.splits.guard import check_guard
from biocurate.curate.splits.place import split_windows
from biocurate.curate.splits.placed import keep_placed, placed
from biocurate.curate.splits.rule import BalancedSplit, TimeSplit
from biocurate.engine import Pool, Progress
from biocurate.errors import ManifestError
from biocurate.store.manifests import Manifest, built_manifests, each_label, manifest_rows, terms_of
from biocurate.store.runs import Run
from biocurate.store.store import Store


def build_manifest(
    store: Store, definition: Definition, *, pool: Pool | None = None, progress: Progress | None = None
) -> Manifest:
    """Select, label and split windows, and write them.

    A definition that says how to cut windows gets a window set of its own, ``manifest-<name>``, cut anew at every
    build, and judged as far as its thresholds on quality ask for it.

    Parameters
    ----------
    store : Store
    definition : Definition
    pool : Pool, optional
        Where windows are judged; here where left out.
    progress : Progress, optional
        Is told of windows that are judged.

    Raises
    ------
    ManifestError
        Where nothing is selected, a column does not exist, or a split stays empty; no manifest is written, and no
        window set.
    StaleError
        Where the window set was cut from recordings that have been replaced.
    """
    made = Run("manifest", definition.name, {"definition": definition.canonical()})
    with store.lease(f"manifest build {definition.name}", made.run_id):
        with own_windows(store, definition):
            chosen = select(store, definition)
            at_once = paired(store, chosen, definition.pairs, definition.name)
            dropped = left_out(UNPAIRED, str(definition.pairs), chosen, at_once)
            selected = labelled(store, at_once, definition)
            dropped += left_out(UNLABELLED, without_label(definition), at_once, selected)
            check_sensors(selected, definition.quality, definition.name)
            judge_own(store, definition, selected, pool, progress)
            selected, poor = meeting(store, selected, definition.window_set, definition.quality, definition.name)
            selected, beyond = capped(selected, definition.cap)
            rows, splits = _split(store, selected, definition)
            dropped += [*poor, *beyond, *left_out(UNSPLIT, without_split(definition), selected, rows)]
            digest = content_hash(store, definition.canonical(), rows)
        manifest = Manifest(
            name=definition.name,
            hash=digest,
            definition=json.loads(definition.canonical()),
            # Of the windows, too, where they are its own.
            snapshot_id=store.snapshot_id if definition.window_rule is None else store.publish(made.run_id),
            named=_labels(definition, rows),
            splits=splits,
            rows=rows,
            terms=terms_of(store.recordings, rows),
            dropped=tuple(dropped),
        )
        keep_manifest(store, manifest, definition.canonical())
        if isinstance(definition.split, BalancedSplit):
            keep_placed(store, definition.name, rows)
        made.finish(store, done=rows.height)
        store.publish(made.run_id)
    return manifest


def list_manifests(store: Store) -> pl.DataFrame:
    """List manifests; a stale one was built from a recording that has been replaced since."""
    built = built_manifests(store.tables, store.opened_at)
    stale = [
        store.is_stale(manifest_rows(store.tables, name, version))
        for name, version in built.select("name", "version").iter_rows()
    ]
    listed = built.select("name", "rows", "hash", "snapshot_id", "built")
    return listed.with_columns(stale=pl.Series(stale, dtype=pl.Boolean))


def _split(store: Store, rows: pl.DataFrame, definition: Definition) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Rows with the split of each, without those that are in none; and the names of the splits."""
    if rows["person"].null_count():
        raise ManifestError("recordings without a person cannot be split by person.", where=definition.name)
    try:
        if isinstance(definition.split, TimeSplit):
            check_guard(store, rows, definition.split)
        split, names = split_windows(rows, definition.split, placed(store, definition.name))
    except ManifestError as error:
        raise ManifestError(error.what, where=f"{definition.name}: {error.where}", mend=error.mend) from error
    return rows.with_columns(split=split).filter(pl.col("split").is_not_null()), names


def _labels(definition: Definition, rows: pl.DataFrame) -> tuple[str, ...]:
    """Labels in the definition's order where it gives one, else those of the rows, sorted."""
    if definition.label is not None and definition.label.kind == "number":
        return ()
    ordered = definition.label.classes if definition.label else None
    return tuple(ordered if ordered is not None else each_label(rows).unique().sort())
