"""Manifests: a selection of windows with labels and splits, frozen and content-hashed.

A manifest is built from a definition, and again from the same definition to the same hash, also in another store that
was made from the same sources.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa

from biocurate.curate.manifests.content import content_hash
from biocurate.curate.manifests.definition import Definition
from biocurate.curate.splits.persons import folds, split_by_person
from biocurate.curate.splits.rule import HashSplit
from biocurate.curate.windows import build as windows
from biocurate.errors import ManifestError, QueryError
from biocurate.store.manifests import Manifest, built_manifests, fold_name, manifest_rows, terms_of
from biocurate.store.runs import Run
from biocurate.store.schema import MANIFESTS, WINDOWS, cast, column
from biocurate.store.sql import condition, nearest, run
from biocurate.store.store import Store

OF_RECORDING = ("session", "run", "age", "sex", "licence", "access")
"""Columns of the recording that a selection can name beside those of its windows."""


def build_manifest(store: Store, definition: Definition) -> Manifest:
    """Select, label and split windows, and write them.

    A definition that says how to cut windows gets a window set of its own, ``manifest-<name>``, cut anew at every
    build.

    Parameters
    ----------
    store : Store
    definition : Definition

    Raises
    ------
    ManifestError
        Where nothing is selected, a column does not exist, or a split stays empty; no manifest is written.
    StaleError
        Where the window set was cut from recordings that have been replaced.
    """
    rule = definition.window_rule
    if rule is not None:
        windows.cut_set(store, definition.window_set, rule, overwrite=True)
    made = Run("manifest", definition.name, {"definition": definition.canonical()})
    with store.lease(f"manifest build {definition.name}", made.run_id):
        snapshot_id = store.snapshot_id
        rows = select(store, definition)
        manifest = Manifest(
            name=definition.name,
            hash=content_hash(store, definition.canonical(), rows),
            definition=json.loads(definition.canonical()),
            snapshot_id=snapshot_id,
            named=_labels(definition, rows),
            splits=_splits(definition),
            rows=rows,
            terms=terms_of(store.recordings, rows),
        )
        version = store.tables.write(f"manifests/{definition.name}", _arrow(rows))
        row = {
            "name": manifest.name,
            "hash": manifest.hash,
            "snapshot_id": snapshot_id,
            "definition": definition.canonical(),
            "labels": list(manifest.named),
            "splits": list(manifest.splits),
            "rows": rows.height,
            "version": version,
            "built": datetime.now(UTC),
            "terms": list(manifest.terms),
        }
        store.tables.replace("manifests", cast([row], MANIFESTS), "name", [manifest.name])
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


def _labels(definition: Definition, rows: pl.DataFrame) -> tuple[str, ...]:
    """Labels in the definition's order where it gives one, else those of the rows, sorted."""
    ordered = definition.label.classes if definition.label else None
    return tuple(ordered if ordered is not None else rows["label"].drop_nulls().unique().sort())


def _splits(definition: Definition) -> tuple[str, ...]:
    rule = definition.split
    return tuple(rule.fractions) if isinstance(rule, HashSplit) else tuple(map(fold_name, range(rule.folds)))


def select(store: Store, definition: Definition) -> pl.DataFrame:
    """Rows of a manifest: windows that the definition selects, with label and split, sorted."""
    window_set = definition.window_set
    table = f"windows/{window_set}"
    if not store.tables.exists(table):
        known = [name.removeprefix("windows/") for name in store.tables.names() if name.startswith("windows/")]
        raise ManifestError(
            f"there is no window set {window_set!r}.", where=definition.name, mend=nearest(window_set, known)
        )
    cut = store.windows(window_set)
    rows = cut.collect()
    if definition.where is not None or definition.query is not None:
        rows = rows.filter(pl.col("window_id").is_in(_chosen(store, definition, cut).implode()))
    _refuse_empty(rows, definition, "no window is selected by `where` or `query`")
    rows = _labelled(rows, definition)
    return _split(rows.sort("recording_id", "t0_ns"), definition)


def _chosen(store: Store, definition: Definition, cut: pl.LazyFrame) -> pl.Series:
    """Numbers of the windows that the definition's SQL selects."""
    of_recordings = store.recordings.select("recording_id", *OF_RECORDING)
    # A label column of the same name as a recording's hides it.
    wide = cut.join(of_recordings, on="recording_id", how="left", suffix="_of_recording")
    relations = store.live_relations() | {"windows": lambda: wide}
    try:
        query = definition.query or f"SELECT window_id FROM windows WHERE {condition(definition.where or 'true')}"
        found = run(query, relations)
    except QueryError as error:
        raise ManifestError(error.what, where=f"{definition.name}: {error.where}", mend=error.mend) from error
    if "window_id" not in found.columns:
        raise ManifestError(
            f"the query returns {', '.join(found.columns)}, and no window_id.",
            where=definition.name,
            mend="Write: SELECT window_id FROM windows WHERE ...",
        )
    return found["window_id"].unique()


def _labelled(rows: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    rule = definition.label
    if rule is None:
        return rows.with_columns(label=pl.lit(None, pl.String))
    extra = [name for name in rows.columns if name not in WINDOWS.names]
    if rule.column not in rows.columns:
        raise ManifestError(
            f"the windows have no column {rule.column!r}.",
            where=f"{definition.name}: label",
            mend=f"{nearest(rule.column, extra)} Cut the windows with `labels: [{rule.column}]`.",
        )
    label = pl.col(rule.column).cast(pl.String)
    if rule.map is not None:
        label = label.replace_strict(rule.map, default=None, return_dtype=pl.String)
    labelled = rows.with_columns(label=label).filter(pl.col("label").is_not_null())
    if rule.keep is not None:
        labelled = labelled.filter(pl.col("label").is_in(rule.keep))
    if labelled.is_empty():
        values = sorted(rows[rule.column].cast(pl.String).drop_nulls().unique())
        raise ManifestError(
            "no selected window has a label that the definition names.",
            where=f"{definition.name}: label",
            mend=f"Column {rule.column!r} has: {', '.join(values) or 'no value'}.",
        )
    return labelled


def _split(rows: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    if rows["person"].null_count():
        raise ManifestError("recordings without a person cannot be split by person.", where=definition.name)
    rule = definition.split
    try:
        if isinstance(rule, HashSplit):
            placed = split_by_person(rows["person"].unique(), rule.fractions, rule.seed)
        else:
            dealt = folds(rows["person"].unique(), rule.folds, rule.seed)
            placed = {person: fold_name(fold) for person, fold in dealt.items()}
    except ManifestError as error:
        raise ManifestError(error.what, where=f"{definition.name}: {error.where}", mend=error.mend) from error
    return rows.with_columns(split=pl.col("person").replace_strict(placed, return_dtype=pl.String))


def _arrow(rows: pl.DataFrame) -> pa.Table:
    """Rows in the types of a window set; every other column is text."""
    texts = [column(name, pa.string(), "label or split") for name in rows.columns if name not in WINDOWS.names]
    return cast(rows.to_arrow(), pa.schema([*WINDOWS, *texts]))


def _refuse_empty(rows: pl.DataFrame, definition: Definition, what: str) -> None:
    if rows.is_empty():
        stated = definition.query or definition.where or "no condition"
        raise ManifestError(f"{what}: {' '.join(stated.split())}.", where=definition.name, mend="Nothing was written.")
