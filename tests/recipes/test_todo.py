"""What is left to be said in a recipe is listed with its line; until then it is not said to agree."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from biocurate.cli import recipes as cli
from biocurate.recipes.check import check
from biocurate.recipes.todo import todos

ECG = {"match": "ECG", "sensor": "ECG"}


def run(*arguments):
    return CliRunner().invoke(cli.app, list(map(str, arguments)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("licence: unknown   # TODO: SPDX name", "licence: SPDX name"),
        ("# mains_hz: 50     # TODO: 50 or 60", "mains_hz: 50 or 60"),
        ("  # TODO: whose?", "whose?"),
        ("  - {match: 'Gizmo', sensor: MISC}   # TODO: what is it?", "'Gizmo': what is it?"),
        ("licence: unknown", "licence: it is still unknown"),
        ("url: 'unknown'   # by nobody", "url: it is still unknown"),
    ],
)
def test_a_place_is_told_with_its_line(line, said):
    assert todos(f"name: tiny\n{line}\n") == [(2, said)]


@pytest.mark.parametrize("line", ["licence: CC0-1.0", "# nothing to do", "labels: {}", "title: The unknown"])
def test_what_is_said_is_no_place(line):
    assert todos(line) == []


def test_a_recipe_that_is_not_finished_is_not_said_to_agree(recipe_file, record):
    root = record("01_1", [("ECG", "mV")])
    path = recipe_file(channels=[ECG], licence="unknown")
    path.write_text(path.read_text() + "labels: {}   # TODO: from where?\n")
    done = run("check", path, "--root", root)
    assert done.exit_code == 1
    assert "agree" not in done.stdout
    assert "line 3: licence: it is still unknown" in done.stdout
    assert "labels: from where?" in done.stdout
    report = json.loads(run("check", path, "--root", root, "--json").stdout)
    assert [said for _, said in report["todo"]] == ["licence: it is still unknown", "labels: from where?"]
    assert run("check", path).exit_code == 1


def test_a_draft_without_a_rate_names_the_line_and_what_is_left(tree, tmp_path):
    root = tree({"S1.csv": "ECG\n" + "1\n2\n" * 20, "S2.csv": "ECG\n" + "1\n2\n" * 20})
    path = tmp_path / "draft.yaml"
    assert run("new", "--from", root, "-o", path).exit_code == 0
    [line] = [number for number, text in enumerate(path.read_text().splitlines(), 1) if "rate_hz: null" in text]
    from biocurate.errors import RecipeError

    error = run("check", path, "--root", root).exception
    assert isinstance(error, RecipeError)
    assert f"line {line}, files.options: says neither `rate_hz` nor `time`" in str(error)
    assert "TODO" in error.mend
    path.write_text(path.read_text().replace("rate_hz: null", "rate_hz: 250"))
    assert "250" in run("check", path, "--root", root).stdout


def test_rates_that_jitter_are_one_row_and_others_are_not(recipe, tree, record):
    root = record("01_1", [("ECG", "mV")])
    for name, rate in (("02_1", "4.1"), ("03_1", "4.05"), ("04_1", "8")):
        record(name, [("ECG", "mV")])
        header = root / f"{name}.hea"
        header.write_text(header.read_text().replace(f"{name} 1 4 16", f"{name} 1 {rate} 16"))
    channels = check(recipe(channels=[ECG]), root).channels
    assert [(one.rate_hz, one.rate_max_hz, one.recordings) for one in channels] == [(4, 4.1, 3), (8, 8, 1)]
