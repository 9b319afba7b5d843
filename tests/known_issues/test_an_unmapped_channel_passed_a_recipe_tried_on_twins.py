"""A recipe that was tried on twins only stopped at another rate, and let channels pass that none of its rules knows."""

from __future__ import annotations

import pytest

from biocurate.errors import RecipeError
from biocurate.ingest import make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store


def test_it_stops_at_the_channel(corpus, tmp_path):
    store = create_store(str(tmp_path / "store"))
    text = corpus.recipe.read_text().replace("match: 'ECG'", "match: 'EKG'")
    corpus.recipe.write_text(f"{text}verified: twin\n")
    with pytest.raises(RecipeError, match="'ECG' that no rule matches"):
        make_plan(load_recipe(corpus.recipe), corpus.root, store)
    corpus.recipe.write_text(f"{text}verified: real\n")
    assert len(make_plan(load_recipe(corpus.recipe), corpus.root, store).todo) == 12
