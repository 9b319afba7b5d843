"""A run that read one more file ended with status 1 and no reason; a bad file that was deleted stayed in `status`."""

from __future__ import annotations

import os
import shutil
import time
from collections import namedtuple

import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.engine import InProcess
from biocurate.errors import StoreError
from biocurate.ingest import ingest, make_plan
from biocurate.ingest.estimate import estimate
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store

BAD = "s00_rest.edf"


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


@pytest.fixture
def faulty(corpus):
    """A corpus one of whose files is none, since an hour ago."""
    path = corpus.root / BAD
    path.rename(corpus.root.parent / "kept")
    path.write_bytes(b"garbage " * 1000)
    for each in corpus.root.iterdir():
        os.utime(each, (time.time() - 3600,) * 2)
    return corpus


def run(corpus, store, **options):
    return ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store, **options), InProcess(), store)


def said(corpus, store, *options: str) -> tuple[int, str]:
    arguments = ["ingest", str(corpus.recipe), "--root", str(corpus.root), "--store", store.url, "--workers", "1"]
    result = CliRunner().invoke(app, [*arguments, *options])
    return result.exit_code, " ".join(result.output.split())


def test_what_failed_before_is_told_also_where_something_was_read(faulty, store):
    run(faulty, store, limit=1)
    code, text = said(faulty, store)
    assert code == 1
    assert "1 failed before and has not changed; --retry-failed tries it again." in text
    assert "tiny: 11 recordings" in text


def test_a_mended_file_is_read_with_and_without_being_asked_to(faulty, store):
    assert len(run(faulty, store).failures) == 1
    assert run(faulty, store).failed_before == 1
    assert len(run(faulty, store, retry_failed=True).failures) == 1
    shutil.copy(faulty.root.parent / "kept", faulty.root / BAD)
    outcome = run(faulty, store)
    assert (outcome.recordings, outcome.failed_before) == (1, 0)
    assert store.failures.collect().is_empty()


def test_of_a_file_that_is_gone_no_failure_stays(faulty, store):
    run(faulty, store)
    (faulty.root / BAD).unlink()
    code, text = said(faulty, store)
    assert (code, "1 recording that failed before is no longer below the root." in text) == (0, True)
    assert store.failures.collect().is_empty()


def test_of_a_file_that_the_recipe_ignores_now_neither(faulty, store):
    run(faulty, store)
    faulty.recipe.write_text(faulty.recipe.read_text() + f"ignore: ['{BAD}']\n")
    assert run(faulty, store).vanished == ("tiny/s00_rest",)
    assert store.failures.collect().is_empty()


def test_where_something_could_not_be_listed_it_stays(faulty, store):
    """It may lie there."""
    run(faulty, store)
    (faulty.root / "more.zip").write_bytes(b"no archive")
    (faulty.root / BAD).unlink()
    run(faulty, store)
    assert set(store.failures.collect()["source"]) == {BAD, "more.zip"}


def test_a_limit_hides_none(faulty, store):
    run(faulty, store)
    assert run(faulty, store, limit=1).vanished == ()
    assert store.failures.collect().height == 1


def test_where_nothing_can_be_tried_raw_bytes_must_fit(corpus, store, monkeypatch):
    """The disk of this machine is told to be small; files that are none tell nothing of what would be stored."""
    for path in corpus.root.glob("*.edf"):
        path.write_bytes(b"garbage " * 1000)
    plan = make_plan(load_recipe(corpus.recipe), corpus.root, store)
    usage = namedtuple("usage", "total used free")
    assert estimate(plan, store).fits
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**6, 10**6, 40_000))
    assert not estimate(plan, store).fits
    with pytest.raises(StoreError, match=r"none of which could be tried, and 0\.0 MB are free") as raised:
        ingest(plan, InProcess(), store)
    assert "--force" in raised.value.mend


def test_where_nothing_is_to_be_read_nothing_would_be_stored(corpus, store):
    run(corpus, store)
    code, text = said(corpus, store, "--estimate")
    assert code == 0
    assert "MB stored 0" in text
    assert "time 0 s" in text
