"""`recipes new`: a draft is a recipe that loads, matches the files, and marks what only a person can say."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.errors import RecipeError
from biocurate.recipes import load_recipe
from biocurate.recipes.draft import recipe_text, survey
from biocurate.recipes.draft.csv_guess import csv_guess
from biocurate.recipes.draft.patterns import patterns
from biocurate.recipes.draft.text import plain_regex


def groups_of(pattern, path):
    match = re.fullmatch(pattern.regex, path)
    assert match, (pattern.regex, path)
    return match.groupdict()


class TestPatterns:
    def test_numbers_that_differ_are_subject_and_run(self):
        [pattern] = patterns(["S001R03.edf", "S001R04.edf", "S014R03.edf"])
        assert groups_of(pattern, "S014R03.edf") == {"subject": "014", "run": "03"}

    def test_the_number_behind_a_word_for_subject_is_the_subject(self):
        [pattern] = patterns([f"run{run}/sub-{subject}_ses-{run}.edf" for run in (1, 2) for subject in (1, 2, 3)])
        assert groups_of(pattern, "run2/sub-3_ses-2.edf")["subject"] == "3"
        assert groups_of(pattern, "run2/sub-3_ses-2.edf")["session"] == "2"

    def test_words_that_are_sensors_tell_signals_of_one_recording_apart(self):
        [pattern] = patterns([f"raw/S{n}/{signal}.csv" for n in (1, 2) for signal in ("BVP", "EDA", "ACC")])
        assert groups_of(pattern, "raw/S2/EDA.csv") == {"subject": "2", "signal": "EDA"}

    def test_the_digits_of_a_rate_are_no_subject(self):
        """Two files that share a rate are not one person's recording."""
        found = patterns(["ecg_100hz.csv", "eog_100hz.csv", "bio_eventrelated_100hz.csv"])
        assert all(
            "subject" not in groups_of(pattern, path) or not groups_of(pattern, path)["subject"].isdigit()
            for pattern in found
            for path in pattern.paths
        )

    def test_words_that_are_no_sensors_are_parts_of_the_name(self):
        [pattern] = patterns([f"S{n}_{word}.edf" for n in (1, 2) for word in ("pre", "post")])
        assert groups_of(pattern, "S2_post.edf") == {"subject": "2", "part1": "post"}

    def test_archives_and_folders_of_one_name_are_alike(self):
        [pattern] = patterns(["raw/S1/BVP.csv", "raw/S2.zip/BVP.csv"])
        assert groups_of(pattern, "raw/S2.zip/BVP.csv")["subject"] == "2"

    def test_a_stretch_that_only_some_names_have_is_optional(self):
        [pattern] = patterns(["Subject01_1.edf", "Subject02_1.edf", "Subject03_1_first62s.edf"])
        assert groups_of(pattern, "Subject03_1_first62s.edf")["subject"] == "03"

    def test_a_second_copy_in_another_folder_is_another_pattern(self):
        first, second = patterns(["S1R1.edf", "S2R1.edf", "broken/S1R1.edf"])
        assert (first.paths, second.paths) == (("S1R1.edf", "S2R1.edf"), ("broken/S1R1.edf",))

    @given(st.lists(st.from_regex(r"([A-Za-z\d_.-]{1,6}/){0,2}[A-Za-z\d_-]{1,8}\.csv", fullmatch=True), min_size=1))
    def test_every_path_is_matched_by_the_pattern_that_lists_it(self, paths):
        found = patterns(paths)
        assert sorted(path for pattern in found for path in pattern.paths) == sorted(paths)
        for pattern in found:
            for path in pattern.paths:
                groups_of(pattern, path)

    @given(st.text(max_size=12))
    def test_a_plain_pattern_matches_its_text(self, text):
        assert re.fullmatch(plain_regex(text), text)


class TestTables:
    @pytest.mark.parametrize(
        ("name", "text", "options"),
        [
            ("EDA.csv", "1600000000.0\n4.0\n0.1\n0.2\n", {"layout": "e4"}),
            ("a.csv", "time,ecg\n" + "".join(f"{n / 100},{n}\n" for n in range(20)), {"time": ("time", "s")}),
            ("a.csv", "timer;ecg\n" + "".join(f"{n * 10};{n}\n" for n in range(20)), {"time": ("timer", "ms")}),
            (
                "a.csv",
                "t,x\n" + "".join(f"2020-01-01T00:00:{n:02d},{n}\n" for n in range(20)),
                {"time": ("t", "iso")},
            ),
            (
                "a.csv",
                "stamp,x\n" + "".join(f"{1600000000 + n},{n}\n" for n in range(20)),
                {"time": ("stamp", "unix_s")},
            ),
        ],
    )
    def test_layout_separator_and_clock_are_found(self, tree, name, text, options):
        from biocurate.formats.source import Source

        guess = csv_guess(Source(tree({name: text}), name))
        assert guess.has_clock
        found = guess.options
        if "layout" in options:
            assert found == options
        else:
            assert (found["time"]["column"], found["time"]["unit"]) == options["time"]
            assert found.get("separator", ",") == (";" if ";" in text else ",")

    def test_a_table_without_a_clock_leaves_the_rate_open_and_guesses_none(self, tree):
        from biocurate.formats.source import Source

        guess = csv_guess(Source(tree({"a.csv": "ecg\n" + "1\n2\n" * 20}), "a.csv"))
        assert not guess.has_clock
        assert "rate_hz" not in guess.options


def test_a_folder_without_recordings_is_refused(tree):
    with pytest.raises(RecipeError, match="looks like a recording"):
        survey(tree({"a.doc": "x"}))


def test_a_label_that_nobody_knows_is_marked(tree, record):
    record("01_1", [("ECG", "mV"), ("Gizmo", "V")])
    text = recipe_text("tiny", survey(record("02_1", [("ECG", "mV"), ("Gizmo", "V")])))
    assert "{match: 'Gizmo', sensor: MISC}     # TODO: what is it? In 2 headers, unit 'V'" in text


@pytest.mark.parametrize(
    ("folder", "recordings", "sensors"),
    [
        ("eegmat", 44, {"EEG", "ECG"}),
        ("stress-predict", 27, {"ACC", "PPG", "GSR", "HR", "TEMP"}),
        ("ludb", 68, {"ECG"}),
        ("cpsc2021-af", 12, {"ECG"}),
        ("bidmc-sample", 1, {"RESP", "PPG", "ECG"}),
        ("mne-bids-tiny", 1, {"EEG", "ECG", "EOG", "GSR", "TEMP"}),
    ],
)
def test_a_draft_of_a_real_corpus_loads_and_finds_its_recordings(corpora, tmp_path, folder, recordings, sensors):
    path = tmp_path / "draft.yaml"
    result = CliRunner().invoke(app, ["recipes", "new", "--from", str(corpora / folder), "-o", str(path)])
    assert result.exit_code == 0, result.output
    drafted = load_recipe(path)
    assert len(drafted.units(corpora / folder)) == recordings
    assert {str(rule.sensor) for rule in drafted.definition.channels} == sensors
    checked = CliRunner().invoke(app, ["recipes", "check", str(path), "--root", str(corpora / folder), "--json"])
    unmapped = [channel for channel in json.loads(checked.output)["channels"] if not channel["mapped"]]
    assert unmapped == []


def test_a_file_that_is_there_is_not_overwritten(tree, record, tmp_path):
    (tmp_path / "mine.yaml").write_text("precious")
    root = record("01_1", [("ECG", "mV")])
    result = CliRunner().invoke(app, ["recipes", "new", "--from", str(root), "-o", str(tmp_path / "mine.yaml")])
    assert result.exit_code != 0
    assert (tmp_path / "mine.yaml").read_text() == "precious"
