"""`ingest --prune`: a removed file is reported and kept, unless it is said otherwise (issue 3, item 5)."""

from __future__ import annotations

import dataclasses

import pytest

from biocurate.engine import InProcess
from biocurate.errors import SourceError, StaleError, UsageError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store, open_store
from biocurate.testing.conformance import check_store, contents


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def plan_of(corpus, store):
    return make_plan(load_recipe(corpus.recipe), corpus.root, store)


def run(corpus, store, *, prune=False):
    return ingest(plan_of(corpus, store), InProcess(), store, prune=prune)


def test_recordings_without_a_file_go_with_their_annotations_and_stay_in_the_snapshot(corpus, store, tmp_path):
    at = run(corpus, store).snapshot_id
    (corpus.root / "s00_rest.edf").unlink()
    outcome = run(corpus, store)
    assert (outcome.gone, outcome.pruned) == (("tiny/s00_rest",), ())
    assert store.recordings.collect().height == 12
    assert run(corpus, store, prune=True).pruned == ("tiny/s00_rest",)
    check_store(store)
    fresh = create_store(str(tmp_path / "fresh"))
    run(corpus, fresh)
    assert contents(store) == contents(fresh)
    assert open_store(store.url, at=at).recordings.collect().height == 12
    assert run(corpus, store, prune=True).pruned == ()


def test_windows_of_what_was_removed_are_stale(corpus, store):
    from biocurate.curate.windows.build import build_windows

    run(corpus, store)
    build_windows(store, "w", length_s=2.0)
    (corpus.root / "s00_rest.edf").unlink()
    run(corpus, store, prune=True)
    with pytest.raises(StaleError):
        store.windows("w")


def test_nothing_is_removed_while_something_could_not_be_listed(corpus, store):
    """What lies in an archive that does not open looks gone."""
    run(corpus, store)
    (corpus.root / "s00_rest.edf").unlink()
    broken = SourceError("not a zip file.", where="more.zip", mend="Download it again.")
    plan = dataclasses.replace(plan_of(corpus, store), unlisted=(broken,))
    with pytest.raises(UsageError, match=r"more\.zip.*not known what is gone"):
        ingest(plan, InProcess(), store, prune=True)
    assert store.recordings.collect().height == 12
