"""`compact`: fewer parts and files, the same store (design, section 4: Publishing)."""

from __future__ import annotations

import polars as pl
import pytest

from biocurate.curate.windows.build import build_windows
from biocurate.curate.windows.reading import read_windows
from biocurate.engine import engine
from biocurate.errors import DamageError, LeaseError
from biocurate.store.arrays import open_array
from biocurate.store.schema import RECORDINGS, cast
from biocurate.store.store import open_store
from biocurate.testing.conformance import PACKING, check_store, contents
from biocurate.upkeep import compact


def parts(store) -> int:
    return store.streams.select("part").unique().collect().height


def test_small_parts_of_a_kind_become_one_and_nothing_else_changes(bits):
    before, snapshot = contents(bits), bits.snapshot_id
    rows = bits.recordings.sort("recording_id").drop("streams").collect()
    assert parts(bits) == 24
    done = compact(bits)
    assert (done.parts_before, done.parts_after, done.repacked) == (24, 2, 24)
    assert parts(bits) == 2
    assert done.files_after < done.files_before
    check_store(bits)
    assert contents(bits) == before
    assert bits.recordings.sort("recording_id").drop("streams").collect().equals(rows), "run_id included"
    then = open_store(bits.url, at=snapshot)
    assert parts(then) == 24, "the snapshot names the parts that it always did"
    assert then.recording("tiny/s00_rest").read("EEG").shape == (3, 8 * 256)


def test_only_where_streams_lie_changes_in_a_row(bits):
    before = {row["stream_id"]: row for row in bits.streams.collect().to_dicts()}
    compact(bits)
    for row in bits.streams.collect().to_dicts():
        differ = {key for key in row if row[key] != before[row["stream_id"]][key]}
        assert differ <= PACKING
        assert "part" in differ


def test_a_second_compaction_does_nothing(bits):
    compact(bits)
    snapshot, keys = bits.snapshot_id, sorted(entry.key for entry in bits.objects.list(""))
    again = compact(bits)
    assert (again.repacked, again.n_bytes, again.tables, bits.snapshot_id) == (0, 0, [], snapshot)
    keys_after = sorted(entry.key for entry in bits.objects.list(""))
    assert [each for each in keys_after if not each.startswith("leases")] == [
        each for each in keys if not each.startswith("leases")
    ]


def test_a_dry_run_tells_what_would_come_and_writes_nothing(bits):
    keys = sorted(entry.key for entry in bits.objects.list(""))
    said = compact(bits, dry_run=True)
    assert sorted(entry.key for entry in bits.objects.list("")) == keys
    done = compact(bits)
    assert (said.parts_before, said.parts_after, said.n_bytes) == (done.parts_before, done.parts_after, done.n_bytes)


def test_the_holes_of_replaced_recordings_are_closed(corpus, take, store):
    take(corpus, store)
    for number in range(3):
        corpus.write(f"s0{number}_rest", seed=70 + number, seconds=9)
    take(corpus, store)
    expected = contents(store)
    done = compact(store)
    assert done.with_holes == 2, "one part of EEG, one of ECG"
    check_store(store)
    assert contents(store) == expected
    for name, rows in store.streams.collect().group_by("part"):
        reader = open_array(store.objects, f"signals/{name[0]}.zarr", rows["part_digest"][0])
        chunk = reader.layout.chunk
        assert sum(-(-n // chunk) for n in rows["n_samples"]) == -(-reader.shape[1] // chunk), "no chunk is unused"


def test_a_part_that_is_full_enough_is_left_alone(bits, monkeypatch):
    monkeypatch.setattr("biocurate.upkeep.repack.SMALL", 1)
    assert compact(bits).repacked == 0


def test_parts_are_packed_up_to_the_normal_size_and_no_further(bits, monkeypatch):
    """Each recording's EEG is 3 x 2,048 x 2 bytes = 12,288, and its ECG is 8,000."""
    monkeypatch.setattr("biocurate.upkeep.repack.PART_BYTES", 40_000)
    done = compact(bits)
    assert done.parts_after == 12 // 3 + -(-12 // 5)
    check_store(bits)


def test_parts_of_different_codecs_are_not_mixed(corpus, take, store):
    take(corpus, store, limit=6)
    take(corpus, store, codec="blosc-lz4-5")
    assert compact(store).repacked == 0
    assert parts(store) == 4


def test_workers_give_the_same_store(bits, monkeypatch):
    before = contents(bits)
    with engine(workers=2) as pool:
        assert compact(bits, pool).parts_after == 2
    check_store(bits)
    assert contents(bits) == before


def test_windows_stay_valid(bits):
    build_windows(bits, "w2", length_s=2.0, labels=["condition"])
    rows = bits.windows("w2").collect()
    samples = read_windows(bits, rows, "EEG")
    compact(bits)
    again = open_store(bits.url)
    assert again.windows("w2").collect().equals(rows)
    assert (read_windows(again, rows, "EEG") == samples).all()


def test_manifests_keep_their_hash_and_images_their_pixels(bits):
    pytest.importorskip("torch")
    from biocurate.curate.manifests.build import build_manifest
    from biocurate.curate.manifests.definition import parse_definition
    from biocurate.images.drawing.registry import representation
    from biocurate.images.making.generate import generate
    from biocurate.images.reading.stored import image_rows, read_images

    definition = parse_definition(
        {
            "name": "m",
            "windows": {"length": "2s", "require": ["ECG"]},
            "label": {"column": "condition"},
            "split": {"method": "kfold", "folds": 3},
        }
    )
    manifest = build_manifest(bits, definition)
    generate(bits, manifest, representation("spectrogram-psd"), ["ECG"], image_set="i")
    rows = image_rows(bits, "i").sort("image_id").collect()
    pixels = read_images(bits, rows, size=None)
    compact(bits)
    after = open_store(bits.url)
    assert after.manifest("m").rows.equals(manifest.rows)
    assert build_manifest(after, definition).hash == manifest.hash
    rows_after = image_rows(after, "i").sort("image_id").collect()
    assert (read_images(after, rows_after, size=None) == pixels).all()


def test_damage_is_not_packed_anew(bits):
    stream = bits.streams.collect().row(0, named=True)
    shard = bits.objects.folder / f"signals/{stream['part']}.zarr/c/0/0"
    data = bytearray(shard.read_bytes())
    data[10] ^= 1
    shard.write_bytes(data)
    open_array.cache_clear()
    before = contents(bits)
    with pytest.raises(DamageError, match=stream["part"].rpartition("-")[2]):
        compact(bits)
    assert contents(bits) == before


def test_samples_that_are_whole_and_not_those_of_the_row_are_refused(bits):
    """Two rows whose places were swapped: every crc32c is right, and each would get the other's samples."""
    rows = bits.recordings.filter(pl.col("recording_id").is_in(["tiny/s00_rest", "tiny/s01_rest"])).collect()
    one, two = (store_rows.row(0, named=True)["streams"] for store_rows in (rows[0], rows[1]))
    for mine, other in zip(one, two, strict=True):
        for name in PACKING:
            mine[name], other[name] = other[name], mine[name]
    swapped = [{**rows.row(place, named=True), "streams": streams} for place, streams in enumerate((one, two))]
    bits.tables.replace("recordings", cast(swapped, RECORDINGS), "recording_id", rows["recording_id"].to_list())
    with pytest.raises(DamageError, match=r"tiny/s0[01]_rest#.*digest"):
        compact(bits)


def test_it_waits_for_other_writers(bits):
    with bits.lease("biocurate ingest other"), pytest.raises(LeaseError, match="other"):
        compact(open_store(bits.url))


def test_a_recording_without_a_stream_keeps_its_empty_list(bits):
    row = bits.recordings.filter(pl.col("recording_id") == "tiny/s00_rest").collect()
    none = row.with_columns(streams=pl.col("streams").list.head(0))
    bits.tables.replace("recordings", none.to_arrow(), "recording_id", ["tiny/s00_rest"])
    bits.publish("test")
    before = contents(bits)
    compact(bits)
    assert contents(bits) == before
