"""What must hold of any store: for tests here and in packages that write stores."""

from __future__ import annotations

from typing import Any

import polars as pl

from biocurate.engine import InProcess
from biocurate.store.store import Store
from biocurate.store.verify import verify

PACKING = {"part", "start", "part_digest"}
"""Depend on what was left to do when a stream was written."""


def contents(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row of a store's data tables, sorted, without what packing and runs decide.

    Two stores made from the same sources have equal contents, however often either was interrupted.
    """
    recordings = store.recordings.sort("recording_id").drop("run_id").collect().to_dicts()
    for row in recordings:
        row["streams"] = [
            {key: value for key, value in stream.items() if key not in PACKING} for stream in row["streams"]
        ]
    annotations = store.tables.scan("annotations").collect()
    failures = store.failures.drop("run_id").collect()
    return {
        "recordings": recordings,
        "annotations": annotations.sort(pl.all()).to_dicts(),
        "failures": failures.sort(pl.all()).to_dicts(),
    }


def check_store(store: Store) -> None:
    """Assert what every store promises; AssertionError says what does not hold.

    Recording ids are unique, every live part is whole, every stream equals its digest, annotations belong to
    recordings as they stand, and the newest snapshot lists the tables as they stand.
    """
    ids = store.recordings.select("recording_id").collect().to_series()
    assert ids.n_unique() == len(ids), "a recording is there twice"
    stream_ids = store.streams.select("stream_id").collect().to_series()
    assert stream_ids.n_unique() == len(stream_ids), "a stream is there twice"
    found = verify(store, InProcess())
    assert not found.problems, found.problems
    everything = store.tables.scan("annotations")
    orphans = everything.join(store.annotations, on=["recording_id", "revision"], how="anti").collect()
    assert orphans.is_empty(), "annotations are there whose recording is not"
    newest = store.snapshots.sort("snapshot_id").tail(1).collect()
    if newest.height:
        listed = {item["table"]: item["version"] for item in newest["tables"][0]}
        stand = {name: store.tables.version(name) for name in listed}
        assert listed == stand, "the newest snapshot is behind the tables"
