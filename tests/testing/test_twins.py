"""Twins of corpora: a recipe finds in them all that it looks for, and no two persons are alike."""

from __future__ import annotations

import pytest

from biocurate.errors import UsageError
from biocurate.recipes import load_recipe
from biocurate.recipes.check import check
from biocurate.testing.twins import WRITERS, write_twin

QUICK = ("ai4pain", "csn", "ptb-xl", "tuab")
SLOW = sorted(set(WRITERS) - set(QUICK))


@pytest.mark.parametrize("corpus", [*QUICK, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)])
def test_a_recipe_reads_all_of_its_twin(corpus, tmp_path):
    write_twin(corpus, tmp_path, 8)
    recipe = load_recipe(corpus)
    report = check(recipe, tmp_path)
    assert (report.findings, report.unread) == ([], {})
    assert len({unit.person for unit in recipe.units(tmp_path)}) == 8


def test_the_same_numbers_give_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        write_twin("csn", tmp_path / name, 6)
    files = sorted((tmp_path / "one").rglob("*.*"))
    assert files
    assert all(
        each.read_bytes() == (tmp_path / "other" / each.relative_to(tmp_path / "one")).read_bytes() for each in files
    )


def test_a_corpus_without_a_twin_and_too_few_persons_are_refused(tmp_path):
    with pytest.raises(UsageError, match="no twin of it"):
        write_twin("nothing", tmp_path)
    with pytest.raises(UsageError, match="cannot be split"):
        write_twin("csn", tmp_path, 2)
