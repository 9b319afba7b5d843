"""Opening, reading and publishing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from biocurate.errors import StaleError, StoreError
from biocurate.store.schema import RECORDINGS, TABLES, WINDOWS, cast
from biocurate.store.store import create_store, open_store
from biocurate.store.vacuum import vacuum


def put(store, revision: str, part: str = "p/one") -> int:
    """Publish one recording's row, with a part that exists."""
    store.objects.put(f"signals/{part}.zarr/zarr.json", b"{}")
    row = {
        "recording_id": "c/r",
        "revision": revision,
        "corpus": "c",
        "streams": [{"stream_id": "c/r#0", "part": part}],
    }
    store.tables.replace("recordings", cast([row], RECORDINGS), "recording_id", ["c/r"])
    return store.publish("run")


def test_a_new_store_has_every_table(tmp_path):
    store = create_store(str(tmp_path / "s"))
    assert store.tables.names() == sorted(TABLES)
    assert store.recordings.collect().height == 0
    assert store.annotations.collect().height == 0
    assert store.streams.collect().height == 0


def test_a_store_is_never_made_over_something_else(tmp_path):
    create_store(str(tmp_path / "s"))
    with pytest.raises(StoreError, match="already"):
        create_store(str(tmp_path / "s"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    with pytest.raises(StoreError, match="not empty"):
        create_store(str(tmp_path / "full"))


def test_a_store_of_a_newer_format_is_refused_with_the_mend(tmp_path):
    store = create_store(str(tmp_path))
    store.objects.put("biocurate.json", json.dumps({**store.card, "format": 99}).encode())
    with pytest.raises(StoreError, match=r"format 99.*pip install -U biocurate"):
        open_store(str(tmp_path))


def test_no_store_says_how_to_make_one(tmp_path):
    with pytest.raises(StoreError, match="biocurate init"):
        open_store(str(tmp_path))


def test_at_reads_the_store_as_it_was(tmp_path):
    store = create_store(str(tmp_path))
    first = put(store, "old")
    put(store, "new")
    then = open_store(str(tmp_path), at=first)
    assert then.recordings.collect()["revision"].to_list() == ["old"]
    assert open_store(str(tmp_path)).recordings.collect()["revision"].to_list() == ["new"]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert open_store(str(tmp_path), at=tomorrow).recordings.collect()["revision"].to_list() == ["new"]
    with pytest.raises(StoreError, match="no snapshot"):
        open_store(str(tmp_path), at="2001-01-01")
    with pytest.raises(StoreError, match="neither"):
        open_store(str(tmp_path), at="yesterday")


def test_a_store_at_a_snapshot_is_read_only(tmp_path):
    store = create_store(str(tmp_path))
    first = put(store, "old")
    with pytest.raises(StoreError, match="read-only"), open_store(str(tmp_path), at=first).lease("x"):
        pass


def test_publishing_what_has_not_changed_writes_no_snapshot(tmp_path):
    store = create_store(str(tmp_path))
    first = put(store, "a")
    assert store.publish("again") == first
    assert store.snapshots.collect().height == 1


def test_rows_of_a_revision_that_is_gone_are_an_error(tmp_path):
    store = create_store(str(tmp_path))
    put(store, "old")
    store.tables.write("windows/w", cast([{"window_id": 0, "recording_id": "c/r", "revision": "old"}], WINDOWS))
    at = store.publish("run")
    assert store.windows("w").collect().height == 1
    put(store, "new")
    with pytest.raises(StaleError, match=r"replaced.*--at"):
        store.windows("w")
    assert open_store(str(tmp_path), at=at).windows("w").collect().height == 1


def test_an_unknown_recording_shows_what_ids_look_like(tmp_path):
    store = create_store(str(tmp_path))
    put(store, "a")
    with pytest.raises(StoreError, match="c/r"):
        store.recording("c/x")


def test_vacuum_keeps_what_any_snapshot_names_and_what_is_young(tmp_path):
    store = create_store(str(tmp_path))
    put(store, "old", "p/old")
    put(store, "new", "p/new")
    store.objects.put("signals/p/orphan.zarr/zarr.json", b"{}")
    store.objects.put("signals/p/orphan.objects.json", b"{}")
    assert vacuum(store, dry_run=False).parts == []
    later = datetime.now(UTC) + timedelta(hours=25)
    assert vacuum(store, now=later).parts == ["signals/p/orphan"]
    swept = vacuum(store, dry_run=False, now=later)
    assert (swept.parts, swept.objects) == (["signals/p/orphan"], 2)
    assert not store.objects.exists("signals/p/orphan.zarr/zarr.json")
    assert store.objects.exists("signals/p/old.zarr/zarr.json")
    assert store.objects.exists("signals/p/new.zarr/zarr.json")


def test_a_store_can_be_sent_to_a_worker(tmp_path):
    import pickle

    store = create_store(str(tmp_path))
    put(store, "a")
    assert pickle.loads(pickle.dumps(store)).recordings.collect().height == 1
