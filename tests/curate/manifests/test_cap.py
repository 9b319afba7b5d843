"""At most so many windows of each person or recording."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.cap import CapRule, capped
from biocurate.errors import ManifestError


def keys(rows):
    return set(rows.select("recording_id", "t0_ns").iter_rows())


@pytest.mark.parametrize(("per", "of"), [("person", "person"), ("recording", "recording_id")])
def test_nobody_has_more_than_the_cap(filled, define, per, of):
    made = build_manifest(filled, define(cap={"windows": 5, "per": per}))
    assert set(made.rows.group_by(of).len()["len"]) == {5}
    assert made.rows["recording_id"].is_sorted()


def test_who_has_fewer_keeps_all(filled, define):
    plain = build_manifest(filled, define())
    assert keys(build_manifest(filled, define(cap={"windows": 12})).rows) == keys(plain.rows)
    assert build_manifest(filled, define(cap={"windows": 12})).hash != plain.hash


def test_a_definition_without_a_cap_has_the_hash_that_it_had(define):
    assert "cap" not in define().canonical()


def test_the_draw_depends_on_no_order_and_on_no_one_else(filled, define):
    rows = build_manifest(filled, define()).rows
    rule = CapRule(windows=4, seed=3)
    kept = capped(rows, rule)[0]
    assert keys(capped(rows.sample(fraction=1, shuffle=True, seed=5), rule)[0]) == keys(kept)
    some = rows.filter(pl.col("person").is_in(["a/p03", "a/p04"]))
    assert keys(capped(some, rule)[0]) == {each for each in keys(kept) if each[0][:5] in {"a/p03", "a/p04"}}
    assert keys(capped(rows, CapRule(windows=4, seed=4))[0]) != keys(kept)


def test_the_draw_stays_the_same_in_every_version():
    """A draw that moved would change hashes in silence: these were drawn when the cap was made."""
    rows = pl.DataFrame({"recording_id": ["a/x"] * 20, "person": "a/x", "t0_ns": range(20), "duration_ns": 1})
    assert capped(rows, CapRule(windows=5))[0]["t0_ns"].to_list() == [2, 3, 6, 13, 17]


def test_windows_of_every_time_are_drawn_alike():
    """10,000 persons of 10 windows, 2 kept: each place is drawn 2,000 times, give or take 4 deviations."""
    places = pl.DataFrame({"t0_ns": [place * 10**9 for place in range(10)], "duration_ns": 10**9})
    people = pl.DataFrame({"person": [f"a/{number}" for number in range(10_000)]}).with_columns(recording_id="person")
    kept = capped(people.join(places, how="cross"), CapRule(windows=2))[0]
    assert kept.height == 20_000
    assert kept.group_by("t0_ns").len()["len"].is_between(1840, 2160).all()


def test_how_many_it_drops_is_told(filled, define):
    made = build_manifest(filled, define(cap={"windows": 5}))
    line = {"by": "cap", "value": "at most 5 windows a person, seed 0", "windows": 144, "dropped": 84}
    assert made.dropped == filled.manifest("rest-task").dropped == (line,)
    shown = CliRunner().invoke(app, ["manifest", "show", "rest-task", "--store", filled.url])
    assert "60 of 144 windows are kept: at most 5 windows a person, seed 0." in shown.stdout
    as_json = CliRunner().invoke(app, ["manifest", "show", "rest-task", "--json", "--store", filled.url])
    assert json.loads(as_json.stdout)["dropped"] == [line]


def test_a_cap_is_of_one_window_or_more(define):
    with pytest.raises(ManifestError, match=r"cap\.windows: .*greater than 0"):
        define(cap={"windows": 0})
    with pytest.raises(ManifestError, match=r"cap\.per"):
        define(cap={"windows": 1, "per": "corpus"})
