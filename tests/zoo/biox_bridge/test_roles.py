"""Section 3.1 of the paper: labelled, paired and held-out windows are of different persons."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from biocurate.errors import ManifestError
from zoo.biox_bridge.roles import cells, roles_of


def windows(persons, splits=None):
    names = [f"p{number:02d}" for number in range(persons) for _ in range(3)]
    split = [splits[number % len(splits)] if splits else "fold0" for number in range(persons) for _ in range(3)]
    return pl.DataFrame({"person": names, "split": split})


@settings(max_examples=30)
@given(
    persons=st.integers(8, 40),
    known=st.integers(1, 4),
    rotations=st.integers(2, 4),
    share=st.floats(0.05, 0.6),
    seed=st.integers(0, 5),
)
def test_roles_are_apart_and_each_person_is_held_out_once(persons, known, rotations, share, seed):
    assume(persons - known > rotations)  # fewer are refused, see below
    rows = windows(persons)
    seen = {f"p{number:02d}" for number in range(known)}
    found = roles_of(rows, seen, "fold0", rotations, share, seed)
    person = rows["person"].to_numpy()
    held = []
    for each in found:
        parts = [set(person[part]) for part in (each.train, each.pair, each.val, each.test)]
        assert parts[0] == seen
        assert set.union(*parts) == set(person)
        assert sum(map(len, parts)) == persons
        assert all(parts)
        held += sorted(parts[3])
    assert sorted(held) == sorted(set(person) - seen)


def test_splits_that_are_named_are_taken_as_they_are_and_others_are_cells():
    rows = windows(8, ["train", "pair", "val", "test"])
    (found,) = roles_of(rows, {"p00", "p04"}, "holdout")
    assert [len(part) for part in (found.train, found.pair, found.val, found.test)] == [6, 6, 6, 6]
    rotated = roles_of(windows(9), {"p00"}, "fold0", rotations=2)
    assert set(cells(windows(9), rotated)["split"]) == {"fold0", "fold0.0", "fold0.1"}


def test_what_the_old_model_saw_cannot_be_a_pair():
    rows = windows(8, ["train", "pair", "val", "test"])
    with pytest.raises(ManifestError, match="saw 1 persons of its split pair, such as p01"):
        roles_of(rows, {"p00", "p01"}, "holdout")
    with pytest.raises(ManifestError, match="no window is in its split val"):
        roles_of(rows.filter(pl.col("split") != "val"), set(), "holdout")


def test_too_few_persons_are_refused_with_what_to_do():
    with pytest.raises(ManifestError, match=r"2 persons that the old model never saw.*manifest of 2 folds"):
        roles_of(windows(6), {"p00", "p01", "p02", "p03"}, "fold0")


def test_the_same_seed_parts_the_same_way():
    a, b = (roles_of(windows(12), {"p00"}, "fold0", seed=3) for _ in range(2))
    assert all(np.array_equal(x.test, y.test) for x, y in zip(a, b, strict=True))
