"""What changed between two manifests."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.diff import counts, diff
from biocurate.errors import ManifestError
from biocurate.recording import Recording
from biocurate.testing.memory import interval

ROW = {
    "recording_id": pl.String,
    "revision": pl.String,
    "corpus": pl.String,
    "t0_ns": pl.Int64,
    "duration_ns": pl.Int64,
    "label": pl.String,
    "split": pl.String,
}


def rows(*made):
    """Windows as (recording, time, label, split)."""
    fields = [(f"a/{name}", "r", "a", t0, 1, label, split) for name, t0, label, split in made]
    return pl.DataFrame(fields, ROW, orient="row")


def told(changes):
    return changes.select("recording_id", "t0_ns", "change", "before", "after").rows()


def test_what_entered_left_and_changed():
    before = rows(("x", 0, "calm", "train"), ("x", 1, "calm", "train"), ("y", 0, "calm", "test"))
    after = rows(("x", 1, "work", "train"), ("y", 0, "calm", "train"), ("z", 0, "work", "test"))
    assert told(diff(before, after)) == [
        ("a/x", 0, "left", None, None),
        ("a/x", 1, "label", "calm", "work"),
        ("a/y", 0, "split", "test", "train"),
        ("a/z", 0, "entered", None, None),
    ]


def test_a_recording_that_was_read_anew_is_told():
    before = rows(("x", 0, "calm", "train"))
    after = before.with_columns(revision=pl.lit("other"))
    assert told(diff(before, after)) == [("a/x", 0, "revision", None, None)]


def test_a_label_that_is_gone_is_a_change_but_not_where_a_file_has_none():
    before, after = rows(("x", 0, "calm", "train")), rows(("x", 0, None, "train"))
    assert told(diff(before, after)) == [("a/x", 0, "label", "calm", None)]
    assert told(diff(before, after, unlabelled=["a"])) == []


def test_two_windows_at_one_place_are_two():
    before = rows(("x", 0, "calm", "train"), ("x", 0, "work", "train"))
    assert diff(before, before).is_empty()
    assert told(diff(before, before.head(1))) == [("a/x", 0, "left", None, None)]


windows = st.lists(
    st.tuples(
        st.sampled_from("xyz"), st.integers(0, 4), st.sampled_from(["calm", "work", None]), st.sampled_from("ab")
    ),
    unique_by=lambda row: row[:2],
).map(lambda made: rows(*made))


@given(windows, windows)
def test_back_is_there_the_other_way_round(before, after):
    there, back = diff(before, after), diff(after, before)
    turned = back.with_columns(change=pl.col("change").replace({"entered": "left", "left": "entered"}))
    same = ["recording_id", "t0_ns", "change"]
    assert set(there.select(*same, "before", "after").iter_rows()) == set(
        turned.select(*same, before="after", after="before").iter_rows()
    )
    net = counts(there).filter(pl.col("change") == "entered")["windows"].sum()
    net -= counts(there).filter(pl.col("change") == "left")["windows"].sum()
    assert after.height - before.height == net


@pytest.fixture
def run(filled):
    def typed(*words):
        result = CliRunner().invoke(app, ["manifest", "diff", *words, "--store", filled.url])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return typed


def test_one_manifest_at_two_snapshots(filled, define, cohort, take, run):
    first = build_manifest(filled, define())
    grown = cohort(13)
    streams = grown["a/p00-0"].streams
    grown["a/p00-0"] = Recording(streams, (interval(0, 10, "rest"), interval(10, 20, "task")), age=20.0)
    take(filled, {each: grown[each] for each in ("a/p00-0", "a/p12-0", "a/p12-1")})
    build_manifest(filled, define())
    said = json.loads(run("rest-task", "--at", str(first.snapshot_id), "--json"))
    found = {(each["change"], each["before"], each["after"]): each["windows"] for each in said["counts"]}
    assert found[("label", "calm", "work")] == 1
    assert sum(each["windows"] for each in said["counts"] if each["change"] == "entered") == 12
    assert said["after"] - said["before"] == 12
    assert {each["recording_id"] for each in said["changes"]} == {"a/p00-0", "a/p12-0", "a/p12-1"}
    assert "No window entered, left or changed" in run("rest-task")


def test_two_manifests_by_their_split(filled, define, run):
    build_manifest(filled, define())
    build_manifest(filled, define(name="folds", split={"method": "kfold", "folds": 2}, where="subject <> 'p00'"))
    shown = run("rest-task", "folds")
    assert "144 windows before, 132 after." in shown
    assert "left" in shown
    assert "fold0" in shown
    with pytest.raises(ManifestError, match="no manifest 'fold'"):
        run("rest-task", "fold")
