"""Dropping snapshots, and what `vacuum` may remove then (design, section 4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from biocurate.errors import StoreError, UsageError
from biocurate.store.schema import MANIFESTS, RECORDINGS, cast
from biocurate.store.snapshots import day, drop_snapshots, droppable
from biocurate.store.store import create_store, open_store
from biocurate.store.vacuum import vacuum

LATER = datetime.now(UTC) + timedelta(hours=25)


@pytest.fixture
def store(tmp_path):
    """Five snapshots; the recording lies in another part in each."""
    made = create_store(str(tmp_path / "s"))
    for number in range(1, 6):
        made.objects.put(f"signals/p/{number}.zarr/zarr.json", b"{}")
        streams = [{"stream_id": "c/r#0", "part": f"p/{number}"}]
        row = {"recording_id": "c/r", "revision": str(number), "corpus": "c", "streams": streams}
        made.tables.replace("recordings", cast([row], RECORDINGS), "recording_id", ["c/r"])
        made.publish("run")
    return made


def keep(store, snapshot: int) -> None:
    """A manifest that was built from a snapshot."""
    row = {"name": "m", "snapshot_id": snapshot}
    store.tables.replace("manifests", cast([row], MANIFESTS), "name", ["m"])


def test_without_a_rule_none_goes(store):
    assert droppable(store) == []
    assert vacuum(store, now=LATER).snapshots == []


def test_the_newest_so_many_stay(store):
    assert droppable(store, keep=2) == [1, 2, 3]
    assert droppable(store, keep=9) == []


def test_those_before_a_date_go_but_never_the_newest(store):
    third = store.snapshots.filter(pl.col("snapshot_id") == 3).collect()["time"][0]
    assert droppable(store, before=third) == [1, 2]
    assert droppable(store, before=LATER) == [1, 2, 3, 4]
    assert droppable(store, before=LATER, keep=3) == [1, 2]


def test_the_snapshot_of_a_manifest_stays(store):
    keep(store, 2)
    assert droppable(store, keep=1) == [1, 3, 4]


def test_vacuum_removes_the_parts_of_dropped_snapshots_alone(store):
    keep(store, 2)
    said = vacuum(store, now=LATER, keep_snapshots=1)
    assert (said.snapshots, said.parts) == ([1, 3, 4], ["signals/p/1", "signals/p/3", "signals/p/4"])
    assert store.snapshots.collect().height == 5, "it only said so"
    assert vacuum(store, dry_run=False, keep_snapshots=1).parts == [], "nothing younger than 24 h is touched"
    assert vacuum(store, dry_run=False, now=LATER, keep_snapshots=1).parts == said.parts
    assert store.snapshots.collect()["snapshot_id"].sort().to_list() == [2, 5]
    assert open_store(store.url, at=2).recordings.collect()["revision"].to_list() == ["2"]
    with pytest.raises(StoreError, match=r"no snapshot '?3.*from 2 to 5; others in between were dropped"):
        open_store(store.url, at=3)


def test_numbers_are_not_given_again(store):
    drop_snapshots(store, [1, 2, 3, 4])
    store.tables.replace("recordings", cast([], RECORDINGS), "recording_id", ["c/r"])
    assert store.publish("run") == 6


def test_a_day_begins_at_midnight_utc():
    assert day("2026-11-22") == datetime(2026, 11, 22, tzinfo=UTC)
    with pytest.raises(UsageError, match="no date"):
        day("yesterday")
