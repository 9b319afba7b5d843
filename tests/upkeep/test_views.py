"""`compact` and `merge` take along what views made of recordings (issue 4, item 1; issue 3, item 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows.build import build_windows
from biocurate.curate.windows.reading import read_windows
from biocurate.errors import DamageError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.store.vacuum import vacuum
from biocurate.testing.conformance import PACKING, check_store
from biocurate.testing.memory import noise_stream, put
from biocurate.upkeep import compact, merge

BAND = {"step": "band", "low_hz": 1, "high_hz": 20}


def view(*steps, name="v"):
    return parse_view({"name": name, "chains": {"EEG": list(steps or [BAND])}})


def recordings(*names):
    return {
        f"a/{name}": Recording(
            (noise_stream("EEG", 100, [(0, 3000), (40, 900)], ["Fp1", "Cz"], seed=len(name) + ord(name[1])),)
        )
        for name in names
    }


def rows_of(store):
    """Rows of views, without what packing and runs decide."""
    return store.derived_streams.sort("stream_id").drop(*PACKING, "run_id").collect()


def parts(store):
    return set(store.derived_streams.select("part").drop_nulls().collect()["part"])


@pytest.fixture
def bit_by_bit(store):
    """Three recordings, each with its view in a part of its own."""
    for number in range(1, 4):
        put(store, recordings(*"one two three".split()[:number]))
        preprocess(store, view())
    assert len(parts(store)) == 3
    return store


def test_compact_packs_small_parts_of_views_and_changes_nothing_else(bit_by_bit):
    store = bit_by_bit
    build_windows(store, "w", length_s=5, view="v")
    before, windows = rows_of(store), store.windows("w").collect()
    samples = read_windows(store, windows, "EEG")
    recorded, old = store.streams.select("part").unique().collect().height, {f"signals/{part}" for part in parts(store)}
    done = compact(store)
    assert (done.parts_before, done.parts_after) == (recorded + 3, 2)
    assert len(parts(store)) == 1
    check_store(store)
    assert rows_of(store).equals(before)
    np.testing.assert_array_equal(read_windows(store, store.windows("w").collect(), "EEG"), samples)
    assert preprocess(store, view()).derived == 0
    assert compact(store).repacked == 0
    later = datetime.now(UTC) + timedelta(days=3)
    assert old <= set(vacuum(store, dry_run=False, now=later, keep_snapshots=1).parts)
    np.testing.assert_array_equal(read_windows(store, store.windows("w").collect(), "EEG"), samples)


def test_compact_leaves_views_without_samples_alone(store):
    put(store, recordings("one"))
    preprocess(store, view(), lazy=True)
    before = rows_of(store)
    compact(store)
    assert rows_of(store).equals(before) and not parts(store)


def test_compact_does_not_pack_a_damaged_part_of_a_view_anew(bit_by_bit):
    part = sorted(parts(bit_by_bit))[0]
    shard = bit_by_bit.objects.folder / f"signals/{part}.zarr/c/0/0"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    with pytest.raises(DamageError):
        compact(bit_by_bit)
    assert part in parts(bit_by_bit)


@pytest.fixture
def two(tmp_path):
    """Two stores; the second recording is in both."""
    stores = [create_store(str(tmp_path / name)) for name in "ab"]
    for store, names in zip(stores, ("one two", "two three"), strict=True):
        put(store, recordings(*names.split()))
    return stores


@pytest.mark.parametrize("lazy", [False, True])
def test_merge_brings_views_over_with_their_recordings(two, tmp_path, lazy):
    for store in two:
        preprocess(store, view(), lazy=lazy)
    whole = create_store(str(tmp_path / "whole"))
    put(whole, recordings("one", "two", "three"))
    preprocess(whole, view(), lazy=lazy)
    here, there = two
    done = merge(here, there)
    assert (done.recordings, done.derived, done.left_out, done.views_left_out) == (1, 1, [], [])
    check_store(here)
    assert rows_of(here).equals(rows_of(whole))
    np.testing.assert_array_equal(
        here.recording("a/three").read("EEG", view="v"), whole.recording("a/three").read("EEG", view="v")
    )
    assert preprocess(here, view(), lazy=lazy).derived == 0
    snapshot = here.snapshot_id
    assert merge(here, there).derived == 0
    assert here.snapshot_id == snapshot


def test_merge_brings_over_a_view_that_only_the_other_store_has_of_what_is_in_both(two):
    here, there = two
    preprocess(there, view())
    assert merge(here, there).derived == 2
    assert rows_of(here)["recording_id"].to_list() == ["a/three", "a/two"]
    assert preprocess(here, view()).there_before == 2


def test_merge_brings_stored_samples_where_this_store_computes_them(two):
    here, there = two
    preprocess(here, view(), lazy=True)
    preprocess(there, view())
    assert merge(here, there).derived == 2
    stored = here.derived_streams.filter(pl.col("part").is_not_null()).sort("stream_id").collect()
    assert stored["recording_id"].to_list() == ["a/three", "a/two"]


def test_merge_leaves_out_a_view_that_is_defined_otherwise_here_and_says_so(two):
    """A name is one definition in a store: mixed ones would be other samples in silence."""
    here, there = two
    preprocess(here, view())
    preprocess(there, view({**BAND, "high_hz": 30}))
    done = merge(here, there)
    assert (done.recordings, done.derived, done.views_left_out) == (1, 0, ["v"])
    assert rows_of(here)["recording_id"].to_list() == ["a/one", "a/two"]


def test_merge_makes_anew_what_is_normalised_over_a_person_of_both(tmp_path):
    """The scale of the person's recordings is another one now, which the next run sees."""
    scaled = view(BAND, {"step": "normalise", "scope": "subject"})
    stores = [create_store(str(tmp_path / name)) for name in "cd"]
    for store, names in zip(stores, (("one", "two"), ("two", "three")), strict=True):
        put(store, recordings(*names), {f"a/{name}": "p" for name in names})
        preprocess(store, scaled)
    assert merge(*stores).derived == 1
    assert preprocess(stores[0], scaled).derived == 3
