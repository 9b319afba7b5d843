"""A recipe with a mistake is refused with file, line, field, and the nearest name that would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biocurate.errors import RecipeError
from biocurate.recipes import load_recipe
from biocurate.recipes.catalogue import recipe_folder

HEAD = """name: tiny
title: A tiny corpus
licence: CC0-1.0
access: open
citation: none
url: https://example.org
files:
  pattern: '(?P<subject>\\d\\d)_(?P<run>[12])\\.hea'
  reader: wfdb
"""


def refused(path: Path) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    return caught.value


def test_a_recipe_without_a_mistake_is_read(recipe_file):
    loaded = load_recipe(recipe_file(HEAD))
    assert (loaded.name, loaded.readers, loaded.licence, loaded.access) == ("tiny", ["wfdb"], "CC0-1.0", "open")


@pytest.mark.parametrize(
    ("added", "line", "field", "nearest"),
    [
        ("chanels:\n  - {match: EEG, sensor: EEG}\n", 10, "chanels", "'channels'"),
        ("channels:\n  - {match: x, sensor: ECG}\n  - {match: y, sensr: ECG}\n", 12, "channels[1].sensr", "'sensor'"),
        ("labels:\n  condition:\n    from: run\n    mapp: {1: rest}\n", 13, "labels.condition.mapp", "'map'"),
        ("labels:\n  condition:\n    from: tabel\n", 12, "labels.condition.from", "'table'"),
        (
            "labels:\n  c:\n    from: table\n    file: a.csv\n    colum: x\n    key: {column: y}\n",
            14,
            "colum",
            "'column'",
        ),
        ("expect:\n  subjets: 3\n", 11, "expect.subjets", "'subjects'"),
        ("  options:\n    annotatrs: {}\n", 11, "files.options.annotatrs", "'annotators'"),
        ("subject:\n  aeg: {from: header}\n", 11, "subject.aeg", "'age'"),
    ],
)
def test_an_unknown_name_is_refused_with_its_line_and_the_nearest_allowed(recipe_file, added, line, field, nearest):
    path = recipe_file(HEAD + added)
    error = str(refused(path))
    assert f"{path}" in error
    assert f"line {line}" in error
    assert field in error
    assert f"Did you mean {nearest}" in error
    assert "Allowed:" in error


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("access: open", "access: opne", 4, "Did you mean 'open'"),
        ("reader: wfdb", "reader: wfbd", 9, "Did you mean 'wfdb'"),
        ("[12]", "[12", 8, "no regular expression"),
        ("licence: CC0-1.0\n", "", 1, "the field is missing"),
        ("name: tiny", "name: Tiny Corpus", 1, "name"),
        ("title: A tiny", "name: again\ntitle: A tiny", 2, "stands twice"),
        ("title: A tiny", "title: [A tiny", 3, "not YAML"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line(recipe_file, old, new, line, said):
    error = str(refused(recipe_file(HEAD.replace(old, new))))
    assert f"line {line}" in error
    assert said in error


def test_a_wrong_sensor_type_is_refused_with_the_nearest(recipe_file):
    error = str(refused(recipe_file(HEAD + "channels:\n  - {match: x, sensor: PPPG}\n")))
    assert "line 11, channels[0].sensor" in error
    assert "Did you mean 'PPG'" in error


def test_several_mistakes_are_told_at_once(recipe_file):
    error = str(refused(recipe_file(HEAD.replace("open", "shut") + "chanels: []\n")))
    assert "2 fields" in error
    assert "line 4" in error
    assert "line 10" in error


def test_the_line_of_a_field_that_was_merged_in_is_found(recipe_file):
    labels = "labels:\n  a:\n    <<: &t\n      from: table\n      file: a.csv\n      kye: {column: x}\n    column: y\n"
    assert "line 15, labels.a.kye" in str(refused(recipe_file(HEAD + labels)))


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "true"])
def test_words_that_yaml_takes_for_booleans_are_refused_and_not_compared_as_True(recipe_file, word):
    error = str(refused(recipe_file(HEAD + f"labels:\n  c: {{from: run, map: {{{word}: a}}}}\n")))
    assert "quote the word" in error


@pytest.mark.parametrize(
    "label",
    [
        "{from: group}",
        "{from: group, group: runn}",
        "{from: session}",
        "{from: table, file: a.csv, column: x, key: {column: y, group: sbject}}",
        "{from: intervals, file: a.csv, key: {column: y}, onset: {column: t, clock: unix}, column: x}",
        "{from: events, file: a.csv, onset: {column: t, clock: unix}}",
        "{from: events, file: a.csv, onset: {column: t, clock: unix}, column: x, value: y}",
        "{from: events, file: 'tags_{sub}.csv', onset: {column: t, clock: unix}, value: y}",
        "{from: events, file: 'tags_{subject!r}.csv', onset: {column: t, clock: unix}, value: y}",
    ],
)
def test_a_label_that_contradicts_itself_or_the_pattern_is_refused(recipe_file, label):
    refused(recipe_file(HEAD + f"labels:\n  c: {label}\n"))


@pytest.mark.parametrize("file", ["../a.csv", "/etc/passwd", "x/../../a.csv", "C:\\a.csv", "..\\a.csv", ""])
def test_a_table_outside_the_root_is_refused_when_the_recipe_is_read(recipe_file, file):
    error = str(
        refused(recipe_file(HEAD + f"labels:\n  c: {{from: table, file: '{file}', column: x, key: {{column: y}}}}\n"))
    )
    assert "line 11, labels.c.file" in error


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text", "# nothing\n"])
def test_what_is_no_mapping_is_no_recipe(tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    assert "mapping" in str(refused(tmp_path / "a.yaml"))


def test_a_missing_file_and_an_unknown_name_say_so(tmp_path):
    assert "No such file" in str(refused(tmp_path / "none.yaml"))
    with pytest.raises(RecipeError, match="Did you mean 'eegmat'"):
        load_recipe("egmat")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_damage_to_a_recipe_shows_as_anything_but_a_recipe_error(tmp_path, data):
    """Any one character of a real recipe replaced: it is either still valid, or refused in words."""
    text = (recipe_folder() / "ludb.yaml").read_text()
    place = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from([*" :{}[]'\"-#&*<\n\tx0(", "\x00", "é", ""]))
    path = tmp_path / "damaged.yaml"
    path.write_text(text[:place] + put + text[place + 1 :])
    try:
        load_recipe(path)
    except RecipeError as error:
        assert "damaged.yaml" in str(error)
