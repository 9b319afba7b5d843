"""Labels from file names, tables, comments, annotations, intervals and event files."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from biocurate.errors import RecipeError
from biocurate.formats.source import Source
from biocurate.recipes.labelling import IntervalLabel, Label
from biocurate.recipes.labels import annotate
from biocurate.recipes.spans import spans_of
from biocurate.recipes.tables import parse_rows
from biocurate.recording import NS, Annotation, ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType

SIGNALS = [("ECG", "mV")]
LENGTH = 4 * NS
# 2020-02-05 11:39:16 UTC
START, START_S = "11:39:16 05/02/2020", 1580902756


def read(root, made):
    (unit,) = made.units(root)
    return made.read(unit)


def labels(recording, kind):
    return [(made.onset_ns, made.duration_ns, made.value) for made in recording.annotations if made.kind == kind]


def test_a_label_from_the_file_name_spans_the_recording(recipe, record):
    made = recipe(labels={"condition": {"from": "run", "map": {1: "rest", 2: "task"}}})
    assert labels(read(record("01_2", SIGNALS), made), "condition") == [(0, LENGTH, "task")]


def test_a_value_that_the_map_does_not_know_is_left_out_and_reported_without_its_text(recipe, record):
    recording = read(record("01_2", SIGNALS), recipe(labels={"condition": {"from": "run", "map": {1: "rest"}}}))
    assert labels(recording, "condition") == []
    assert "condition: 1 of 1 values are none that the recipe knows" in recording.warnings


def test_a_value_that_the_map_drops_is_not_reported(recipe, record):
    made = recipe(labels={"c": {"from": "run", "map": {2: None}}}, channels=[{"match": "ECG", "sensor": "ECG"}])
    recording = read(record("01_2", SIGNALS), made)
    assert (recording.annotations, recording.warnings) == ((), ())


KEY = {"column": "Subject", "normalise": r"Subject(\d\d)"}


class TestTables:
    def made(self, recipe, **label):
        rows = {"from": "table", "file": "info.csv", "key": KEY, "column": "Group"}
        return recipe(labels={"group": {**rows, **label}}, channels=[{"match": "ECG", "sensor": "ECG"}])

    def test_the_row_is_found_by_the_normalised_key(self, recipe, record, tree):
        root = record("02_1", SIGNALS)
        tree({"info.csv": "Subject,Group\nSubject01,a\nSubject02,b\nxSubject02,c\n"})
        assert labels(read(root, self.made(recipe)), "group") == [(0, LENGTH, "b")]

    def test_numbers_are_filled_with_zeros_to_match(self, recipe, record, tree):
        root = record("02_1", SIGNALS)
        tree({"info.csv": "Subject,Group\n1,a\n2,b\n"})
        made = self.made(recipe, key={"column": "Subject", "zero_fill": 2})
        assert labels(read(root, made), "group") == [(0, LENGTH, "b")]

    def test_a_number_is_kept_as_one(self, recipe, record, tree):
        root = record("02_1", SIGNALS)
        tree({"info.csv": "Subject,Group\nSubject02, 12.88 \n"})
        (found,) = read(root, self.made(recipe)).annotations
        assert (found.value, found.number) == ("12.88", 12.88)

    def test_a_cell_of_several_lines_is_several_labels(self, recipe, record, tree):
        root = record("02_1", SIGNALS)
        tree({"info.csv": '\ufeffSubject,Group\r\nSubject02,"a b\r\nc\r\n\r\na b"\r\n'})
        assert labels(read(root, self.made(recipe, split="\n")), "group") == [(0, LENGTH, "a b"), (0, LENGTH, "c")]

    def test_a_recording_without_a_row_is_reported(self, recipe, record, tree):
        root = record("02_1", SIGNALS)
        tree({"info.csv": "Subject,Group\nSubject01,a\n"})
        recording = read(root, self.made(recipe))
        assert recording.annotations == ()
        assert recording.warnings == ("group: no label, info.csv has no row for it",)

    def test_an_empty_cell_is_no_label(self, recipe, record, tree):
        root = record("02_1", SIGNALS)
        tree({"info.csv": "Subject,Group,x\nSubject02,  ,1\n"})
        assert read(root, self.made(recipe)).annotations == ()

    def test_a_table_that_changed_is_read_again(self, recipe, record, tree):
        root = record("02_1", SIGNALS)
        made = self.made(recipe)
        tree({"info.csv": "Subject,Group\nSubject02,a\n"})
        assert labels(read(root, made), "group") == [(0, LENGTH, "a")]
        path = root / "info.csv"
        before = path.stat().st_mtime_ns
        tree({"info.csv": "Subject,Group\nSubject02,b\n"})
        os.utime(path, ns=(before + 1, before + 1))
        assert labels(read(root, made), "group") == [(0, LENGTH, "b")]

    def test_a_missing_table_and_a_missing_column_name_themselves(self, recipe, record, tree):
        root = record("02_1", SIGNALS)
        with pytest.raises(RecipeError, match=r"info\.csv: the table that the recipe names is not there"):
            read(root, self.made(recipe))
        tree({"info.csv": "Subject,group\nSubject02,a\n"})
        with pytest.raises(RecipeError, match=r"no column 'Group'\. Did you mean 'group'"):
            read(root, self.made(recipe))

    def test_a_link_that_leads_out_of_the_root_is_refused(self, recipe, record, tmp_path):
        root = record("02_1", SIGNALS)
        (tmp_path / "secret.csv").write_text("Subject,Group\nSubject02,secret\n")
        (root / "tables").mkdir()
        (root / "tables/info.csv").symlink_to(tmp_path / "secret.csv")
        units = recipe().units(root, [])
        with pytest.raises(RecipeError, match="leads out of the corpus' root"):
            self.made(recipe, file="tables/info.csv").read(units[0])

    def test_a_ragged_table_names_itself(self, recipe, record, tree):
        root = record("02_1", SIGNALS)
        tree({"info.csv": "Subject,Group\nSubject02,a,b,c\n"})
        with pytest.raises(RecipeError, match=r"info\.csv: the table cannot be read"):
            read(root, self.made(recipe))


COMMENTS = ("<age>: 51", "<sex>: M")
INFO = {"from": "table", "file": "info.csv", "key": {"column": "ID"}}


class TestSubjects:
    def test_age_and_sex_are_the_headers_unless_the_recipe_says_otherwise(self, recipe, record):
        recording = read(record("01_1", SIGNALS, comments=COMMENTS), recipe())
        assert (recording.age, recording.sex) == (51.0, "M")

    @pytest.mark.parametrize(
        ("age", "sex", "expected"),
        [
            ("17", "F", (17.0, "F")),
            (">89", "female", (90.0, "F")),
            ("89+", "Male", (89.0, "M")),
            ("-1", "x", (None, None)),
        ],
    )
    def test_a_table_wins_over_the_header_and_a_difference_is_reported_without_the_values(
        self, recipe, record, tree, age, sex, expected
    ):
        root = record("01_1", SIGNALS, comments=COMMENTS)
        tree({"info.csv": f'ID,Age,Sex\n01,"{age}\n","{sex}\n"\n'})
        made = recipe(subject={"age": {**INFO, "column": "Age"}, "sex": {**INFO, "column": "Sex"}})
        recording = read(root, made)
        assert (recording.age, recording.sex) == expected
        about = [warning for warning in recording.warnings if warning.startswith(("age", "sex"))]
        differing = [value for value, header in zip(expected, (51.0, "M"), strict=True) if value != header]
        assert len(about) == len(differing)
        assert not any(word in warning for warning in about for word in (age, "51"))


def test_comments_give_labels_only_through_a_pattern(recipe, record):
    comments = ("Rhythm: Sinus rhythm.", "Patient: J. Doe", "Left ventricular hypertrophy.")
    made = recipe(labels={"rhythm": {"from": "comments", "match": r"Rhythm: (?P<value>.+?)\.?"}})
    recording = read(record("01_1", SIGNALS, comments=comments), made)
    assert labels(recording, "rhythm") == [(0, LENGTH, "Sinus rhythm")]
    assert not any("Doe" in str(made) for made in recording.annotations)


class TestAnnotations:
    RAW = (
        Annotation(0, NS, "event", "Sleep stage W"),
        Annotation(NS, NS, "event", "Sleep stage 2"),
        Annotation(2 * NS, 0, "event", "Dr. Smith came in"),
        Annotation(NS // 2, 0, "wave", "p", channel="ii"),
    )

    def annotated(self, recipe, tree, **fields):
        made = recipe(**fields)
        (unit,) = made.units(tree({"01_1.hea": ""}))
        return annotate(made.definition, unit, Recording((), annotations=self.RAW))

    def test_none_is_kept_unasked_and_the_text_is_not_repeated(self, recipe, tree):
        annotations, warnings = self.annotated(recipe, tree)
        assert annotations == []
        assert warnings == ["4 annotations of the file are left out: no rule of the recipe lets them through"]

    def test_what_a_rule_lets_through_is_kept_as_it_is(self, recipe, tree):
        annotations, warnings = self.annotated(recipe, tree, annotations=[{"kind": "wave", "match": "[pNt]"}])
        # Its channel is none of the recording's: free text, which no rule let through.
        assert annotations == [replace(self.RAW[3], channel=None)]
        assert warnings[0].startswith("3 annotations")

    def test_a_label_takes_onset_and_duration_and_translates(self, recipe, tree):
        stage = {"from": "annotations", "match": "Sleep stage (.)", "map": {"W": "wake", "2": "N2"}}
        annotations, warnings = self.annotated(recipe, tree, labels={"stage": stage})
        assert annotations == [
            Annotation(0, NS, "stage", "wake", text="Sleep stage W"),
            Annotation(NS, NS, "stage", "N2", text="Sleep stage 2"),
        ]
        assert warnings[0].startswith("2 annotations")


# ------------------------------------------------------------------------------------------- intervals and events

HERE = Source(Path("corpus"), "labels.csv")


def lasting(seconds, start_unix_ns=None):
    """A recording of a given length."""
    channel = Channel("x", "x", "mV")
    samples = ArraySamples(np.zeros((1, seconds), np.int16))
    stream = Stream(SensorType.ECG, 1.0, (channel,), (Segment(0, seconds),), samples)
    return Recording((stream,), start_unix_ns=start_unix_ns)


def spans(text, recording=None, **fields):
    label = {"from": "intervals", "file": "labels.csv", "key": {"column": "who"}, "column": "label", **fields}
    label = {key: value for key, value in label.items() if value is not None}
    parsed = TypeAdapter(Label).validate_python(label)
    assert isinstance(parsed, IntervalLabel)
    found, warnings = spans_of("c", parsed, parse_rows(text.encode(), HERE), HERE, recording or lasting(10))
    return [(made.onset_ns, made.duration_ns, made.value) for made in found], warnings


SECONDS = {"onset": {"column": "t", "clock": "relative"}, "every_s": 1}


def test_equal_rows_that_follow_on_each_other_are_one_interval():
    found, warnings = spans("t,label\n0,a\n1,a\n2,b\n3,a\n4,a\n", **SECONDS)
    assert found == [(0, 2 * NS, "a"), (2 * NS, NS, "b"), (3 * NS, 2 * NS, "a")]
    assert warnings == []


def test_a_gap_between_equal_rows_parts_them():
    assert spans("t,label\n0,a\n1,a\n3,a\n", **SECONDS)[0] == [(0, 2 * NS, "a"), (3 * NS, NS, "a")]


def test_an_empty_or_dropped_label_parts_and_is_no_interval():
    found, _ = spans("t,label\n0,1\n1,0\n2,1\n3,\n4,1\n", map={1: "stress", 0: None}, **SECONDS)
    assert found == [(0, NS, "stress"), (2 * NS, NS, "stress"), (4 * NS, NS, "stress")]


def test_rows_out_of_order_are_put_in_order():
    assert spans("t,label\n1,a\n0,a\n2,a\n", **SECONDS)[0] == [(0, 3 * NS, "a")]


def test_intervals_are_cut_to_the_recording_and_those_outside_are_reported():
    ends = {"onset": {"column": "t", "clock": "relative"}, "end": "end"}
    found, warnings = spans("t,end,label\n-2,1,a\n9,12,b\n20,30,c\n-3,-1,d\n", **ends)
    assert found == [(0, NS, "a"), (9 * NS, NS, "b")]
    assert warnings == ["c: 2 of 4 lie outside the recording and are left out"]


def test_unix_times_are_exact_to_the_nanosecond():
    recording = lasting(10, start_unix_ns=1644227574_000000000)
    found, _ = spans(
        "t,long,label\n1644227574.123456789,0.1,a\n",
        recording,
        onset={"column": "t", "clock": "unix"},
        duration="long",
    )
    assert found == [(123456789, 100_000_000, "a")]


@pytest.mark.parametrize(("unit", "factor"), [("s", NS), ("ms", 10**6), ("us", 10**3), ("ns", 1)])
def test_onsets_come_in_any_unit(unit, factor):
    found, _ = spans("t,long,label\n3,2,a\n", onset={"column": "t", "clock": "relative", "unit": unit}, duration="long")
    assert found == [(3 * factor, 2 * factor, "a")]


def test_a_recording_without_a_start_has_no_unix_clock():
    assert spans("t,label\n0,a\n", onset={"column": "t", "clock": "unix"}, every_s=1) == (
        [],
        ["c: the recording states no start time, so labels on the unix clock are left out"],
    )


def test_times_and_labels_that_cannot_be_read_are_reported_without_their_text():
    found, warnings = spans("t,label\n0,a\nsoon,a\n2,zzz\n", map={"a": "A"}, **SECONDS)
    assert found == [(0, NS, "A")]
    assert warnings == [
        "c: 1 of 3 rows have no readable time and are left out",
        "c: 1 of 3 rows have a value that the recipe does not know",
    ]


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["a", "b", ""])), unique_by=lambda row: row[0]))
def test_merged_intervals_cover_exactly_the_labelled_seconds(rows):
    """Second by second, the intervals say what the rows say, and no two that touch are equal."""

    text = "t,label\n" + "".join(f"{second},{label}\n" for second, label in rows)
    found, _ = spans(text, lasting(100), **SECONDS)
    said = {second: label for second, label in rows if label}
    covered = {second: value for onset, length, value in found for second in range(onset // NS, (onset + length) // NS)}
    assert covered == said
    for (onset, length, value), (following, _, other) in pairwise(found):
        assert onset + length < following or value != other


MARK = {"from": "events", "file": "tags_{subject}.csv", "onset": {"column": 0, "clock": "unix"}, "value": "mark"}
BEAT = {"from": "events", "file": "IBI.csv", "onset": {"column": 0, "clock": "file"}, "value": "beat", "number": 1}


class TestEvents:
    def made(self, recipe, label):
        return recipe(labels={"e": label}, channels=[{"match": "ECG", "sensor": "ECG"}])

    def test_instants_on_the_unix_clock(self, recipe, record, tree):
        root = record("01_1", SIGNALS, start=START)
        tree({"tags_01.csv": f"{START_S + 1}\n{START_S + 3}.5\n{START_S + 99}\n"})
        recording = read(root, self.made(recipe, MARK))
        assert labels(recording, "e") == [(NS, 0, "mark"), (3 * NS + NS // 2, 0, "mark")]
        assert recording.warnings == ("e: 1 of 3 lie outside the recording and are left out",)

    def test_instants_that_count_from_the_files_own_start(self, recipe, record, tree):
        root = record("01_1", SIGNALS, start=START)
        tree({"IBI.csv": f"{START_S + 1}.000000, IBI\r\n0.5,0.75\r\n1.25,0.75\r\n"})
        recording = read(root, self.made(recipe, BEAT))
        assert [(made.onset_ns, made.value, made.number) for made in recording.annotations] == [
            (NS + NS // 2, "beat", 0.75),
            (2 * NS + NS // 4, "beat", 0.75),
        ]

    def test_a_header_row_names_the_columns(self, recipe, record, tree):
        root = record("01_1", SIGNALS)
        tree({"events.tsv": "onset\tduration\ttype\n1\t0.5\tgo\n2\t0.5\tstop\n"})
        label = {
            "from": "events",
            "file": "events.tsv",
            "header": True,
            "onset": {"column": "onset", "clock": "relative"},
        }
        recording = read(root, self.made(recipe, {**label, "duration": "duration", "column": "type"}))
        assert labels(recording, "e") == [(NS, NS // 2, "go"), (2 * NS, NS // 2, "stop")]

    @pytest.mark.parametrize("text", ["", "\n", " \n"])
    def test_an_empty_file_means_no_event(self, recipe, record, tree, text):
        root = record("01_1", SIGNALS, start=START)
        tree({"tags_01.csv": text})
        recording = read(root, self.made(recipe, MARK))
        assert (recording.annotations, recording.warnings) == ((), ())

    def test_a_file_that_is_not_there_is_reported(self, recipe, record):
        recording = read(record("01_1", SIGNALS, start=START), self.made(recipe, MARK))
        assert recording.warnings == ("e: no file tags_{subject}.csv lies beside the recording",)

    def test_a_first_cell_that_is_no_time_is_an_error(self, recipe, record, tree):
        root = record("01_1", SIGNALS, start=START)
        tree({"IBI.csv": "time, IBI\n0.5,0.75\n"})
        with pytest.raises(RecipeError, match=r"IBI\.csv: its first cell is no time"):
            read(root, self.made(recipe, BEAT))


def test_annotations_are_in_order_of_time(recipe, record, tree):
    root = record("01_1", SIGNALS, start=START)
    tree({"tags_01.csv": f"{START_S + 3}\n{START_S}\n"})
    recording = read(root, recipe(labels={"mark": MARK, "run": {"from": "run"}}))
    assert [(made.onset_ns, made.kind) for made in recording.annotations] == [(0, "mark"), (0, "run"), (3 * NS, "mark")]
