"""Ways to split, beside those by hash and by folds."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.splits.balanced import place_balanced
from biocurate.curate.splits.blocks import time_blocks
from biocurate.curate.splits.predefined import predefined
from biocurate.curate.splits.rule import PredefinedSplit, TimeSplit
from biocurate.errors import ManifestError
from biocurate.recording import NS, Recording
from biocurate.testing.memory import interval, noise_stream, put

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}


def cohort(counts, first=0):
    """Windows of persons with so many of each label."""
    rows = [
        (f"a/p{number + first:03}", label)
        for number, each in enumerate(counts)
        for label, windows in each.items()
        for _ in range(windows)
    ]
    return pl.DataFrame(rows, schema=["person", "label"], orient="row")


def shares(rows, placed):
    of = rows.with_columns(split=pl.col("person").replace_strict(placed))
    return {name: of.filter(split=name).height / of.height for name in SHARES}


def test_a_few_persons_with_most_windows_do_not_unbalance_it():
    rows = cohort([{"rest": 500, "task": 100}, {"rest": 80, "task": 20}, *[{"rest": 20, "task": 20}] * 40])
    placed = place_balanced(rows, SHARES)
    assert all(abs(shares(rows, placed)[name] - share) < 0.06 for name, share in SHARES.items())


def test_a_rare_label_reaches_every_split():
    rows = cohort([{"common": 30}] * 55 + [{"common": 29, "rare": 1}] * 5)
    placed = place_balanced(rows, SHARES)
    assert {placed[person] for person in rows.filter(label="rare")["person"]} == set(SHARES)


@settings(max_examples=40, deadline=None)
@given(
    first=st.lists(st.integers(1, 30), min_size=1, max_size=12),
    later=st.lists(st.integers(1, 30), max_size=12),
    seed=st.integers(0, 3),
)
def test_placed_persons_stay_when_others_join(first, later, seed):
    rows = cohort([{"a": n} for n in first])
    placed = place_balanced(rows, SHARES, seed)
    grown = pl.concat([rows, cohort([{"a": n, "b": 1} for n in later], first=len(first))])
    then = place_balanced(grown, SHARES, seed, placed)
    assert {person: then[person] for person in placed} == placed
    assert set(then) == set(grown["person"])
    assert place_balanced(grown.sample(fraction=1, shuffle=True, seed=seed), SHARES, seed, placed) == then


def windows(n, length=10, recording="a/r", person="a/p"):
    return pl.DataFrame(
        {
            "recording_id": [recording] * n,
            "person": [person] * n,
            "t0_ns": [k * length * NS for k in range(n)],
            "duration_ns": [length * NS] * n,
        }
    )


@settings(max_examples=60, deadline=None)
@given(n=st.integers(8, 80), hop=st.integers(1, 12), guard=st.integers(1, 20))
def test_no_window_of_one_block_comes_nearer_to_another_than_the_guard(n, hop, guard):
    rows = windows(n).with_columns(t0_ns=pl.int_range(n) * hop * NS)
    try:
        split = time_blocks(rows, TimeSplit(method="time", fractions={"train": 0.7, "test": 0.3}, guard=f"{guard}s"))
    except ManifestError:
        return
    of = rows.with_columns(split=split)
    train, test = of.filter(split="train"), of.filter(split="test")
    assert test["t0_ns"].min() - (train["t0_ns"] + train["duration_ns"]).max() >= guard * NS
    left_out = of.filter(pl.col("split").is_null())
    assert left_out.height < (guard + 20) / hop + 2


def test_official_splits_are_taken_and_a_person_on_both_sides_is_refused():
    rule = PredefinedSplit(method="predefined", column="fold", map={"9": "val", "10": "test"}, rest="train")
    rows = pl.DataFrame({"person": list("abcd"), "fold": ["1", "9", "10", None]})
    assert predefined(rows, rule).to_list() == ["train", "val", "test", None]
    with pytest.raises(ManifestError, match="1 persons are in two splits by 'fold', such as a"):
        predefined(rows.with_columns(person=pl.Series(list("aacd"))), rule)
    with pytest.raises(ManifestError, match=r"no window falls into test.*has: 1, 9"):
        predefined(rows.with_columns(fold=pl.Series(["1", "9", "9", "1"])), rule)
    with pytest.raises(ManifestError, match="no column 'fold'"):
        predefined(rows.drop("fold"), rule)


@pytest.fixture
def filled(store):
    def recordings(first, last):
        return {
            f"a/p{person:02}-{run}": Recording(
                (noise_stream("EEG", 50, [(0, 3000)], ["Fp1"], seed=2 * person + run),),
                (
                    interval(0, 60, "rest" if run else "task"),
                    interval(0, 60, str(person % 5), "fold"),
                ),
            )
            for person in range(first, last)
            for run in range(2)
        }

    def add(first, last):
        made = recordings(first, last)
        put(store, made, {each: each.split("/")[1].split("-")[0] for each in made})
        return store

    return add


def define(split, **change):
    fields = {"name": "m", "windows": {"length": "5s"}, "label": {"column": "condition"}, "split": split}
    return parse_definition(fields | change)


def test_a_balanced_manifest_keeps_its_persons_when_the_store_grows(filled):
    split = {"method": "balanced", "fractions": {"train": 0.7, "test": 0.3}}
    before = build_manifest(filled(0, 10), define(split))
    after = build_manifest(filled(10, 20), define(split))
    was, now = (dict(each.rows.select("person", "split").unique().iter_rows()) for each in (before, after))
    assert {person: now[person] for person in was} == was
    assert abs(after.split("test").height / after.rows.height - 0.3) < 0.06
    assert after.by_person


def test_every_person_is_left_out_once(filled):
    made = build_manifest(filled(0, 6), define({"method": "leave-one-subject-out"}))
    assert list(made.splits) == [f"fold{number}" for number in range(6)]
    assert made.rows.group_by("split").agg(pl.col("person").n_unique())["person"].to_list() == [1] * 6


def test_a_predefined_split_is_cut_with_its_column(filled):
    split = {"method": "predefined", "column": "fold", "map": {3: "val", 4: "test"}, "rest": "train"}
    made = build_manifest(filled(0, 10), define(split))
    assert list(made.splits) == ["val", "test", "train"]
    assert set(made.split("test")["person"]) == {"a/p04", "a/p09"}


def test_blocks_of_time_are_told_to_be_no_split_by_person(filled):
    made = build_manifest(
        filled(0, 3), define({"method": "time", "fractions": {"train": 0.7, "test": 0.3}, "guard": "5s"})
    )
    assert not made.by_person
    assert made.rows.height == 6 * (12 - 2), "the window on the cut and its neighbour"


@pytest.mark.parametrize(
    ("split", "says"),
    [
        ({"method": "time"}, "guard"),
        ({"method": "time", "guard": "60s"}, "no window falls into"),
        ({"method": "balanced", "fractions": {"train": 0.5}}, "together 1"),
        ({"method": "balanced", "fractions": {"train": 0.9, "val": 0.05, "test": 0.05}}, "4 persons leave val"),
        ({"method": "leave-one-out"}, "leave-one-subject-out"),
        ({"method": "predefined", "column": "fold"}, "map"),
    ],
)
def test_what_cannot_be_split_is_refused_and_nothing_written(filled, split, says):
    store = filled(0, 4)
    with pytest.raises(ManifestError, match=says):
        build_manifest(store, define(split))
    assert not store.tables.exists("manifests/m")
