"""Definitions of manifests, and lengths of time."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.curate.durations import format_duration, parse_duration
from biocurate.curate.manifests.catalogue import find_definition, shipped
from biocurate.curate.manifests.definition import load_definition, parse_definition
from biocurate.errors import ManifestError, UsageError

PLAIN = {"name": "m", "windows": {"length": "10s"}}


@pytest.mark.parametrize(
    ("text", "ns"),
    [("10s", 10**10), ("500ms", 5 * 10**8), ("1min", 6 * 10**10), ("0.1 s", 10**8), ("1h", 36 * 10**11), ("7ns", 7)],
)
def test_lengths_are_exact(text, ns):
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["10", "s", "-1s", "0s", "1e3s", "10 sec s", "0.1ns", "1.s", "ten s", "", "1d"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(UsageError, match=r"10s|decimals|longer"):
        parse_duration(text)


@given(st.integers(1, 10**18))
def test_a_written_length_is_read_back(ns):
    assert parse_duration(format_duration(ns)) == ns


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"windows": {"length": 10}}, "windows.length: 10 has no unit"),
        ({"windows": {"length": "10s", "hopp": "5s"}}, "windows.hopp: extra"),
        ({"windows": {"length": "10s", "hop": "5"}}, "windows.hop: '5' is no length"),
        ({"windows": {"length": "10s", "require": ["XYZ"]}}, "windows.require.0: there is no sensor type 'XYZ'"),
        ({"windows": {"set": "../x"}}, "windows.set"),
        ({"windows": 3}, "windows"),
        ({"name": "a/b"}, "name"),
        ({"where": "a", "query": "b"}, "exclude each other"),
        ({"label": {"column": "x", "kepp": ["a"]}}, "label.kepp: extra"),
        ({"split": {"method": "random"}}, "split"),
        ({"split": {"folds": 3}}, "split.folds: extra"),
        ({"split": {"method": "kfold", "folds": 1}}, "split.folds: .*greater"),
        ({"colour": 1}, "colour: extra"),
    ],
)
def test_a_wrong_field_is_named(change, says):
    with pytest.raises(ManifestError, match=says):
        parse_definition({**PLAIN, **change})


def test_the_canonical_form_is_the_same_for_the_same_meaning():
    loose = {**PLAIN, "windows": {"hop": "10000ms", "length": "10s", "require": ["BVP"]}, "split": {"seed": 0}}
    strict = {"windows": {"length": "10s", "require": ["PPG"]}, "name": "m", "title": ""}
    canonical = parse_definition(loose).canonical()
    assert canonical == parse_definition(strict).canonical()
    assert canonical == '{"name":"m","windows":{"hop":"10s","length":"10s","require":["PPG"]}}'
    assert parse_definition(json.loads(canonical)) == parse_definition(loose)


def test_its_windows_get_a_column_for_the_label():
    made = parse_definition({**PLAIN, "label": {"column": "condition", "map": {0: "calm", 1: "stress"}}})
    assert made.window_rule is not None
    assert made.window_rule.labels == ("condition",)
    assert made.label is not None
    assert made.label.classes == ["calm", "stress"]


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("name: [")
    with pytest.raises(ManifestError, match=r"x\.yaml: this is no YAML"):
        load_definition(file)
    with pytest.raises(ManifestError, match="cannot be read: No such file"):
        load_definition(tmp_path / "y.yaml")


def test_the_shipped_definitions_are_valid_and_found_by_name():
    files = shipped()
    assert {"eegmat-rest-task", "stress-predict-stress"} <= {file.stem for file in files}
    for file in files:
        assert find_definition(file.stem).name == file.stem
    with pytest.raises(ManifestError, match="Did you mean 'eegmat-rest-task'"):
        find_definition("eegmat-rest-tasks")
