"""Manifests whose label is a number: the column, the recordings' age, and what goes to others."""

from __future__ import annotations

import polars as pl
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.diff import diff
from biocurate.curate.manifests.files.document import read_manifest_file
from biocurate.curate.manifests.files.export import export_manifest
from biocurate.curate.manifests.files.rebuild import rebuild
from biocurate.curate.manifests.files.resolve import resolve
from biocurate.curate.splits.told import told

AGE = {"column": "age", "kind": "number"}


@pytest.fixture
def made(store, define, take, cohort):
    return build_manifest(take(store, cohort()), define(label=AGE))


def test_the_age_of_the_recording_is_the_windows_number(made):
    ages = dict(made.rows.select("person", "label").unique().iter_rows())
    assert ages == {f"a/p{person:02}": 20.0 + person for person in range(12)}


def test_a_share_of_the_window_is_a_number_too(store, define, take, cohort):
    part = {"kind": "condition", "name": "work", "rule": "fraction", "value": "task"}
    windows = {"length": "10s", "labels": [part]}
    rows = build_manifest(
        take(store, cohort()), define(windows=windows, label={"column": "work", "kind": "number"})
    ).rows
    assert sorted(rows["label"].unique()) == [0.0, 0.5, 1.0]


def test_meds_has_a_float_value_for_every_window(store, made, tmp_path):
    """MEDS 0.4, label schema: float_value is a 32-bit float."""
    export_manifest(store, made, tmp_path, "meds")
    rows = pl.read_parquet(tmp_path / "rest-task.labels.parquet")
    assert rows.schema["float_value"] == pl.Float32
    ages = rows.sort("recording_id")["float_value"].to_list()
    assert ages == pytest.approx(made.rows.sort("recording_id")["label"].to_list())
    assert rows["categorical_value"].null_count() == rows.height


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_file_of_numbers_is_built_again_to_the_same_hash(store, made, new_store, take, cohort, tmp_path, ending):
    export_manifest(store, made, tmp_path, ending)
    mine = take(new_store("mine"), cohort())
    file = read_manifest_file(tmp_path)
    built = rebuild(mine, file, resolve(mine, file), "theirs")
    assert (built.equal, built.relabelled) == (True, 0)


def test_splits_and_differences_of_numbers_are_told(store, made, define):
    assert told(store, made)["windows"].sum() == made.rows.height
    other = build_manifest(store, define(name="other", label=AGE, where="age > 25"))
    assert diff(made.rows, other.rows).height
