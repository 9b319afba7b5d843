"""Clocks by events that two devices have marked, and by what a person says of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.curate.clocks.asked import rules_of
from biocurate.curate.clocks.estimate import Estimate, Refused
from biocurate.curate.clocks.events import by_events
from biocurate.curate.clocks.said import ClockRule, said_rows
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError, UsageError
from biocurate.recording import NS, Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(4, 40),
    lag=st.floats(-30, 30),
    ppm=st.floats(-50, 50),
    lost=st.integers(0, 2),
)
def test_lag_and_drift_of_marked_events_are_recovered(seed, n, lag, ppm, lost):
    random = np.random.default_rng(seed)
    true = np.cumsum(random.uniform(2.5, 60, n + lost))
    b = ((true - lag) / (1 + ppm * 1e-6) + random.normal(0, 0.01, true.size))[lost:]
    found = by_events(true, b, 60)
    assert isinstance(found, Estimate)
    assert (found.method, found.beats) == ("events", n)
    at = np.linspace(b[0], b[-1], 50)
    assert np.abs(found.line.added(at) - (lag + ppm * 1e-6 * at)).max() < 0.1


def test_one_event_gives_an_offset_of_unknown_uncertainty():
    found = by_events(np.array([12.0]), np.array([10.5]), 60)
    assert isinstance(found, Estimate)
    assert found.line.added(np.array([100.0])).item() == 1.5
    assert np.isinf(found.line.uncertainty_s)


def test_two_events_allow_for_what_two_values_leave_unknown():
    """Student's t with one degree of freedom: 12.7 standard errors."""
    found = by_events(np.array([10.0, 50.0]), np.array([9.0, 49.1]), 60)
    assert isinstance(found, Estimate)
    assert found.line.uncertainty_s == pytest.approx(12.706 * 0.1 / np.sqrt(2) / np.sqrt(2), rel=1e-3)


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ([], [1.0], "no such event"),
        ([1.0], [500.0], "no event lies within"),
        ([10.0, 20.0, 30.0], [13.0, 23.0], "as well at several offsets"),
        (list(range(1001)), [1.0], "more than 1000"),
    ],
)
def test_events_that_tell_nothing_give_no_confidence(a, b, why):
    found = by_events(np.array(a, float), np.array(b, float), 60)
    assert isinstance(found, Refused)
    assert why in found.reason


@pytest.fixture
def watched(tmp_path):
    """A band at 64 Hz and a watch at 32 Hz that is 2 s behind; both have marked three presses."""
    store = create_store(str(tmp_path / "s"))
    own = [interval(t, 0.1, "press", "button") for t in (20, 47, 110)]
    watch = [interval(t - 2, 0.1, "press", "mark", channel="wrist") for t in (20, 47, 110)]
    streams = (noise_stream("GSR", 64, [(0, 64 * 150)]), noise_stream("PPG", 32, [(0, 32 * 150)], clock="watch"))
    put(store, {f"c/{n}": Recording(streams, (*own, *watch)) for n in range(4)})
    return store


@pytest.mark.parametrize("mark", ["mark", "mark=press", "mark@wrist", "mark=press@wrist"])
def test_events_are_annotations_of_a_kind_value_or_channel(watched, mark):
    rule = ClockRule(events=("button", mark))
    row = said_rows(watched, pl.Series(["c/0"]), {"watch": rule})[0]
    assert (row["status"], row["method"], row["offset_ns"], row["beats"]) == ("estimated", "events", 2 * NS, 3)


def test_an_event_that_is_not_there_gives_no_confidence(watched):
    row = said_rows(watched, pl.Series(["c/0"]), {"watch": ClockRule(events=("button", "clap"))})[0]
    assert (row["status"], row["reason"]) == ("no confidence", "no such event on both clocks")


def test_a_device_that_is_not_there_is_refused(watched):
    with pytest.raises(UsageError, match="no recording has a device 'wotch'"):
        said_rows(watched, pl.Series(["c/0"]), {"wotch": ClockRule(offset="1s")})


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ({"offset": "2s", "uncertainty": "10ms"}, True),
        ({"offset": "2s"}, False),
        ({"events": ["button", "mark"]}, True),
    ],
)
def test_a_manifest_says_clocks_by_itself(watched, rule, kept):
    fields = {
        "name": "m",
        "windows": {"length": "10s"},
        "pairs": {"sensors": ["GSR", "PPG"], "max_uncertainty": "20ms", "clocks": {"watch": rule}},
        "split": {"method": "kfold", "folds": 2},
    }
    if kept:
        # Of 15 windows, all but what the watch has not recorded yet, and what is too far from an event to be sure.
        assert build_manifest(watched, parse_definition(fields)).rows.height >= 4 * 9
    else:
        with pytest.raises(ManifestError, match="none of 60 windows has"):
            build_manifest(watched, parse_definition(fields))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "either `offset` or `events`"),
        ({"offset": 2}, "has no unit"),
        ({"offset": "2s", "events": ["a", "b"]}, "either `offset` or `events`"),
        ({"events": ["a", "b"], "uncertainty": "2ms"}, "go with `offset`"),
        ({"events": ["a", "="]}, "is no event"),
    ],
)
def test_what_is_said_wrongly_is_named(rule, message):
    pairs = {"sensors": ["GSR", "PPG"], "clocks": {"watch": rule}}
    with pytest.raises(ManifestError, match=message):
        parse_definition({"name": "m", "windows": {"length": "10s"}, "pairs": pairs})


def test_the_command_line_says_the_same():
    said = rules_of(["watch=-1.2s±50ms", "ring=0s"], ["chest=button, press=1@chest"])
    assert said["watch"] == ClockRule(offset="-1.2s", uncertainty="50ms")
    assert (said["watch"].offset, said["ring"].offset) == (-1_200_000_000, 0)
    assert said["chest"].events == ("button", "press=1@chest")
    for wrong in (["watch"], ["watch=soon"], ["watch=1s", "watch=2s"]):
        with pytest.raises(UsageError):
            rules_of(wrong, [])


@given(st.integers(-(10**12), 10**12))
def test_an_offset_is_written_as_it_is_read(ns):
    rule = ClockRule.model_validate({"offset": f"{ns}ns"})
    assert ClockRule.model_validate(rule.model_dump(mode="json", exclude_defaults=True)) == rule
