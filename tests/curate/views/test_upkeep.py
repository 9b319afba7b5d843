"""Derived samples under `forget`, `vacuum` and `verify`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.engine import InProcess
from biocurate.recording import Recording
from biocurate.store.arrays import ArrayReader
from biocurate.store.vacuum import vacuum
from biocurate.store.verify import verify
from biocurate.testing.memory import noise_stream, put
from biocurate.upkeep import forget

VIEW = parse_view({"name": "v", "chains": {"EEG": [{"step": "band", "low_hz": 1, "high_hz": 20}]}})


def eeg(seed):
    return Recording((noise_stream("EEG", 100, [(0, 3000)], ["Fp1", "Cz"], seed=seed),))


def chunks(store, rows):
    """The stored bytes of derived streams."""
    for row in rows.iter_rows(named=True):
        reader = ArrayReader(store.objects, f"signals/{row['part']}.zarr", row["part_digest"])
        chunk = reader.layout.chunk
        for number in range(row["start"] // chunk, -(-(row["start"] + row["n_samples"]) // chunk)):
            shard, place = divmod(number, reader.layout.shard)
            offset, size = map(int, reader._index(shard)[place])
            yield store.objects.range(f"{reader.key}/{reader.layout.shard_key(shard)}", offset, size)


def test_forget_takes_derived_samples_along_and_leaves_those_of_others(store):
    put(store, {"a/one": eeg(1), "a/two": eeg(2)})
    preprocess(store, VIEW)
    rows = store.derived_streams.sort("stream_id").collect()
    assert rows["part"].n_unique() == 1
    theirs, others = list(chunks(store, rows[:1])), list(chunks(store, rows[1:]))
    before = store.recording("a/two").read("EEG", view="v")
    forget(store, "a/one")
    everything = [entry for entry in store.objects.folder.rglob("*") if entry.is_file()]
    assert not any(chunk in file.read_bytes() for chunk in theirs for file in everything)
    assert all(any(chunk in file.read_bytes() for file in everything) for chunk in others)
    assert store.derived_streams.collect()["recording_id"].to_list() == ["a/two"]
    assert (store.recording("a/two").read("EEG", view="v") == before).all()
    assert preprocess(store, VIEW).derived == 0


def test_vacuum_keeps_what_a_view_made_and_frees_what_it_made_before(store):
    put(store, {"a/one": eeg(1)})
    preprocess(store, VIEW)
    old = store.derived_streams.collect()["part"][0]
    later = datetime.now(UTC) + timedelta(days=3)
    assert vacuum(store, now=later).parts == []
    preprocess(store, parse_view({"name": "v", "chains": {"EEG": [{"step": "band", "low_hz": 2, "high_hz": 20}]}}))
    assert vacuum(store, dry_run=False, now=later, keep_snapshots=1).parts == [f"signals/{old}"]
    assert store.recording("a/one").read("EEG", view="v").shape == (2, 3000)


def test_verify_finds_a_changed_byte_of_a_derived_part(store):
    put(store, {"a/one": eeg(1)})
    preprocess(store, VIEW)
    part = store.derived_streams.select(pl.col("part")).collect().item()
    shard = store.objects.folder / f"signals/{part}.zarr/c/0/0"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    assert [problem for problem in verify(store, InProcess()).problems if part in problem["where"]]
