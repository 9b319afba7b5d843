"""Stored samples against raw files: whatever the reader takes in, the second path must find equal."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from biocurate.engine import InProcess
from biocurate.errors import RecipeError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.verify import verify_deep

FIELDS = {"title": "x", "licence": "CC0-1.0", "access": "open", "citation": "none", "url": "https://example.org"}


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


@pytest.fixture
def taken_in(tmp_path, store):
    """Writes files and a recipe, and takes them into the store."""

    def take(files, **recipe):
        root = tmp_path / "files"
        root.mkdir()
        for name, content in files.items():
            (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"name": "mine", **FIELDS, "files": recipe}))
        made = load_recipe(tmp_path / "mine.yaml")
        outcome = ingest(make_plan(made, root, store), InProcess(), store)
        assert not outcome.failures
        return root

    return take


def compare(store, root, **options):
    compared = verify_deep(store, "mine", root, **options)
    return compared.samples, compared.equal, compared.problems


def test_csv_with_marks_comments_and_a_column_of_times(store, taken_in):
    content = "# exported\nt,ECG,EDA\n0,1,NA\n# moved\n0.5,-9,2\n1,,3\n\n"
    options = {"comment": "#", "missing": ["NA", "-9"], "time": {"column": "t"}}
    root = taken_in({"a.csv": content}, pattern=r"(?P<subject>\w+)\.csv", reader="csv", options=options)
    assert compare(store, root) == (6, 6, [])


def test_a_changed_cell_is_found(store, taken_in):
    root = taken_in({"a.csv": "ECG\n1\n2\n"}, pattern=r"(?P<subject>\w+)\.csv", reader="csv", options={"rate_hz": 1})
    (root / "a.csv").write_text("ECG\n1\n3\n")
    assert compare(store, root) == (2, 1, ["mine/a: 'ECG' differs from the raw file."])


def test_wfdb_with_a_missing_segment_as_a_gap(store, taken_in):
    segment = "{0} 1 100 2\n{0}.dat 16 200/mV 16 0 0 0 0 II\n"
    files = {
        "r.hea": "r/3 1 100 6\nr_1 2\nr_2 2\nr_3 2\n",
        "r_1.hea": segment.format("r_1"),
        "r_2.hea": segment.format("r_2"),
        "r_3.hea": segment.format("r_3"),
        "r_1.dat": np.array([1, 2], "<i2").tobytes(),
        "r_3.dat": np.array([5, 6], "<i2").tobytes(),
    }
    options = {"missing_segments": "gap"}
    root = taken_in(files, pattern=r"(?P<subject>r)\.hea", reader="wfdb", options=options)
    assert compare(store, root) == (4, 4, [])


def test_a_corpus_without_a_recipe_at_hand_is_verified_by_the_text_that_the_store_keeps(corpus, store):
    recipe = load_recipe(corpus.recipe)
    ingest(make_plan(recipe, corpus.root, store), InProcess(), store)
    corpus.recipe.unlink()
    compared = verify_deep(store, "tiny", corpus.root)
    assert (compared.recordings, compared.problems) == (12, [])
    assert compared.equal == compared.samples > 0
    with pytest.raises(RecipeError, match="no finished run has left its text"):
        verify_deep(store, "other", corpus.root)


def test_a_format_without_a_second_path_is_said_to_have_none(corpus, store, monkeypatch):
    from biocurate.verify import deep

    ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store), InProcess(), store)
    monkeypatch.delitem(deep.DECODERS, "edf")
    compared = verify_deep(store, "tiny", corpus.root)
    assert len(compared.problems) == 12
    assert "there is no second path to read edf by" in compared.problems[0]
