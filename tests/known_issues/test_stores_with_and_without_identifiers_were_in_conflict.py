"""Stores of the same files, one with `--keep-identifiers`, once held other revisions of every recording."""

from __future__ import annotations

import pytest

from biocurate.curate.windows.build import build_windows
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.testing.conformance import contents
from biocurate.upkeep import merge


def taken_in(corpus, folder, **options):
    store = create_store(str(folder))
    ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store, **options), InProcess(), store)
    return store


@pytest.mark.parametrize("mine", [True, False])
def test_a_merge_of_stores_with_and_without_identifiers_has_nothing_to_decide(corpus, tmp_path, mine):
    store = taken_in(corpus, tmp_path / "mine", keep_identifiers=mine)
    other = taken_in(corpus, tmp_path / "theirs", keep_identifiers=not mine)
    before = contents(store)
    outcome = merge(store, other)
    assert (outcome.conflicts, outcome.recordings, outcome.there_before) == ([], 0, 12)
    assert contents(store) == before


def test_what_came_over_without_its_identifiers_is_as_an_ingest_without_the_flag_leaves_it(corpus, tmp_path):
    other, store = taken_in(corpus, tmp_path / "theirs", keep_identifiers=True), create_store(str(tmp_path / "mine"))
    assert merge(store, other).recordings == 12
    recipe = load_recipe(corpus.recipe)
    assert make_plan(recipe, corpus.root, store).todo == ()
    assert len(make_plan(recipe, corpus.root, store, keep_identifiers=True).todo) == 12


def test_a_changed_flag_rewrites_rows_and_leaves_windows_live(corpus, tmp_path):
    store, recipe = taken_in(corpus, tmp_path / "store"), load_recipe(corpus.recipe)
    build_windows(store, "w", length_s=1)
    for keep in (True, False):
        plan = make_plan(recipe, corpus.root, store, keep_identifiers=keep)
        assert ingest(plan, InProcess(), store).rewritten == 12
        assert store.windows("w").collect().height
