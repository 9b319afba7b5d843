"""Files that were copied with their times kept say when they were recorded, and `sources.mtime_ns` had it."""

import os

import polars as pl
import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.ingest.changes import is_settled
from biocurate.ingest.identifiers import without
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.upkeep import forget_identifiers

RECORDED_NS = 1_234_567_890 * 10**9


@pytest.fixture
def store(corpus, tmp_path):
    for path in corpus.root.iterdir():
        os.utime(path, ns=(RECORDED_NS, RECORDED_NS))
    made = create_store(str(tmp_path / "store"))
    assert run(corpus, made).recordings == 12
    return made


def run(corpus, store):
    return ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store), InProcess(), store)


def marks(store):
    sources = store.recordings.select(pl.col("sources").explode()).collect()["sources"]
    return sources.struct.field("mtime_ns")


def dated(store):
    """Rows as an earlier version wrote them."""
    rows = store.recordings.collect()
    plain = [[{**item, "mtime_ns": RECORDED_NS} for item in some] for some in rows["sources"]]
    rows = rows.with_columns(pl.Series("sources", plain, rows.schema["sources"]))
    store.tables.replace("recordings", rows.to_arrow(), "recording_id", rows["recording_id"])
    assert marks(store).unique().to_list() == [RECORDED_NS]


def test_no_time_of_a_file_is_stored(store):
    assert marks(store).max() < 2**32
    assert marks(store).n_unique() == 12, "files of one time cannot be told by it"


def test_what_is_as_it_was_is_not_even_opened(corpus, store, monkeypatch):
    seen = []
    monkeypatch.setattr("biocurate.ingest.plan.is_settled", lambda *asked: seen.append(is_settled(*asked)) or seen[-1])
    snapshot = store.snapshot_id
    assert run(corpus, store).done_before == 12
    assert (seen, store.snapshot_id) == ([True] * 12, snapshot)


def test_a_file_of_the_same_size_and_another_time_is_looked_at(corpus, store):
    path = corpus.root / "s02_task.edf"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    os.utime(path, ns=(RECORDED_NS, RECORDED_NS + 1))
    assert run(corpus, store).recordings == 1


def test_rows_of_an_earlier_version_are_known_and_lose_their_dates(corpus, store):
    expected = marks(store).to_list()
    dated(store)
    outcome = run(corpus, store)
    assert (outcome.recordings, outcome.rewritten, outcome.done_before) == (0, 0, 12)
    assert marks(store).to_list() == expected
    assert run(corpus, store).identifiers_dropped == 0


def test_forgetting_identifiers_takes_dates_of_files_with_them(store):
    dated(store)
    assert forget_identifiers(store).recordings == 12
    assert marks(store).max() < 2**32
    assert without(store.recordings.collect()).equals(store.recordings.collect())
