"""`forget`: consent withdrawn (design, section 4). Every byte of the folder is searched, not only what can be read."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from biocurate.curate.windows.build import build_windows
from biocurate.errors import StoreError
from biocurate.store.arrays import ArrayReader, open_array
from biocurate.store.forgotten import forgotten
from biocurate.store.store import create_store, open_store
from biocurate.store.vacuum import live_parts
from biocurate.testing.conformance import check_store, contents
from biocurate.upkeep import compact, forget
from biocurate.upkeep.withdraw import survey

THEIRS = ("tiny/s03_rest", "tiny/s03_task")


def fingerprints(store, ids=THEIRS) -> dict[str, bytes]:
    """What must be nowhere: names, files, digests, revisions, and the bytes of each of their stored chunks."""
    found = {}
    for row in store.recordings.filter(pl.col("recording_id").is_in(list(ids))).collect().to_dicts():
        name = row["recording_id"]
        found[f"{name} id"] = name.encode()
        found[f"{name} revision"] = row["revision"].encode()
        for source in row["sources"]:
            found[f"{name} file"] = source["path"].encode()
            found[f"{name} sha256"] = source["sha256"].encode()
        for stream in row["streams"]:
            found[f"{stream['stream_id']} digest"] = stream["digest"].encode()
            reader = ArrayReader(store.objects, f"signals/{stream['part']}.zarr", stream["part_digest"])
            chunk = reader.layout.chunk
            for number in range(stream["start"] // chunk, -(-(stream["start"] + stream["n_samples"]) // chunk)):
                shard, place = divmod(number, reader.layout.shard)
                offset, size = map(int, reader._index(shard)[place])
                key = f"{reader.key}/{reader.layout.shard_key(shard)}"
                found[f"{stream['stream_id']} chunk {number}"] = store.objects.range(key, offset, size)
    return found


def assert_gone(prints: dict[str, bytes], hay: dict[str, bytes]) -> None:
    left = {f"{what} in {file}" for what, needle in prints.items() for file, data in hay.items() if needle in data}
    assert left == set()


def assert_there(prints: dict[str, bytes], hay: dict[str, bytes]) -> None:
    everything = b"\0".join(hay.values())
    # Columns are compressed; ids and chunks lie open, so that the search does find what is there.
    assert all(needle in everything for what, needle in prints.items() if "chunk" in what or " id" in what)


def without(rows: dict[str, list[dict]], ids=THEIRS) -> dict[str, list[dict]]:
    return {name: [row for row in some if row["recording_id"] not in ids] for name, some in rows.items()}


def readable(store) -> str:
    """All that every file of every table says, of whatever version: what a search of compressed bytes would miss."""
    folder = store.objects.folder / "tables"
    return str([pl.read_parquet(path, glob=False).to_dicts() for path in sorted(folder.rglob("*.parquet"))])


def test_no_byte_of_the_person_is_left_and_nothing_else_changes(corpus, take, store, haystack):
    take(corpus, store)
    prints, expected = fingerprints(store), without(contents(store))
    assert_there(prints, haystack(store))
    others = {name: store.recording(name).read("EEG") for name in ("tiny/s00_rest", "tiny/s05_task")}
    done = forget(store, "tiny/03")
    assert (done.persons, done.recordings, done.parts) == (1, list(THEIRS), 2)
    assert_gone(prints, haystack(store))
    said = readable(store)
    assert not any(name in said for name in (*THEIRS, "s03_", "tiny/03"))
    again = open_store(store.url)
    check_store(again)
    assert contents(again) == expected
    for name, samples in others.items():
        np.testing.assert_array_equal(again.recording(name).read("EEG"), samples)


def test_old_revisions_old_packings_failures_and_half_written_files_are_searched_too(corpus, take, bits, haystack):
    first = fingerprints(bits)
    corpus.write("s03_rest", seed=77, seconds=9)
    corpus.write("s00_rest", seed=78, seconds=9)
    (corpus.root / "s03_more.edf").write_bytes(b"")
    take(corpus, bits)
    second = fingerprints(bits)
    assert second["tiny/s03_rest revision"] != first["tiny/s03_rest revision"]
    compact(bits)
    third = fingerprints(bits)
    whole = next((bits.objects.folder / "tables" / "recordings").glob("*.parquet"))
    (whole.parent / "part-killed.parquet").write_bytes(whole.read_bytes()[:-100] + b"tiny/s03_rest")
    (whole.parent / "part-killed.parquet#1").write_bytes(b"tiny/s03_rest")
    (whole.parent / "_delta_log" / "_commit_1.json.tmp").write_bytes(b"tiny/s03_rest")
    (bits.objects.folder / "signals" / "tiny" / "orphan.zarr").mkdir()
    (bits.objects.folder / "signals" / "tiny" / "orphan.zarr" / "zarr.json").write_bytes(b"tiny/s03_rest")
    expected = without(contents(bits))
    forget(bits, "tiny/03")
    hay = haystack(bits)
    for prints in (first, second, third):
        assert_gone(prints, hay)
    assert "s03_" not in readable(bits)
    check_store(bits)
    assert contents(bits) == expected


def test_time_travel_to_the_person_ends_and_to_before_them_does_not(corpus, take, store, haystack):
    hidden = [path.rename(path.with_suffix(".later")) for path in sorted(corpus.root.glob("s03*"))]
    first = take(corpus, store).snapshot_id
    before = contents(store)
    for path in hidden:
        path.rename(path.with_suffix(".edf"))
    second = take(corpus, store).snapshot_id
    prints = fingerprints(store)
    done = forget(store, "tiny/03")
    assert second in done.snapshots_dropped
    assert first in done.snapshots_kept
    assert contents(open_store(store.url, at=first)) == before
    open_store(store.url, at=first).recording("tiny/s00_rest").read("ECG")
    with pytest.raises(StoreError, match=f"no snapshot {second}"):
        open_store(store.url, at=second)
    assert_gone(prints, haystack(store))
    assert store.snapshot_id > second, "a dropped number is not given again"
    assert contents(open_store(store.url)) == before


def test_a_removed_recording_in_a_part_that_others_share_is_forgotten_too(corpus, take, store, haystack):
    """Its row is gone since `--prune`, its samples are not: a hole of the part that every later snapshot names."""
    take(corpus, store)
    prints = fingerprints(store)
    for path in corpus.root.glob("s03*"):
        path.unlink()
    assert take(corpus, store, prune=True).pruned == THEIRS
    assert_there({what: needle for what, needle in prints.items() if "chunk" in what}, haystack(store))
    forget(store, "tiny/03")
    assert_gone(prints, haystack(store))
    check_store(store)


def test_windows_manifests_and_images_of_the_person_go(bits, haystack):
    pytest.importorskip("torch")
    from biocurate.curate.manifests.build import build_manifest
    from biocurate.curate.manifests.definition import parse_definition
    from biocurate.images.drawing.registry import representation
    from biocurate.images.making.generate import generate
    from biocurate.images.reading.stored import image_rows, read_images

    def definition(name: str, **more: str):
        fields = {
            "name": name,
            "windows": {"set": "w2"},
            "label": {"column": "condition"},
            "split": {"method": "kfold", "folds": 2},
        }
        return parse_definition(fields | more)

    build_windows(bits, "w2", length_s=2.0, labels=["condition"])
    everyone = build_manifest(bits, definition("everyone"))
    some = build_manifest(bits, definition("some", where="subject IN ('00', '01')"))
    named = build_manifest(bits, definition("named", where="recording_id <> 'tiny/s03_rest' AND subject < '03'"))
    generate(bits, everyone, representation("spectrogram-psd"), ["ECG"], image_set="i")
    rows = image_rows(bits, "i").sort("image_id").collect()
    pixels = read_images(bits, rows, size=None)
    theirs = rows["recording_id"].is_in(list(THEIRS))
    mine = pixels[theirs.to_numpy()]
    open_array.cache_clear()
    done = forget(bits, "tiny/03")
    assert done.images == theirs.sum() == len(mine)
    assert {name: stood["hash"] for name, stood in done.manifests.items()} == {
        "everyone": everyone.hash,
        "named": named.hash,
    }
    left = image_rows(bits, "i").sort("image_id").collect()
    assert left.drop("part", "row", "part_digest").equals(rows.filter(~theirs).drop("part", "row", "part_digest"))
    np.testing.assert_array_equal(read_images(bits, left, size=None), pixels[~theirs.to_numpy()])
    [part] = left["part"].unique()
    assert ArrayReader(bits.objects, f"images/{part}.zarr", left["part_digest"][0]).shape[0] == left.height
    assert bits.windows("w2").filter(pl.col("recording_id").is_in(list(THEIRS))).collect().is_empty()
    assert bits.manifest("some").hash == some.hash
    with pytest.raises(StoreError, match="no manifest"):
        raise_store(bits, "everyone")
    assert build_manifest(bits, definition("everyone")).rows["person"].n_unique() == 5
    assert not any(name in readable(bits) for name in THEIRS)
    assert not any(b"tiny/s03" in data for data in haystack(bits).values())
    check_store(bits)


def raise_store(store, name: str) -> None:
    from biocurate.errors import ManifestError

    try:
        store.manifest(name)
    except ManifestError as error:
        raise StoreError(error.what) from error


def test_a_forgotten_person_does_not_come_back(corpus, take, store, haystack):
    take(corpus, store)
    prints = fingerprints(store)
    forget(store, "tiny/03")
    outcome = take(corpus, store)
    assert (outcome.recordings, outcome.forgotten) == (0, 2)
    corpus.write("s03_more", seed=5)
    corpus.recipe.write_text(corpus.recipe.read_text().replace("rest|task", "rest|task|more"))
    assert take(corpus, store).forgotten == 3
    assert_gone(prints, haystack(store))
    assert forgotten(store, ["tiny/03", "tiny/04"]).keys() == {"tiny/03"}
    assert "tiny/03" not in str(store.tables.scan("forgotten").collect().to_dicts())


def test_a_plan_that_was_made_before_brings_no_one_back(corpus, store, take):
    from biocurate.engine import InProcess
    from biocurate.ingest import ingest, make_plan
    from biocurate.recipes import load_recipe

    take(corpus, store)
    corpus.write("s03_rest", seed=4)
    corpus.write("s04_rest", seed=5)
    plan = make_plan(load_recipe(corpus.recipe), corpus.root, store)
    forget(store, "tiny/03")
    outcome = ingest(plan, InProcess(), store)
    assert (outcome.recordings, outcome.forgotten) == (1, 1)
    assert store.recordings.filter(pl.col("subject") == "03").collect().is_empty()


def test_failures_of_a_forgotten_person_go_with_the_next_ingest(corpus, take, store):
    (corpus.root / "s03_task.edf").write_bytes(b"0" * 300)
    take(corpus, store)
    assert store.failures.collect().height == 1
    forget(store, "tiny/03")
    take(corpus, store)
    assert store.failures.collect().is_empty()


def test_what_a_recipe_says_of_them_by_name_leaves_the_runs(corpus, take, store, haystack):
    corpus.recipe.write_text(
        corpus.recipe.read_text() + "# s03_rest.edf was held upside down; s03_rest.edf-2 was not\n"
    )
    take(corpus, store)
    forget(store, "tiny/03")
    [config] = store.tables.scan("runs").filter(pl.col("command") == "ingest").collect()["config"]
    assert "# forgotten was held upside down" in json.loads(config)["recipe"]
    assert not any(b"s03_rest.edf was" in data for data in haystack(store).values())


def test_a_survey_tells_what_would_go_and_writes_nothing(bits, haystack):
    before = haystack(bits)
    said = survey(bits, "tiny/03")
    assert haystack(bits) == before
    done = forget(bits, "tiny/03")
    assert (said.recordings, said.parts) == (done.recordings, done.parts)
    assert set(said.snapshots_dropped) <= set(done.snapshots_dropped)


def test_an_unknown_person_is_an_error_that_names_others(bits):
    with pytest.raises(StoreError, match=r"no recording is of 'tiny/33'.*tiny/00"):
        forget(bits, "tiny/33")


def test_a_table_of_unknown_rows_is_refused_before_anything_is_written(bits, haystack):
    bits.tables.write("embeddings/x", pl.DataFrame({"row": [1]}).to_arrow())
    before = {key: data for key, data in haystack(bits).items() if "leases" not in key}
    with pytest.raises(StoreError, match="embeddings/x"):
        forget(bits, "tiny/03")
    assert {key: data for key, data in haystack(bits).items() if "leases" not in key} == before


def test_forgetting_again_and_everyone_is_fine(bits):
    forget(bits, "tiny/03")
    assert forget(bits, "tiny/03").recordings == []
    for number in (0, 1, 2, 4, 5):
        forget(bits, f"tiny/0{number}")
    assert bits.recordings.collect().is_empty()
    check_store(bits)
    assert list(bits.objects.list("signals")) == []
    assert live_parts(bits) == set()


def test_a_log_of_many_versions_is_summed_up_and_reads_the_same(tmp_path, haystack, corpus, take):
    store = create_store(str(tmp_path / "long"))
    take(corpus, store)
    row = store.recordings.filter(pl.col("recording_id") == "tiny/s00_rest").collect()
    for _ in range(120):
        store.tables.replace("recordings", row.to_arrow(), "recording_id", ["tiny/s00_rest"])
    store.publish("r")
    prints, expected = fingerprints(store), without(contents(store))
    log = store.objects.folder / "tables/recordings/_delta_log"
    assert list(log.glob("*.checkpoint.parquet")), "deltalake sums up a log by itself, statistics of old files included"
    forget(store, "tiny/03")
    assert list(log.glob("*.checkpoint.parquet"))
    assert_gone(prints, haystack(store))
    assert contents(open_store(store.url)) == expected
    check_store(store)
    assert take(corpus, store).done_before == 10
