"""A web page, a word in a column of numbers: "It changed less than a minute ago" came first, and hid the mend."""

import pickle

import pytest

from biocurate.engine import InProcess
from biocurate.errors import SourceError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe, parse_recipe
from biocurate.store.store import create_store

RECENT = "less than a minute ago"

RECIPE = """
name: rows
title: Rows of text
licence: CC0-1.0
access: open
citation: none
url: https://example.org
files:
  pattern: '(?P<subject>\\w+)\\.csv'
  reader: csv
  options: {rate_hz: 4, unit: {ecg: mV}}
channels:
  - {match: ecg, sensor: ECG}
  - {match: x, skip: true}
"""


def failure_of(recipe, root, tmp_path):
    store = create_store(str(tmp_path / "store"))
    [failure] = ingest(make_plan(recipe, root, store), InProcess(), store).failures
    return failure


def failure_of_rows(text, tmp_path):
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows/a.csv").write_text(text)
    return failure_of(parse_recipe(RECIPE, tmp_path / "rows.yaml"), tmp_path / "rows", tmp_path)


def test_what_no_missing_byte_explains_keeps_its_own_mend(corpus, tmp_path):
    (corpus.root / "s02_task.edf").write_bytes(b"<!DOCTYPE html><html>" + bytes(300))
    failure = failure_of(load_recipe(corpus.recipe), corpus.root, tmp_path)
    assert (failure["error"], "web page" in failure["message"]) == ("SourceError", True)
    assert RECENT not in failure["mend"]


@pytest.mark.parametrize("content", [b"", b"0       " + b" " * 100])
def test_what_is_cut_off_is_said_to_be_so_first(corpus, tmp_path, content):
    (corpus.root / "s02_task.edf").write_bytes(content)
    failure = failure_of(load_recipe(corpus.recipe), corpus.root, tmp_path)
    assert failure["error"] == "IncompleteError"
    assert RECENT in failure["mend"] and not failure["mend"].startswith("It changed")


def test_a_word_where_a_number_should_be(tmp_path):
    failure = failure_of_rows("ecg\n1\n2\nthree\n", tmp_path)
    assert failure["error"] == "SourceError"
    assert failure["mend"].startswith("Mend or delete that line")
    assert RECENT not in failure["mend"]


def test_a_row_of_units_under_the_names_is_named_with_its_option(tmp_path):
    failure = failure_of_rows("ecg\nmV\n1\n2\n", tmp_path)
    assert failure["message"] == "line 2, column 'ecg' is no number."
    assert "`units_row`" in failure["mend"]


@pytest.mark.parametrize("text", ["ecg,x\n1,2\n3,{}\n", "ecg,x\n1,{}\n", "ecg,{}\n1,2\n"])
def test_a_cell_of_megabytes_is_told_of_as_a_fault_of_the_file(tmp_path, text):
    failure = failure_of_rows(text.format('"' + "q" * 5_000_000 + '"'), tmp_path)
    assert failure["error"] == "SourceError"
    assert "letters" in failure["message"] or "does not end within" in failure["message"]


def test_the_mark_survives_a_process_boundary():
    error = pickle.loads(pickle.dumps(SourceError("is empty.", where="a", unfinished=True)))
    assert (error.unfinished, str(error)) == (True, "a: is empty.")
