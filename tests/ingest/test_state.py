"""What a store says of itself: how much of a corpus it has, what failed and why, how the runs went; and estimates."""

from __future__ import annotations

import json
import os
import shutil
from collections import namedtuple

import pytest

from biocurate.engine import InProcess, LocalWorkers, engine
from biocurate.errors import LeaseError, StoreError
from biocurate.ingest import ingest, make_plan
from biocurate.ingest.estimate import estimate
from biocurate.ingest.headers import SHARE
from biocurate.ingest.state import state_of
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.testing.conformance import contents


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def plan(corpus, store, **options):
    return make_plan(load_recipe(corpus.recipe), corpus.root, store, **options)


def run(corpus, store, **options):
    return ingest(plan(corpus, store, **options), InProcess(), store)


def damage(corpus) -> None:
    """One file is cut off, two are none."""
    cut = corpus.root / "s02_task.edf"
    cut.write_bytes(cut.read_bytes()[:-700])
    for name in ("s03_task", "s03_rest"):
        (corpus.root / f"{name}.edf").write_bytes(b"<html>404</html>")
    for path in corpus.root.iterdir():
        os.utime(path, (1, 1))


def test_it_says_how_much_of_the_corpus_is_there_and_why_the_rest_is_not(corpus, store):
    corpus.recipe.write_text(corpus.recipe.read_text() + "expect: {subjects: 100, recordings: 1200}\n")
    damage(corpus)
    run(corpus, store)
    state = state_of(store)
    [row] = state.corpora.to_dicts()
    assert (row["recordings"], row["not_read"]) == (9, 3)
    assert row["seen"] == "9 of 1,200 recordings, 5 of 100 subjects"
    reasons = {(each["state"], each["files"]) for each in state.failures.to_dicts()}
    assert reasons == {("incomplete", 1), ("failed", 2)}
    [cut] = state.failures.filter(state.failures["state"] == "incomplete").to_dicts()
    assert "record # of # ends early" in cut["reason"]


def test_a_corpus_of_which_nothing_was_read_is_told_of(corpus, store):
    for path in corpus.root.iterdir():
        path.write_bytes(b"<html>404</html>")
    run(corpus, store)
    [row] = state_of(store).corpora.to_dicts()
    assert (row["corpus"], row["recordings"], row["not_read"]) == ("tiny", 0, 12)


def test_each_run_leaves_a_row_with_its_counts_errors_and_versions(corpus, store):
    damage(corpus)
    run(corpus, store)
    corpus.recipe.write_text(corpus.recipe.read_text().replace("task: task", "task: other"))
    run(corpus, store)
    first, second = store.tables.scan("runs").sort("started").collect().to_dicts()
    assert (first["done"], first["rewritten"], first["failed"], first["ended"]) == (9, 0, 3, "done")
    assert first["errors"] == [{"error": "IncompleteError", "count": 1}, {"error": "SourceError", "count": 2}]
    assert first["bytes"] > 0
    assert (second["done"], second["rewritten"]) == (0, 9)
    assert second["finished"] >= second["started"]
    assert "polars" in json.loads(first["versions"])
    assert json.loads(first["config"])["recipe"].strip().startswith("name: tiny")


def test_a_run_that_an_error_ended_leaves_its_row_too(corpus, store, monkeypatch):
    from biocurate.ingest import run as running

    def full(*_: object) -> None:
        raise StoreError("no space is left.")

    with monkeypatch.context() as patched:
        patched.setattr(running, "publish_recordings", full)
        with pytest.raises(StoreError, match="no space"):
            run(corpus, store)
    [row] = store.tables.scan("runs").collect().to_dicts()
    assert (row["ended"], row["done"]) == ("StoreError", 0)
    with store.lease("biocurate ingest other"), pytest.raises(LeaseError):
        run(corpus, store)
    assert run(corpus, store).recordings == 12


def test_an_estimate_is_near_what_is_stored_and_writes_nothing(corpus, store):
    before = sorted(store.objects.folder.rglob("*"))
    made = plan(corpus, store)
    expected = estimate(made, store)
    assert sorted(store.objects.folder.rglob("*")) == before
    outcome = ingest(made, InProcess(), store)
    assert (expected.recordings, expected.n_bytes) == (12, outcome.n_bytes)
    assert expected.stored_bytes == pytest.approx(outcome.stored_bytes, rel=0.35)
    assert expected.fits
    assert expected.seconds


def test_what_cannot_fit_is_refused_before_anything_is_written(corpus, store, monkeypatch):
    """The disk of this machine is told to be small."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**6, 10**6, 40_000))
    with pytest.raises(StoreError, match="would be stored") as raised:
        run(corpus, store)
    assert "--force" in raised.value.mend
    assert store.recordings.collect().is_empty()
    assert not estimate(plan(corpus, store), store).fits
    assert ingest(plan(corpus, store), InProcess(), store, force=True).recordings == 12


def test_no_worker_is_started_for_nothing_to_do(corpus, store):
    run(corpus, store)
    with engine(workers=2) as pool:
        made = make_plan(load_recipe(corpus.recipe), corpus.root, store, pool)
        ingest(made, pool, store)
        assert isinstance(pool, LocalWorkers)
        assert pool._started is None


def test_headers_that_are_read_on_workers_make_the_same_plan(tmp_path, store):
    """More recordings than are looked at in this process."""
    root = tmp_path / "many"
    root.mkdir()
    for number in range(SHARE + 50):
        (root / f"p{number % 90:02d}_{number:03d}.csv").write_text(
            f"t,ecg\n{1.6e9 + number:.1f},1\n{1.6e9 + number + 1:.1f},2\n"
        )
    recipe = tmp_path / "many.yaml"
    recipe.write_text(
        "name: many\ntitle: Many\nlicence: CC0-1.0\naccess: open\ncitation: none\nurl: https://example.org\n"
        "files:\n  pattern: 'p(?P<subject>\\d\\d)_(?P<run>\\d+)\\.csv'\n  reader: csv\n"
        "  options: {time: {column: t, unit: unix_s}, unit: mV}\n"
    )
    alone = make_plan(load_recipe(recipe), root, store)
    with engine(workers=2) as pool:
        assert make_plan(load_recipe(recipe), root, store, pool) == alone
        ingest(alone, pool, store)
    other = create_store(str(tmp_path / "other"))
    ingest(alone, InProcess(), other)
    assert contents(store) == contents(other)
    assert {job.start_ns for job in alone.todo} == {0, 90_000_000_000, 180_000_000_000}
