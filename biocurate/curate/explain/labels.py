"""What a window's labels come from: the rule, the annotations, and where the recipe has these from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from biocurate.curate.explain.found import Found
from biocurate.curate.explain.origin import Origin
from biocurate.curate.windows.rule import LabelColumn, WindowRule
from biocurate.recipes.labelling import AnnotationLabel, BesideLabel, CommentLabel, Keyed, NameLabel
from biocurate.recording import NS
from biocurate.store.schema import WINDOWS
from biocurate.store.store import Store

MOST = 50
"""Annotations that are listed of each kind; how many there are is told."""

_NOT_LABELS = {*WINDOWS.names, "label", "split"}


def label_facts(store: Store, found: Found, origin: Origin, rule: WindowRule | None) -> list[dict[str, Any]]:
    """Each label column of a window, with what it was made from."""
    by_name = {column.name: column for column in rule.columns} if rule else {}
    facts = []
    for name in found.row:
        if name in _NOT_LABELS:
            continue
        column = by_name.get(name)
        facts.append(
            {"column": name, "value": found.row[name], "kind": column.kind if column else None}
            | {"rule": _said(column, rule) if column and rule else "the run that cut the set is not kept"}
            | _made_from(store, found.row, column)
            | {"source": _source(store, origin, column.kind) if column else None}
        )
    return facts


def rule_of(store: Store, table: str) -> WindowRule | None:
    """The rule of the run that cut a window set, in the snapshot that is read."""
    published = store.tables.scan("snapshots").filter(pl.col("snapshot_id") <= store.snapshot_id)
    runs = store.tables.scan("runs").filter(
        (pl.col("command") == "windows") & (pl.col("target") == table.partition("/")[2])
    )
    mine = runs.join(published.select("run_id"), on="run_id", how="semi").sort("started").tail(1).collect()
    return WindowRule.model_validate(json.loads(mine["config"][0])["rule"]) if mine.height else None


def _said(column: LabelColumn, rule: WindowRule) -> str:
    if column.rule == "majority":
        share = rule.share if column.share is None else column.share
        return f"majority: the value that covers more than {share:g} of the window, or all of it"
    if column.rule == "fraction":
        return f"fraction: the share of the window that {column.value} covers"
    said = {"single": "the one value that touches it", "onset": "the value at its first instant"}
    return f"{column.rule}: {said.get(column.rule, 'every value that touches it')}"


def _made_from(store: Store, window: Mapping[str, Any], column: LabelColumn | None) -> dict[str, Any]:
    """The annotations of a kind that lie on a window, as the rule sees them."""
    if column is None:
        return {"annotations": [], "n_annotations": 0}
    begin, end = window["t0_ns"], window["t0_ns"] + window["duration_ns"]
    stop = pl.col("onset_ns") + pl.col("duration_ns")
    instant = (pl.col("duration_ns") == 0) & (pl.col("onset_ns") >= begin)
    counts = column.rule in {"single", "onset", "list"}
    rows = (
        store.annotations.filter(
            (pl.col("recording_id") == window["recording_id"])
            & (pl.col("kind") == column.kind)
            & pl.col("channel").is_null()
            & (pl.col("onset_ns") < end)
            & ((stop > begin) | (instant if counts else False))
        )
        .sort("onset_ns", "value")
        .select(
            "value",
            onset_s=pl.col("onset_ns") / NS,
            duration_s=pl.col("duration_ns") / NS,
            covers_s=(pl.min_horizontal(stop, end) - pl.max_horizontal("onset_ns", begin)) / NS,
        )
        .collect()
    )
    return {"annotations": rows.head(MOST).to_dicts(), "n_annotations": rows.height}


def _source(store: Store, origin: Origin, kind: str) -> str:
    """Where annotations of a kind come from."""
    if store.tables.exists("labels"):
        added = store.tables.scan("labels").filter(
            (pl.col("recording_id") == origin.recording["recording_id"]) & (pl.col("kind") == kind)
        )
        runs = added.select("run_id").unique().sort("run_id").collect()["run_id"].to_list()
        if runs:
            return f"added by biocurate annotate (run {', '.join(runs)})"
    if origin.recipe is None:
        return "not known: the store keeps no recipe of this recording"
    definition = origin.recipe.definition
    label = definition.labels.get(kind)
    if label is None:
        kept = any(rule.kind.fullmatch(kind) for rule in definition.annotations)
        return "the file's own annotations, as the recipe lets them through" if kept else "the recipe has none of it"
    if isinstance(label, NameLabel):
        return f"recipe: the group {label.group_name} of the file's name"
    if isinstance(label, CommentLabel):
        return "recipe: the header's comments"
    if isinstance(label, AnnotationLabel):
        return "recipe: the file's own annotations"
    if isinstance(label, Keyed):
        return f"recipe: table {label.file}, rows by column {label.key.column}"
    assert isinstance(label, BesideLabel)
    return f"recipe: file {' or '.join(label.file)} beside the recording"
