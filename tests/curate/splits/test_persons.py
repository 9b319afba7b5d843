"""Splits by person."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from biocurate.curate.splits.persons import folds, split_by_person
from biocurate.errors import ManifestError

persons = st.lists(st.text(min_size=1, max_size=8), max_size=60)


def placed_or_skip(people, **options):
    try:
        return split_by_person(people, **options)
    except ManifestError:
        assume(False)


@settings(max_examples=60, deadline=None)
@given(few=persons, more=persons, seed=st.integers(0, 9))
def test_a_person_stays_when_others_join(few, more, seed):
    halves = {"train": 0.5, "test": 0.5}
    before = placed_or_skip(few, fractions=halves, seed=seed)
    after = placed_or_skip(few + more, fractions=halves, seed=seed)
    assert all(after[person] == split for person, split in before.items())


@settings(max_examples=60, deadline=None)
@given(people=persons, k=st.integers(2, 7), seed=st.integers(0, 9))
def test_every_person_is_in_one_fold_and_folds_differ_by_one_at_most(people, k, seed):
    assume(len(set(people)) >= k)
    dealt = folds(people, k, seed)
    assert set(dealt) == set(people)
    sizes = [list(dealt.values()).count(fold) for fold in range(k)]
    assert max(sizes) - min(sizes) <= 1
    assert folds(reversed(people), k, seed) == dealt


def test_shares_are_near_the_fractions_and_seeds_differ():
    people = [f"corpus/{number}" for number in range(4000)]
    placed = split_by_person(people)
    shares = {split: list(placed.values()).count(split) / 4000 for split in ("train", "val", "test")}
    assert shares == pytest.approx({"train": 0.7, "val": 0.15, "test": 0.15}, abs=0.02)
    assert split_by_person(people, seed=1) != placed


def test_places_are_those_of_sha256_of_seed_and_person():
    """`printf '0\\0eegmat/05' | sha256sum` begins with 14b3, 0.08 of 2**64; train ends at 0.7, val at 0.85."""
    placed = split_by_person([f"eegmat/{number:02}" for number in range(40)])
    shown = {"eegmat/05": "train", "eegmat/02": "val", "eegmat/31": "val", "eegmat/19": "test"}
    assert {person: placed[person] for person in shown} == shown


def test_an_empty_split_is_refused_and_named():
    with pytest.raises(ManifestError, match="no person of 1 falls into") as caught:
        split_by_person(["a/1"])
    assert "kfold" in str(caught.value)


@pytest.mark.parametrize(
    "fractions", [{"train": 0.7, "test": 0.2}, {"train": 1.2, "test": -0.2}, {"train": 1, "test": 0}]
)
def test_fractions_make_one(fractions):
    with pytest.raises(ManifestError, match="together 1"):
        split_by_person(["a/1", "a/2"], fractions)


def test_fewer_persons_than_folds_are_refused():
    with pytest.raises(ManifestError, match="3 persons cannot make 5 folds"):
        folds(["a", "b", "c", "a"], 5)
