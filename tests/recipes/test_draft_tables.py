"""Drafts of tables: what their comment lines, their rows and their names say, and the rate that only a person knows."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.errors import RecipeError, UsageError
from biocurate.formats.source import Source
from biocurate.recipes.catalogue import load_recipe, parse_recipe
from biocurate.recipes.draft import recipe_text, survey
from biocurate.recipes.draft.csv_guess import csv_guess
from biocurate.recipes.todo import todos

ROWS = "".join(f"{n % 7}.5\n" for n in range(30))
BIOSPPY = "# Simple Text Format\n# Sampling Rate (Hz):= 1000.00\n# Resolution:= 12\n# Labels:= ECG\n"
OPENSIGNALS = (
    "# OpenSignals Text File Format\n"
    '# {"00:00": {"sensor": ["ECGBIT"], "column": ["nSeq", "I1", "A2"], "sampling rate": 100, "resolution": [10]}}\n'
    "# EndOfHeader\n"
)


def options(tree, text, name="a.csv"):
    return csv_guess(Source(tree({name: text}), name)).options


def draft(root, tmp_path, **said):
    return parse_recipe(recipe_text("tiny", survey(root, **said)), tmp_path / "tiny.yaml")


def test_biosppys_comment_lines_give_rate_and_names(tree):
    """BioSPPy, `biosppy.storage.store_txt`: a line each for sampling rate, resolution, units and labels."""
    said = options(tree, BIOSPPY.replace(":= ECG", ":= x\ty").replace("12", "12\n# Units:= mV") + "1.5\t2.5\n" * 20)
    wanted = {"comment": "#", "separator": "\t", "header_rows": 0, "columns": ["x", "y"], "rate_hz": 1000, "unit": "mV"}
    assert said == wanted


def test_opensignals_header_gives_rate_and_columns_and_the_counter_is_left_out(tree):
    """OpenSignals (r)evolution file format: JSON in the second line; nSeq counts 0 to 15."""
    rows = "".join(f"{n % 16}\t1\t{500 + n % 3}\t\n" for n in range(40))
    said = options(tree, OPENSIGNALS + rows, "a.txt")
    assert (said["columns"], said["rate_hz"]) == ([None, "I1", "A2", None], 100)


def test_rates_that_contradict_each_other_are_none(tree):
    assert "rate_hz" not in options(tree, "# Sampling rate: 100\n# sampling rate: 200\n" + ROWS)


def test_decimal_commas_between_semicolons(tree):
    said = options(tree, "t;ecg\n" + "".join(f"0,{n:02d};{n},5\n" for n in range(20)))
    assert (said["separator"], said["decimal"], said["time"]["column"]) == (";", ",", "t")


def test_a_column_that_counts_rows_is_left_out_and_told(tree):
    guess = csv_guess(Source(tree({"a.csv": "".join(f"{1000 + n},{n % 5}\n" for n in range(30))}), "a.csv"))
    assert guess.options["columns"] == [None, "column 1"]
    assert "column 0" in guess.notes[0]


def test_a_rate_in_the_names_is_taken_and_asked_about(tree, tmp_path):
    root = tree({"ecg_500hz.csv": "ECG\n" + ROWS, "eog_1000hz.csv": "vEOG\n" + ROWS})
    text = recipe_text("tiny", survey(root))
    assert "ecg: {rate_hz: 500}" in text
    assert "TODO: is `rate_hz` right?" in text
    assert "eog: {rate_hz: 1000}" in text
    assert len(draft(root, tmp_path).units(root)) == 2


def test_signals_without_a_clock_are_no_recording_together(tree, tmp_path):
    root = tree({"ecg.txt": BIOSPPY + ROWS, "ppg.txt": BIOSPPY.replace("ECG", "PPG") + ROWS})
    assert [unit.name for unit in draft(root, tmp_path).units(root)] == ["ecg", "ppg"]


def test_a_rate_by_a_person_finishes_the_draft(tree, tmp_path):
    root = tree({"S1.csv": "ECG\n" + ROWS, "S2.csv": "ECG\n" + ROWS})
    made = draft(root, tmp_path, rate_hz=250)
    [first, _] = made.units(root)
    assert made.read_header(first).signals[0].rate_hz == 250


def test_a_rate_for_files_that_state_theirs_is_refused(record):
    with pytest.raises(UsageError, match="--rate is for tables"):
        survey(record("01_1", [("ECG", "mV")]), rate_hz=100)


def test_a_clock_that_jitters_is_asked_about_and_the_channels_are_drafted(tree):
    rows = "".join(f"{40 * n - (200 if n == 20 else 0)},{n % 5}\n" for n in range(40))
    text = recipe_text("tiny", survey(tree({"S1.csv": "ms,ecg\n" + rows})))
    assert "match: 'ecg', sensor: ECG" in text
    assert "TODO: 1 file cannot be read so" in text


@pytest.mark.parametrize("name", ["x.edf", "x.mat", "x.csv", "x.hea"])
def test_what_cannot_be_read_has_channels_to_fill_in_and_no_words_of_a_library(tree, tmp_path, name):
    text = recipe_text("tiny", survey(tree({name: "1,2\nno such file\n"})))
    assert not re.search(r"channels: *\[\]|pydantic|https?://|validation error", text)
    assert "match: '.*'" in text or name == "x.csv"


def test_the_format_with_the_most_files_is_the_corpus_own(record, tree):
    for number in range(3):
        root = record(f"0{number}_1", [("ECG", "mV")])
    tree({"sample.edf": "x", "README.txt": "1\n2\n"})
    found = survey(root)
    assert (found.reader, found.other_readers) == ("wfdb", {"edf": 1})
    assert found.unread == {".edf": 1, ".txt": 1}
    assert survey(root, only="edf").reader == "edf"
    with pytest.raises(UsageError, match="wfdb"):
        survey(root, only="wfbd")


def test_a_pattern_by_a_person_is_kept_and_the_others_are_told(tree):
    root = tree({f"S{n}.csv": "time,ecg\n" + "".join(f"{i / 10},{i}\n" for i in range(20)) for n in (1, 2)})
    found = survey(root, regex=r"S(?P<subject>1)\.csv")
    assert (found.pattern.paths, found.others[0].paths) == (("S1.csv",), ("S2.csv",))
    with pytest.raises(RecipeError, match="matches"):
        survey(root, regex="nothing")
    with pytest.raises(UsageError, match="regular expression"):
        survey(root, regex="(")


def test_letters_that_tell_numbers_apart_are_of_the_subject(record, tmp_path):
    for name in ("E1", "E2", "JS3"):
        root = record(name, [("ECG", "mV")])
    assert {unit.subject for unit in draft(root, tmp_path).units(root)} == {"E1", "E2", "JS3"}


@pytest.mark.parametrize("folder", ["biosppy", "neurokit", "yasa", "welltory-ppg", "heartpy", "flirt", "muse-eeg-ppg"])
def test_drafts_of_real_tables_say_the_same_twice_and_load(corpora, tmp_path, folder):
    """A draft whose rate a person has to say loads once it is said."""
    texts = []
    for number in range(2):
        path = tmp_path / f"{number}.yaml"
        ends = ["--reader", "csv", "--rate", "100", "--name", "one", "-o", str(path)]
        done = CliRunner().invoke(app, ["recipes", "new", "--from", str(corpora / folder), *ends])
        assert done.exit_code == 0, done.output
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]
    text = texts[0].decode()
    assert not re.search(r"channels: *\[\]|pydantic|https?://|validation error", text)
    assert load_recipe(path).units(corpora / folder)
    assert len(todos(text)) == text.count("TODO")
