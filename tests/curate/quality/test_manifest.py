"""Thresholds on quality in a manifest: what they keep, whom they drop, what they refuse."""

from __future__ import annotations

import json

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.quality.build import score_set
from biocurate.errors import ManifestError

RULE = {"sensor": "ECG", "measure": "flat_v1", "at_most": 0.5}


def define(*rules, windows=None, **changes):
    fields = {
        "name": "m",
        "windows": windows or {"set": "w10"},
        "label": {"column": "condition"},
        "split": {"method": "kfold", "folds": 2},
    }
    return parse_definition(fields | ({"quality": list(rules)} if rules else {}) | changes)


def lines(manifest, by):
    return {row["value"]: (row["windows"], row["dropped"]) for row in manifest.dropped if row["by"] == by}


def test_windows_whose_channels_do_not_all_meet_it_are_dropped_and_counted(stored):
    score_set(stored, "w10")
    built = build_manifest(stored, define(RULE))
    assert built.rows.height == 10
    assert lines(built, "label") == {"rest": (6, 0), "task": (6, 2)}
    assert lines(built, "sex") == {"F": (4, 0), "M": (4, 2), None: (4, 0)}
    assert lines(built, "corpus") == {"a": (8, 2), "b": (4, 0)}
    assert stored.manifest("m").dropped == built.dropped


@pytest.mark.parametrize(
    ("changes", "kept"),
    [({"channels": "any"}, 12), ({"channels": "share", "share": 0.5}, 12), ({"channels": "share", "share": 0.6}, 10)],
)
def test_which_channels_have_to_meet_it(stored, changes, kept):
    score_set(stored, "w10")
    assert build_manifest(stored, define(RULE | changes)).rows.height == kept


def test_a_window_without_a_value_or_without_the_sensor_does_not_meet_it(stored):
    score_set(stored, "w10")
    # Windows of 10 s are too short for an index of breathing, and there is no RESP at all.
    with pytest.raises(ManifestError, match="none of 12 windows has RESP"):
        build_manifest(stored, define({"sensor": "RESP", "measure": "resp_sqi_v1", "at_least": 0}))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"sensor": "ECG", "measure": "ecg_template_v1_rel", "at_least": 0.5}, "ecg_template_v1_rel is relative"),
        ({"sensor": "ECG", "measure": "ecg_sqi", "at_least": 0.5}, "there is no measure 'ecg_sqi'.*ecg_sqi_v1"),
        ({"sensor": "PPG", "measure": "ecg_sqi_v1", "at_least": 0.5}, "ecg_sqi_v1 is no measure of PPG"),
        ({"sensor": "ECG", "measure": "ecg_sqi_v1"}, "say either at_least or at_most"),
        ({"sensor": "ECG", "measure": "ecg_sqi_v1", "at_least": 80}, "less than or equal to 1"),
        (RULE | {"channels": "share"}, "go together"),
    ],
)
def test_a_threshold_that_means_nothing_is_refused(rule, message):
    with pytest.raises(ManifestError, match=message):
        define(rule)


def test_windows_that_were_not_judged_are_refused(stored):
    with pytest.raises(ManifestError, match="has not been judged"):
        build_manifest(stored, define(RULE))


def test_a_manifests_own_windows_are_judged_by_its_build(stored):
    definition = define(RULE, windows={"length": "10s"})
    built = build_manifest(stored, definition)
    assert built.rows.height == 10
    assert build_manifest(stored, definition).hash == built.hash
    score_set(stored, "manifest-m")
    assert build_manifest(stored, definition).hash == built.hash


def test_only_windows_that_are_selected_are_judged(stored):
    build_manifest(stored, define(RULE, windows={"length": "10s"}, where="corpus = 'a'"))
    judged = stored.tables.scan("quality/manifest-m").select("recording_id").unique().collect()["recording_id"]
    assert {each.split("/")[0] for each in judged} == {"a"}
    whole = build_manifest(stored, define(RULE, windows={"length": "10s"}))
    assert lines(whole, "corpus") == {"a": (8, 2), "b": (4, 0)}


def test_a_definition_without_quality_keeps_its_hash():
    assert "quality" not in json.loads(define().canonical())
    with_rule = json.loads(define(RULE).canonical())["quality"]
    assert with_rule == [{"at_most": 0.5, "measure": "flat_v1", "sensor": "ECG"}]


def test_a_manifest_without_quality_drops_nothing_and_says_nothing(stored):
    assert build_manifest(stored, define()).dropped == ()
