"""Words whose meaning depends on where they stand: on the run, on the database, on the file; and codes in digits."""

from __future__ import annotations

import pytest

from biocurate.errors import RecipeError
from biocurate.recipes.check import check

SIGNALS = [("EMG", "uV")]
CUE = {
    "from": "annotations",
    "match": "N|V",
    "by": "run",
    "cases": {"1": {"N": "left fist", "V": "right fist"}, "2": {"N": "both fists"}},
}
BEATS = {
    "pattern": r"(?P<subject>\d\d)_(?P<run>\d)\.hea",
    "reader": "wfdb",
    "options": {"annotators": {"atr": {"kind": "beat"}}},
}


def only(root, made, name="01_1"):
    return made.read(next(unit for unit in made.units(root) if unit.name == name))


def values(recording, kind):
    return [annotation.value for annotation in recording.annotations if annotation.kind == kind]


@pytest.fixture
def marked(record):
    """Writes a record with one normal and one ventricular beat, at samples 4 and 8; a later one beyond its end."""

    def write(name, samples=(4, 8)):
        import numpy as np
        import wfdb

        root = record(name, SIGNALS)
        wfdb.wrann(name, "atr", np.array(samples), list("NV"[: len(samples)]), fs=4, write_dir=str(root))
        return root

    return write


class TestCases:
    def test_a_word_means_what_its_run_says(self, recipe, marked):
        marked("01_2")
        root = marked("01_1")
        made = recipe(files=BEATS, labels={"cue": CUE})
        assert values(only(root, made), "cue") == ["left fist", "right fist"]
        assert values(only(root, made, "01_2"), "cue") == ["both fists"]
        assert "cue: 1 of 2 annotations have a value that the recipe does not know" in only(root, made, "01_2").warnings

    def test_where_no_case_fits_no_word_is_known_and_that_is_told(self, recipe, marked):
        recording = only(marked("01_3"), recipe(files=BEATS, labels={"cue": CUE}), "01_3")
        assert values(recording, "cue") == []
        assert "cue: 2 of 2 annotations have a value that the recipe does not know" in recording.warnings

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"by": "session"}, "'session', no group"),
            ({"cases": {}}, "go together"),
            ({"map": {"N": "n"}}, "one of `map` and `cases`"),
            ({"cases": {"(": {"N": "n"}}}, "no regular expression"),
        ],
    )
    def test_half_a_case_is_refused(self, recipe, change, said):
        with pytest.raises(RecipeError, match=said):
            recipe(files=BEATS, labels={"cue": {**CUE, **change}})


def test_an_annotation_outside_the_recording_is_no_label_of_it(recipe, marked):
    """Sleep-EDF's hypnograms go on after the last sample; the recording here is 4 s long."""
    label = {"from": "annotations", "match": "N|V"}
    recording = only(marked("01_1", (4, 17)), recipe(files=BEATS, labels={"stage": label}))
    assert values(recording, "stage") == ["N"]
    assert "stage: 1 of 2 lie outside the recording and are left out" in recording.warnings


DX = {"from": "comments", "match": "Dx: (.*)", "split": ",", "map": {"1": "one", "2": "two", "9": None}}


class TestComments:
    def test_one_comment_holds_several_labels(self, recipe, record):
        root = record("01_1", SIGNALS, comments=(" Dx: 2, 1,9,2", " Rx: 1"))
        assert values(only(root, recipe(labels={"dx": DX})), "dx") == ["one", "two"]

    def test_codes_in_digits_are_no_numbers(self, recipe, record):
        root = record("01_1", SIGNALS, comments=("Dx: 67741000119109,426177001",))
        label = {"from": "comments", "match": "Dx: (.*)", "split": ","}
        plain, coded = (recipe(labels={"code": {**label, "numeric": numeric}}) for numeric in (True, False))
        assert {annotation.number for annotation in only(root, plain).annotations} == {67741000119109.0, 426177001.0}
        assert {annotation.number for annotation in only(root, coded).annotations} == {None}

    def test_check_counts_values_and_finds_those_that_nobody_knows(self, recipe, record):
        record("02_1", SIGNALS, comments=("Dx: 1,7",))
        record("03_1", SIGNALS)
        report = check(recipe(labels={"dx": DX}), record("01_1", SIGNALS, comments=("Dx: 1,2",)))
        assert [(label.value, label.count) for label in report.labels] == [("one", 2), ("two", 1)]
        assert "labels.dx: 1 values the recipe does not know, such as '7'" in report.findings
        assert "labels.dx: no comment says it in 1 of 3: 03_1" in report.notes

    def test_a_recording_whose_header_says_nothing_is_told(self, recipe, record):
        recording = only(record("01_1", SIGNALS), recipe(labels={"dx": DX}))
        assert "dx: no label, no comment says it" in recording.warnings


FILES = {"pattern": r"(?P<subject>(?P<database>A|HR)\d)\.hea", "reader": "wfdb"}
PERSONS = {"by": "database", "cases": {"A": "cpsc2018"}}


class TestPersons:
    def test_a_corpus_of_several_shares_the_persons_of_each(self, recipe, record):
        record("A1", SIGNALS)
        made = recipe(files=FILES, persons=PERSONS)
        assert [unit.person for unit in made.units(record("HR1", SIGNALS))] == ["cpsc2018/A1", "tiny/HR1"]

    def test_a_group_that_is_not_there_is_refused(self, recipe):
        with pytest.raises(RecipeError, match=r"`persons\.by` uses 'hospital'"):
            recipe(files=FILES, persons={**PERSONS, "by": "hospital"})


def test_a_channel_rule_is_of_the_recordings_that_it_names(recipe, record):
    rules = [
        {"match": "EMG", "recordings": "01_.*", "sensor": "EMG", "name": "envelope"},
        {"match": "EMG", "sensor": "EMG", "name": "submental"},
    ]
    record("01_1", SIGNALS)
    root, made = record("02_1", SIGNALS), recipe(channels=rules)
    assert only(root, made).streams[0].channels[0].name == "envelope"
    assert only(root, made, "02_1").streams[0].channels[0].name == "submental"
    assert {channel.name for channel in check(made, root).channels} == {"envelope", "submental"}
    assert made.signal_hash != recipe(channels=rules[1:]).signal_hash


@pytest.mark.parametrize(
    ("rates", "findings"), [([2, 4], []), ([2, 8], ["EMG at 4 Hz, not 2 or 8: 1 recordings (01_1)"])]
)
def test_recordings_may_have_one_of_several_rates(recipe, record, rates, findings):
    rule = {"match": "EMG", "sensor": "EMG"}
    root = record("01_1", SIGNALS)
    for expect in (rates, {"EMG": rates}):
        assert check(recipe(channels=[rule], expect={"rate_hz": expect}), root).findings == findings


def test_a_unit_that_the_recipe_calls_suspect_with_a_reason_is_a_note_and_no_finding(recipe, record):
    rule = {"match": "EMG", "sensor": "EMG", "unit_status": "suspect", "reason": "values lie between 0 and 1"}
    report = check(recipe(channels=[rule]), record("01_1", [("EMG", "furlong")]))
    assert report.findings == []
    assert "EMG: the unit is suspect: values lie between 0 and 1" in report.notes
