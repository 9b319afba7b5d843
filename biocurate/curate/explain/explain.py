"""`explain`: everything behind one window, put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from biocurate.curate.explain.channels import channel_facts, corrections_of
from biocurate.curate.explain.found import Found, find_window
from biocurate.curate.explain.labels import label_facts, rule_of
from biocurate.curate.explain.lines import lines_for
from biocurate.curate.explain.origin import Origin, virtual
from biocurate.curate.explain.samples import span_of
from biocurate.formats import reader
from biocurate.recording import NS
from biocurate.store.store import Store

Facts = dict[str, Any]


def explain(store: Store, window: str, window_id: int | None = None, root: str = "ROOT") -> Facts:
    """Tell where a window comes from, and how to check it without biocurate.

    Parameters
    ----------
    store : Store
    window : str
        ``SET/ID``, or the name of a window set or manifest.
    window_id : int, optional
        Where ``window`` has no number.
    root : str
        Folder of the raw corpus, for the lines of Python; the store does not keep it.

    Returns
    -------
    dict
        ``window``, ``recording``, ``files``, ``recipe``, ``streams`` (each with samples, channels, corrections, view
        and ``lines``), ``labels`` and, where it is of one, ``manifest``.

    Raises
    ------
    UsageError
        Where there is no such window.
    StaleError
        Where it was cut from a revision that has been replaced.
    """
    found = find_window(store, window, window_id)
    recording = store.recording(found.row["recording_id"]).row
    origin = Origin.of(store, recording)
    definition = _definition(store, found)
    table = f"windows/{definition.window_set}" if definition else found.table
    facts: Facts = {
        "window": _window(found),
        "recording": {key: recording[key] for key in ("recording_id", "revision", "corpus", "person", "licence")}
        | {"warnings": recording["warnings"]},
        "files": _files(origin),
        "recipe": _recipe(origin),
        "streams": _streams(store, found.row, origin, root),
        "labels": label_facts(store, found, origin, rule_of(store, table)),
    }
    if found.is_of_manifest:
        facts["manifest"] = _manifest(store, found)
    return facts


def _definition(store: Store, found: Found) -> Any:  # noqa: ANN401
    if not found.is_of_manifest:
        return None
    from biocurate.curate.manifests.definition import Definition

    return Definition.model_validate(store.manifest(found.name).definition)


def _window(found: Found) -> Facts:
    row = found.row
    return {
        "table": found.table,
        "window_id": row["window_id"],
        "t0_s": row["t0_ns"] / NS,
        "duration_s": row["duration_ns"] / NS,
        "t0_ns": row["t0_ns"],
        "duration_ns": row["duration_ns"],
        "sensor_types": row["sensor_types"],
        "view": row["view"],
    }


def _files(origin: Origin) -> list[Facts]:
    readers = dict(origin.files())
    return [
        {key: source[key] for key in ("path", "member", "bytes", "sha256")} | {"format": readers.get(virtual(source))}
        for source in origin.recording["sources"] or []
    ]


def _recipe(origin: Origin) -> Facts:
    recording, recipe = origin.recording, origin.recipe
    run = origin.run
    return {
        "name": recipe.name if recipe else recording["corpus"],
        "metadata_revision": recording["metadata_revision"],
        "signal_revision": recording["signal_revision"],
        "readers": {name: f"version {reader(name).version}" for name in (recipe.readers if recipe else [])},
        "run": recording["run_id"],
        "run_was_killed": origin.run_was_killed,
        "written_with": json.loads(run["versions"]) if run else None,
    }


def _streams(store: Store, window: Mapping[str, Any], origin: Origin, root: str) -> list[Facts]:
    by_number = {row["stream_no"]: row for row in origin.recording["streams"]}
    made = _made(store, window)
    facts = []
    for item in window["streams"]:
        raw = by_number[item["stream_no"]]
        view = made.get(item["stream_no"])
        span = span_of(window, raw, None if view else item["start"])
        channels = channel_facts(origin, raw)
        told: Facts = {
            "stream_id": raw["stream_id"],
            "sensor_type": raw["sensor_type"],
            "rate_hz": raw["rate_hz"],
            "digest": raw["digest"],
            "part": raw["part"],
            "channels": channels,
            "corrections": corrections_of(origin, [channel["label"] for channel in channels]),
            "view": _chain(view, item["start"]) if view else None,
        }
        if span is None:
            told |= {"samples": None, "lines": [], "note": "no raw sample lies under the window"}
        else:
            check = lines_for(origin, raw, channels, span, root)
            told |= {
                "samples": {
                    "first": span.first,
                    "count": span.count,
                    "segment": span.segment,
                    "of_segments": len(raw["segments"]),
                    "segment_t0_ns": span.segment_t0_ns,
                    "into_segment": span.into_segment,
                },
                "lines": list(check.lines),
                "note": check.note,
            }
        facts.append(told)
    return facts


def _made(store: Store, window: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """Streams of the window's view, by number."""
    if window["view"] is None:
        return {}
    rows = store.streams_of(window["view"]).filter(pl.col("recording_id") == window["recording_id"]).collect()
    return {row["stream_no"]: row for row in rows.iter_rows(named=True)}


def _chain(view: Mapping[str, Any], first: int) -> Facts:
    """What a view made of the raw stream, in order."""
    return {
        "view_id": view["view_id"],
        "rate_hz": view["rate_hz"],
        "first": first,
        "chain": json.loads(view["chain"]),
        "dropped": view["dropped"],
        "scope": view["scope"],
        "method": view["method"],
        "clip": view["clip"],
        "status": view["status"],
    }


def _manifest(store: Store, found: Found) -> Facts:
    manifest = store.manifest(found.name)
    return {
        "name": manifest.name,
        "hash": manifest.hash,
        "snapshot_id": manifest.snapshot_id,
        "label": found.row["label"],
        "split": found.row["split"],
        "split_by": manifest.definition.get("split"),
    }
