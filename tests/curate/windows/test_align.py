"""Windows that begin at annotations, and windows of a part of each recording."""

from __future__ import annotations

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.windows.build import build_windows
from biocurate.errors import UsageError
from biocurate.recording import NS, Recording
from biocurate.testing.memory import interval, noise_stream, put


@pytest.fixture
def night(store):
    """Ten minutes before sleep, stages of one and a half to three epochs, wake to the end; scored from 7 s on."""
    stages = [(7, 600, "W"), (607, 90, "N1"), (697, 45, "N2"), (742, 30, "W"), (772, 60, "R"), (832, 400, "W")]
    marks = [interval(onset, length, value, "stage") for onset, length, value in stages]
    presses = [interval(at, 0, "press", "button") for at in (3, 100, 101, 1239)]
    put(store, {"a/r1": Recording((noise_stream("EEG", 50, [(0, 62_000)]),), (*marks, *presses)), "a/r2": plain()})
    return store


def plain():
    """A recording that nobody scored."""
    return Recording((noise_stream("EEG", 50, [(0, 6200)]),))


def starts(store, name="w"):
    return (store.windows(name).sort("window_id").collect()["t0_ns"] / NS).to_list()


def test_windows_tile_each_annotation_and_lie_within_it(night):
    build_windows(night, "w", length_s=30, align={"to": "stage", "values": ["N1", "N2", "R"]}, labels=["stage"])
    assert starts(night) == [607, 637, 667, 697, 772, 802]
    assert night.windows("w").collect()["stage"].to_list() == ["N1"] * 3 + ["N2"] + ["R"] * 2


def test_windows_at_instants_may_overlap_each_other_but_not_the_recordings_ends(night):
    build_windows(night, "w", length_s=10, align={"to": "button", "before": "2s"})
    assert starts(night) == [1, 98, 99]
    build_windows(night, "v", length_s=4, align={"to": "button", "before": "4s"})
    assert starts(night, "v") == [96, 97, 1235]


def test_once_gives_a_window_an_annotation_whatever_its_length(night):
    build_windows(night, "w", length_s=20, align={"to": "stage", "once": True})
    assert starts(night) == [7, 607, 697, 742, 772, 832]


def test_an_annotation_that_another_overlaps_is_tiled_up_to_it(store):
    marks = (interval(0, 100, "a", "mark"), interval(25, 40, "b", "mark"), interval(25, 20, "c", "mark"))
    put(store, {"a/r1": Recording((noise_stream("EEG", 50, [(0, 6200)]),), marks)})
    build_windows(store, "w", length_s=10, align="mark")
    assert starts(store) == [0, 10, 20, 25, 35, 45, 55]


def test_wake_is_trimmed_to_a_margin_around_sleep(night):
    within = {"kind": "stage", "leave_out": ["W"], "margin": "1min"}
    build_windows(night, "w", length_s=30, align="stage", within=within, labels=["stage"])
    found = starts(night)
    # Sleep is from 607 to 832 s.
    assert found[0] == 547
    assert found[-1] + 30 <= 892 < found[-1] + 60
    build_windows(night, "grid", length_s=30, within=within)
    assert starts(night, "grid") == [570 + 30 * k for k in range(10)]


def test_recordings_without_the_annotation_have_no_window(night):
    made = build_windows(night, "w", length_s=30, within={"kind": "stage"})
    assert made.recordings == 1


def test_a_list_column_is_queried_and_becomes_many_labels(night):
    labels = [{"kind": "stage", "rule": "list"}, {"kind": "stage", "rule": "fraction", "value": "W", "name": "wake"}]
    made = build_windows(night, "w", length_s=60, labels=labels)
    found = night.sql("SELECT t0_ns, stage, wake FROM windows_w WHERE array_contains(stage, 'N2') ORDER BY t0_ns")
    assert found.rows() == [(660 * NS, ["N1", "N2"], 0.0), (720 * NS, ["N2", "R", "W"], 30 / 60)]
    counted = {value: windows for _, value, windows, _ in made.labels.iter_rows()}
    assert counted["N2"] == 2
    assert "wake" not in made.labels["label"]


def test_shares_of_several_values_stand_beside_the_kind(night):
    shares = [{"kind": "stage", "rule": "fraction", "value": value} for value in ("N1", "R")]
    build_windows(night, "w", length_s=60, labels=["stage", *shares])
    assert {"stage", "stage_N1", "stage_R"} <= set(night.windows("w").collect_schema().names())


def test_a_manifest_of_many_labels_keeps_them_and_its_hash(night, new_store):
    fields = {
        "name": "many",
        "windows": {"length": "60s", "labels": [{"kind": "stage", "rule": "list"}], "within": {"kind": "stage"}},
        "label": {"column": "stage", "map": {"N1": "light", "N2": "light", "R": "rem"}},
        "split": {"method": "hash", "fractions": {"train": 1}},
    }
    built = build_manifest(night, parse_definition(fields))
    found = {row["t0_ns"] // NS: row["label"] for row in built.rows.iter_rows(named=True)}
    assert found[660] == ["light"]
    assert found[720] == ["light", "rem"]
    assert set(found) == {600, 660, 720, 780}, "a window with none of the labels is left out"
    assert built.classes == ["light", "rem"]
    assert build_manifest(night, parse_definition(fields)).hash == built.hash


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"length_s": 1000, "align": "stage"}, "no window of 1000s fits into an annotation of kind 'stage'"),
        ({"length_s": 30, "align": {"to": "stage", "values": ["N3"]}}, "a 'stage' of N3.*N1, N2, R, W"),
        ({"length_s": 30, "align": "stag"}, "Did you mean 'stage'"),
        ({"length_s": 30, "align": {"kind": "stage"}}, "align"),
        ({"length_s": 30, "within": {"kind": "stage", "leave_out": ["W", "N1", "N2", "R"]}}, "a 'stage' beside W"),
        ({"length_s": 300, "within": {"kind": "stage", "leave_out": ["W"]}}, "within its 'stage'"),
        ({"length_s": 30, "within": {"kind": "stage", "margin": "soon"}}, "soon"),
        (
            {"length_s": 30, "labels": ["stage", {"kind": "stage", "rule": "list"}]},
            "two label columns",
        ),
        ({"length_s": 30, "labels": [{"kind": "stage", "rule": "fraction"}]}, "needs it"),
        ({"length_s": 30, "labels": [{"kind": "stage", "rule": "most"}]}, "majority"),
        ({"length_s": 30, "labels": [{"kind": "stage", "name": "split"}]}, "cannot be called 'split'"),
    ],
)
def test_what_cannot_be_cut_is_refused(night, options, says):
    with pytest.raises(UsageError, match=f"(?s){says}"):
        build_windows(night, "w", **options)
    assert not night.tables.exists("windows/w")
