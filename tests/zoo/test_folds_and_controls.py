"""Who is held out from whom, and what permuted labels keep."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from biocurate.errors import ManifestError, UsageError
from zoo.judging.controls.exchanged import Permutation, majority, permutation_of, permuted
from zoo.training.folds import Fold, folds_of


def rows(split_of, persons=12, windows=5):
    person = [f"p{number:02d}" for number in range(persons) for _ in range(windows)]
    return pl.DataFrame({"person": person, "split": [split_of(int(name[1:])) for name in person]})


def persons_in(table, part):
    return set(table["person"].to_numpy()[part])


@pytest.mark.parametrize("split", [lambda n: f"fold{n % 4}", lambda n: ("train", "train", "val", "test")[n % 4]])
def test_a_person_in_train_is_never_in_val_or_test(split):
    table = rows(split)
    for seed in range(5):
        for fold in folds_of(table, seed=seed):
            train, val, test = (persons_in(table, part) for part in (fold.train, fold.val, fold.test))
            assert train
            assert test
            assert not (train & val or train & test or val & test)
            assert train | val | test == set(table["person"])


def test_every_person_is_held_out_once():
    table = rows(lambda n: f"fold{n % 4}")
    held = np.concatenate([fold.test for fold in folds_of(table)])
    assert sorted(held.tolist()) == list(range(table.height))


def test_a_person_on_both_sides_is_refused():
    table = rows(lambda n: "train" if n < 8 else "test").with_row_index()
    table = table.with_columns(split=pl.when(pl.col("index") == 0).then(pl.lit("test")).otherwise("split"))
    with pytest.raises(ManifestError, match="1 persons, such as p00, are in train and in test"):
        folds_of(table)


def test_only_the_folds_asked_for_are_held_out_and_others_are_an_error():
    table = rows(lambda n: f"fold{n % 4}")
    assert [fold.name for fold in folds_of(table, only=["2", "fold0"])] == ["fold0", "fold2"]
    with pytest.raises(UsageError, match="no fold fold7"):
        folds_of(table, only=["7"])
    with pytest.raises(UsageError, match="no folds"):
        folds_of(rows(lambda n: "train" if n else "test"), only=["0"])


@pytest.mark.parametrize("names", [["train", "val"], ["a", "b"], ["fold0"]])
def test_splits_that_leave_nothing_to_train_or_test_on_are_refused(names):
    with pytest.raises(ManifestError):
        folds_of(rows(lambda n: names[n % len(names)]))


def test_validation_persons_depend_on_the_seed_alone():
    table = rows(lambda n: f"fold{n % 4}")
    chosen = [tuple(folds_of(table, seed=seed)[0].val) for seed in (1, 1, 2, 3, 4)]
    assert chosen[0] == chosen[1]
    assert len(set(chosen)) > 1


def labelled(kind, persons=8, recordings=2, windows=6):
    """Codes, recordings and persons of a manifest: labels by window, by recording or by person."""
    person = np.repeat(np.arange(persons), recordings * windows)
    recording = np.repeat(np.arange(persons * recordings), windows)
    code = {"window": np.arange(person.size) % 3 == 0, "recording": recording % 2, "person": person % 2}[kind]
    return code.astype(int), recording, person


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("window", Permutation("window", "person")),
        ("recording", Permutation("recording", "person")),
        ("person", Permutation("recording", "all")),
    ],
)
def test_permuted_labels_keep_their_counts_their_units_and_the_held_out_ones(kind, how):
    codes, recording, person = labelled(kind)
    assert permutation_of(codes, recording, person) == how
    fold = Fold("fold0", *(np.flatnonzero(part) for part in (person < 5, person == 5, person > 5)))
    made = np.stack([permuted(how, codes, recording, person, fold, seed) for seed in range(6)])
    np.testing.assert_array_equal(made[:, fold.test], np.tile(codes[fold.test], (6, 1)))
    for part in (fold.train, fold.val):
        assert (np.sort(made[:, part], axis=1) == np.sort(codes[part])).all()
    if how.within == "person":
        for who in range(6):
            assert (made[:, person == who].sum(axis=1) == codes[person == who].sum()).all()
    if how.unit == "recording":
        assert all(len(np.unique(made[at, recording == each])) == 1 for at in range(6) for each in np.unique(recording))
    assert (made[:, fold.train] != codes[fold.train]).any()
    np.testing.assert_array_equal(made[0], permuted(how, codes, recording, person, fold, 0))


def test_majority_is_the_training_share():
    np.testing.assert_allclose(majority(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 2]), 2, 4), [[2 / 3, 1 / 3]] * 4)
