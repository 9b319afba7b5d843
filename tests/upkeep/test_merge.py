"""`merge`: one store of two that sites made apart (issue 3, item 5)."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import edfio
import numpy as np
import polars as pl
import pytest

from biocurate.curate.windows.build import build_windows
from biocurate.engine import engine
from biocurate.errors import DamageError, LeaseError, StoreError, UsageError
from biocurate.store.arrays import open_array
from biocurate.store.forgotten import forgotten
from biocurate.store.schema import LABELS, cast
from biocurate.store.store import create_store, open_store
from biocurate.testing.conformance import check_store, contents
from biocurate.upkeep import forget, merge
from biocurate.upkeep.starts import aligned


def part_of(corpus, folder: Path, pattern: str) -> SimpleNamespace:
    """A site that has some of the files."""
    folder.mkdir()
    for path in corpus.root.glob(pattern):
        shutil.copy2(path, folder)
    return SimpleNamespace(root=folder, recipe=corpus.recipe)


@pytest.fixture
def sites(corpus, take, tmp_path):
    """Three stores: of all persons, of the first four, and of the last three; person 03 is in both halves."""
    stores = {}
    for name, pattern in (("whole", "*.edf"), ("a", "s0[0-3]*.edf"), ("b", "s0[345]*.edf")):
        stores[name] = create_store(str(tmp_path / name))
        take(part_of(corpus, tmp_path / f"raw-{name}", pattern), stores[name])
    return SimpleNamespace(**stores)


def test_two_halves_make_the_store_of_the_whole(sites):
    theirs = contents(sites.b)
    done = merge(sites.a, sites.b)
    assert (done.recordings, done.there_before, done.conflicts) == (4, 2, [])
    check_store(sites.a)
    assert contents(sites.a) == contents(sites.whole)
    assert contents(sites.b) == theirs, "the other store is only read"
    recording = sites.a.recording("tiny/s05_task")
    np.testing.assert_array_equal(recording.read("EEG"), sites.whole.recording("tiny/s05_task").read("EEG"))
    runs = sites.a.tables.scan("runs").collect()
    assert sorted(runs["command"]) == ["ingest", "ingest", "merge"]
    assert set(sites.a.recordings.collect()["run_id"]) <= set(runs["run_id"])


def test_a_second_merge_does_nothing(sites):
    merge(sites.a, sites.b)
    before, snapshot = contents(sites.a), sites.a.snapshot_id
    again = merge(sites.a, sites.b)
    assert (again.recordings, again.there_before, again.n_bytes) == (0, 6, 0)
    assert (contents(sites.a), sites.a.snapshot_id) == (before, snapshot)


def test_an_ingest_of_the_whole_reads_nothing_more(sites, corpus, take):
    merge(sites.a, sites.b)
    assert take(corpus, sites.a).done_before == 12


def test_conflicts_are_named_and_nothing_is_written_until_someone_decides(sites, take, corpus, tmp_path):
    raw = SimpleNamespace(root=tmp_path / "raw-b", recipe=corpus.recipe)
    shutil.copy2(corpus.write("s03_rest", seed=99, seconds=9), raw.root)
    take(raw, sites.b)
    mine, theirs = (store.recording("tiny/s03_rest").row["revision"] for store in (sites.a, sites.b))
    before = contents(sites.a)
    with pytest.raises(StoreError, match=r"1 recordings.*tiny/s03_rest.*--prefer"):
        merge(sites.a, sites.b)
    assert contents(sites.a) == before
    copy = shutil.copytree(sites.a.objects.folder, tmp_path / "copy")
    kept = open_store(str(copy))
    assert merge(kept, sites.b, prefer="mine").conflicts == ["tiny/s03_rest"]
    assert kept.recording("tiny/s03_rest").row["revision"] == mine
    check_store(kept)
    assert merge(sites.a, sites.b, prefer="theirs").recordings == 5
    assert sites.a.recording("tiny/s03_rest").row["revision"] == theirs
    check_store(sites.a)


def test_it_goes_on_where_it_was_stopped(sites, monkeypatch):
    from biocurate.upkeep import join

    monkeypatch.setattr(join, "PART_BYTES", 1)
    published = []

    def stop(*arguments):
        if len(published) == 2:
            raise KeyboardInterrupt
        published.append(arguments)
        return whole(*arguments)

    whole = join._publish
    with monkeypatch.context() as patched:
        patched.setattr(join, "_publish", stop)
        with pytest.raises(KeyboardInterrupt):
            merge(sites.a, sites.b)
    check_store(sites.a)
    assert sites.a.recordings.collect().height == 8 + 2
    assert merge(sites.a, sites.b).recordings == 2
    check_store(sites.a)
    assert contents(sites.a) == contents(sites.whole)


def test_workers_give_the_same_store(sites):
    with engine(workers=2) as pool:
        merge(sites.a, sites.b, pool)
    check_store(sites.a)
    assert contents(sites.a) == contents(sites.whole)


def test_damage_in_the_other_store_does_not_come_over(sites):
    row = sites.b.streams.filter(pl.col("recording_id") == "tiny/s05_task").collect().row(0, named=True)
    shard = sites.b.objects.folder / f"signals/{row['part']}.zarr/c/0/0"
    data = bytearray(shard.read_bytes())
    for place in range(100, len(data) - 100, 5_000):
        data[place] ^= 1
    shard.write_bytes(data)
    open_array.cache_clear()
    before = contents(sites.a)
    with pytest.raises(DamageError, match="crc32c"):
        merge(sites.a, sites.b)
    assert contents(sites.a) == before


def test_labels_that_were_added_later_come_over_with_their_recording(sites):
    row = {"corpus": "tiny", "kind": "note", "value": "good", "run_id": "r"}
    rows = [row | {"recording_id": name} for name in ("tiny/s05_task", "tiny/s03_rest")]
    sites.b.tables.replace("labels", cast(rows, LABELS), "recording_id", [each["recording_id"] for each in rows])
    merge(sites.a, sites.b)
    there = sites.a.tables.scan("labels").collect().select("recording_id", "value").rows()
    assert there == [("tiny/s05_task", "good")], "those of what both stores have are each store's own"


def test_persons_whom_one_store_has_forgotten(sites):
    forget(sites.a, "tiny/01")
    forget(sites.b, "tiny/05")
    forget(sites.b, "tiny/03")
    into_b = merge(sites.b, sites.a)
    assert (into_b.recordings, into_b.forgotten_here) == (4, 2), "03 stays out"
    assert forgotten(sites.b, ["tiny/01"]), "who was forgotten there is not known here, and is not let in later"
    into_a = merge(sites.a, sites.b)
    assert into_a.recordings == 2
    assert into_a.forgotten_there == ["tiny/03"], "for its owner to decide"
    assert not forgotten(sites.a, ["tiny/03"])
    assert forgotten(sites.a, ["tiny/05"])


def test_what_is_made_from_a_store_is_left_out_and_told(sites):
    build_windows(sites.b, "w2", length_s=2.0)
    assert merge(sites.a, sites.b).left_out == ["windows/w2"]
    assert not sites.a.tables.exists("windows/w2")


def test_a_store_is_not_merged_with_itself_nor_while_another_writes(sites):
    with pytest.raises(UsageError, match="itself"):
        merge(sites.a, open_store(sites.a.url))
    with sites.a.lease("biocurate ingest other"), pytest.raises(LeaseError, match="other"):
        merge(open_store(sites.a.url), sites.b)


def starts(store) -> dict[str, float]:
    rows = store.recordings.select("recording_id", "start_ns").collect()
    return {name: None if start is None else start / 60e9 for name, start in rows.iter_rows()}


def test_starts_of_a_person_of_whom_each_site_has_a_part_are_brought_onto_one_clock(corpus, take, tmp_path):
    """Each store counts from the first recording that it has; one that both have tells how far they are apart."""
    for path in corpus.root.glob("*.edf"):
        path.unlink()
    corpus.recipe.write_text(corpus.recipe.read_text().replace("rest|task", "one|two|three|four"))
    for number, name in enumerate(("one", "two", "three", "four")):
        begun = datetime(2020, 1, 1, 8) + timedelta(minutes=[0, 10, 25, 45][number])
        signal = edfio.EdfSignal(np.random.default_rng(number).normal(0, 1, 2560), 256, label="ECG")
        recorded = edfio.Recording(startdate=begun.date())
        edfio.Edf([signal], recording=recorded, starttime=begun.time()).write(corpus.root / f"s00_{name}.edf")
    stores = {}
    for site, names in {"early": "ot", "late": "tf", "loose": "f", "whole": "otf"}.items():
        stores[site] = create_store(str(tmp_path / site))
        take(part_of(corpus, tmp_path / f"raw-{site}", f"s00_[{names}]*"), stores[site])
    assert starts(stores["early"]) == {"tiny/s00_one": 0, "tiny/s00_two": 10, "tiny/s00_three": 25}
    assert starts(stores["late"]) == {"tiny/s00_two": 0, "tiny/s00_three": 15, "tiny/s00_four": 35}
    late = open_store(str(shutil.copytree(stores["late"].objects.folder, tmp_path / "late-2")))
    merge(late, stores["early"])
    assert starts(late) == starts(stores["whole"]), "one that came before all others moves them"
    assert merge(stores["early"], stores["late"]).starts_unknown == 0
    assert starts(stores["early"]) == starts(stores["whole"])
    done = merge(stores["loose"], open_store(stores["early"].url, at=1))
    assert done.starts_unknown == 3
    assert starts(stores["loose"]) == {f"tiny/s00_{name}": None for name in ("one", "two", "three")} | {
        "tiny/s00_four": 0
    }
    check_store(stores["loose"])


def test_clocks_that_disagree_are_not_averaged():
    schema = {"recording_id": pl.String, "person": pl.String, "start_ns": pl.Int64}
    mine = pl.DataFrame([("a", "p", 0), ("b", "p", 5)], schema=schema, orient="row")
    theirs = pl.DataFrame([("a", "p", 0), ("b", "p", 6), ("c", "p", 9)], schema=schema, orient="row")
    assert dict(aligned(mine, theirs).iter_rows()) == {"a": 0, "b": 5, "c": None}
