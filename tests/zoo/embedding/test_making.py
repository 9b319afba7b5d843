"""Embeddings in a store: whole, resumable, idempotent, stale, verified, swept and forgotten like images."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import torch
import zarr

from biocurate.engine import InProcess
from biocurate.errors import DamageError, StaleError, StoreError, UsageError
from biocurate.images.reading.stored import image_rows, read_images
from biocurate.store.arrays import open_array
from biocurate.store.embeddings import embedding_rows, read_embeddings
from biocurate.store.store import open_store
from biocurate.store.vacuum import vacuum
from biocurate.store.verify import verify
from biocurate.upkeep import forget
from zoo.embedding import making
from zoo.embedding.making import embed
from zoo.embedding.source import open_source


def count(store, name="e") -> int:
    return embedding_rows(store, name).select(pl.len()).collect().item()


def test_every_image_that_shows_something_has_the_vector_that_the_network_gives_it(store, source):
    found = embed(store, source, "pictures", "e", batch_size=16)
    images = image_rows(store, "pictures").filter(pl.col("status") == "ok").collect()
    rows = embedding_rows(store, "e").collect()
    assert found.made == rows.height == images.height
    assert set(rows["image_id"]) == set(images["image_id"])
    assert found.width == 32
    some = rows.sample(7, seed=0, shuffle=True)
    shown = some.select("image_id").join(images, on="image_id", how="left", maintain_order="left")
    with torch.inference_mode():
        pixels = torch.from_numpy(read_images(store, shown, 64))[:, None]
        wanted = source.network.embed(pixels).numpy()
    np.testing.assert_allclose(read_embeddings(store, some), wanted, atol=2e-5)


def test_images_that_show_nothing_are_left_out_and_counted(store, source):
    rows = store.tables.scan("images/pictures").collect().with_row_index()
    status = pl.when(pl.col("index") < 5).then(pl.lit("flat")).otherwise("status")
    store.tables.write("images/pictures", rows.with_columns(status=status).drop("index").to_arrow())
    found = embed(store, source, "pictures", "e")
    assert found.left_out == 5
    assert count(store) == rows.height - 5


def test_a_second_run_makes_nothing_and_publishes_nothing(store, source):
    first = embed(store, source, "pictures", "e")
    again = embed(store, source, "pictures", "e")
    assert (again.made, again.there_before, again.snapshot_id) == (0, first.made, first.snapshot_id)


def test_a_run_that_was_cut_short_goes_on_to_the_bytes_of_a_run_that_was_not(store, source, monkeypatch):
    monkeypatch.setattr(making, "PART_IMAGES", 16)
    embed(store, source, "pictures", "whole", batch_size=8)

    class Died(Exception):
        pass

    def dies(*args):
        if left.pop() == 0:
            raise Died
        return part(*args)

    part, left = making._part, list(range(3))
    with monkeypatch.context() as patched:
        patched.setattr(making, "_part", dies)
        with pytest.raises(Died):
            embed(store, source, "pictures", "cut", batch_size=8)
    assert count(store, "cut") == 32
    rest = embed(store, source, "pictures", "cut", batch_size=8)
    assert (rest.there_before, rest.made) == (32, count(store, "whole") - 32)
    cut, whole = (embedding_rows(store, name).sort("image_id").collect() for name in ("cut", "whole"))
    np.testing.assert_array_equal(read_embeddings(store, cut), read_embeddings(store, whole))


def test_zarr_reads_a_part_as_image_by_number(store, source):
    embed(store, source, "pictures", "e")
    row = embedding_rows(store, "e").collect().row(3, named=True)
    array = zarr.open_array(f"{store.url}/embeddings/{row['part']}.zarr", mode="r")
    assert array.shape == (count(store), 32)
    assert array.attrs["growing_axis"] == 0
    assert array.attrs["weights"] == row["weights"] == source.weights
    mine = read_embeddings(store, embedding_rows(store, "e").collect()[3:4])
    np.testing.assert_array_equal(array[row["row"]], mine[0])


def test_embeddings_are_joined_by_window_in_sql(store, source):
    embed(store, source, "pictures", "e")
    query = """SELECT m.label, count(*) AS n FROM embeddings_e e JOIN manifests_holdout m
        ON e.window_id = m.window_id GROUP BY m.label ORDER BY m.label"""
    found = store.sql(query)
    assert found["label"].to_list() == ["rest", "task"]
    assert found["n"].sum() == count(store)


def test_one_name_is_of_one_set_of_images_and_one_network(store, source):
    embed(store, source, "pictures", "e")
    other = open_source("test-tiny-biomoe", {}, seed=1)
    assert other.weights != source.weights
    with pytest.raises(UsageError, match="with weights"):
        embed(store, other, "pictures", "e")
    assert count(store) > 0
    assert embed(store, other, "pictures", "e", overwrite=True).made == count(store)
    assert embedding_rows(store, "e").select("weights").unique().collect().item() == other.weights


def test_a_head_does_not_change_what_a_network_is_known_by(source):
    assert open_source("test-tiny-biomoe", {"num_classes": 5}).weights == source.weights


def test_vectors_follow_their_images(store, source):
    made = embed(store, source, "pictures", "e").made
    rows = store.tables.scan("images/pictures").collect()
    fewer = rows.filter(pl.col("representation").str.starts_with("waveform"))
    store.tables.write("images/pictures", fewer.with_columns(pl.col("window_id") + 100).to_arrow())
    found = embed(store, source, "pictures", "e")
    assert (found.made, found.dropped) == (0, made - fewer.height)
    left = embedding_rows(store, "e").collect()
    assert left["window_id"].min() >= 100
    assert set(left["image_id"]) == set(fewer["image_id"])


def test_vectors_of_recordings_that_were_replaced_are_stale(store, source):
    embed(store, source, "pictures", "e")
    rows = store.tables.scan("recordings").collect()
    moved = rows.with_columns(revision=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("new")).otherwise("revision"))
    store.tables.write("recordings", moved.to_arrow())
    with pytest.raises(StaleError, match=r"set of embeddings 'e' was made from 1 recordings.*"):
        embedding_rows(store, "e")
    with pytest.raises(StaleError):
        store.sql("SELECT count(*) AS n FROM embeddings_e")


def test_verification_finds_a_changed_byte_and_reading_refuses_it(store, source):
    embed(store, source, "pictures", "e")
    assert verify(store, InProcess()).problems == []
    rows = embedding_rows(store, "e").collect()
    shard = store.objects.folder / "embeddings" / f"{rows['part'][0]}.zarr" / "c" / "0" / "0"
    data = bytearray(shard.read_bytes())
    data[len(data) // 3] ^= 1
    shard.write_bytes(bytes(data))
    open_array.cache_clear()
    [problem] = verify(store, InProcess()).problems
    assert "embeddings/e" in problem["where"]
    with pytest.raises(DamageError) as refused:
        read_embeddings(store, rows)
    assert "biocurate zoo embed" in refused.value.mend


def test_parts_are_kept_while_rows_name_them_and_swept_when_none_does(store, source):
    embed(store, source, "pictures", "e")
    tomorrow = datetime.now(UTC) + timedelta(hours=25)
    assert vacuum(store, dry_run=False, now=tomorrow).parts == []
    old = embedding_rows(store, "e").collect()["part"][0]
    embed(store, source, "pictures", "e", overwrite=True)
    swept = vacuum(store, dry_run=False, now=tomorrow, keep_snapshots=1)
    assert swept.parts == [f"embeddings/{old}"]
    assert verify(store, InProcess()).problems == []


def test_vectors_of_a_person_are_forgotten_with_them_and_those_of_others_stay(store, source):
    embed(store, source, "pictures", "e")
    rows = embedding_rows(store, "e").sort("image_id").collect()
    vectors = read_embeddings(store, rows)
    theirs = rows["recording_id"].str.starts_with("twin/p01").to_numpy()
    assert 0 < theirs.sum() < len(theirs)
    open_array.cache_clear()
    done = forget(store, "twin/p01")
    assert done.embeddings == theirs.sum()
    left = embedding_rows(store, "e").sort("image_id").collect()
    np.testing.assert_array_equal(read_embeddings(store, left), vectors[~theirs])
    needles = [vector.tobytes() for vector in vectors[theirs]]
    held = b"".join(path.read_bytes() for path in store.objects.folder.rglob("*") if path.is_file())
    assert not any(needle in held for needle in needles)
    assert b"twin/p01" not in held
    assert verify(open_store(store.url), InProcess()).problems == []


def test_names_that_are_none_and_sets_that_are_not_there_are_told(store, source):
    with pytest.raises(UsageError, match="is no name for embeddings"):
        embed(store, source, "pictures", "a/b")
    with pytest.raises(StoreError, match="no image set 'picture'"):
        embed(store, source, "picture", "e")
    with pytest.raises(StoreError, match="there are no embeddings 'f'"):
        embedding_rows(store, "f")
