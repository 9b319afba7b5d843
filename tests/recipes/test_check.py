"""`recipes check`: what a recipe finds in a corpus, and where the two contradict each other."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from biocurate.cli import recipes as cli
from biocurate.recipes.check import check

SIGNALS = [("ECG", "mV")]
ECG = {"match": "ECG", "sensor": "ECG"}


def test_what_agrees_has_counts_and_no_finding(recipe, record, tree):
    root = record("01_1", SIGNALS)
    record("01_2", SIGNALS)
    record("02_1", SIGNALS)
    tree({"notes.txt": "", "more.txt": "", "plot.png": ""})
    made = recipe(
        channels=[ECG],
        labels={"condition": {"from": "run", "map": {1: "rest", 2: "task"}}},
        ignore=[r".*\.png"],
        expect={"subjects": 3, "recordings": 6, "rate_hz": 4, "channels": {"ECG": 1}},
    )
    report = check(made, root)
    assert (report.recordings, report.subjects, report.unread, report.findings) == (3, 2, {".txt": 2}, [])
    (channel,) = report.channels
    assert (channel.label, channel.sensor_type, channel.unit, channel.rate_hz, channel.recordings) == (
        "ECG",
        "ECG",
        "mV",
        4.0,
        3,
    )
    assert [(label.value, label.count) for label in report.labels] == [("rest", 2), ("task", 1)]
    assert report.notes == ["2 of 3 subjects", "3 of 6 recordings"]


@pytest.mark.parametrize(
    ("expect", "finding"),
    [
        ({"subjects": 1}, "2 of 1 subjects"),
        ({"recordings": 1}, "2 of 1 recordings"),
        ({"rate_hz": 500}, "ECG at 4 Hz, not 500: 2 recordings (01_1, 02_1)"),
        ({"rate_hz": {"EKG": 8}}, "ECG at 4 Hz, not 8: 2 recordings (01_1, 02_1)"),
        ({"channels": {"ECG": 12}}, "1 ECG channels, not 12: 2 recordings (01_1, 02_1)"),
        ({"channels": {"PPG": 1}}, "0 PPG channels, not 1: 2 recordings (01_1, 02_1)"),
    ],
)
def test_more_than_published_and_other_rates_or_channels_are_findings(recipe, record, expect, finding):
    root = record("01_1", SIGNALS)
    record("02_1", SIGNALS)
    assert check(recipe(channels=[ECG], expect=expect), root).findings == [finding]


def test_unmapped_channels_unknown_units_and_equal_names_are_findings(recipe, record):
    root = record("01_1", [("ECG", "mV"), ("Thing", "furlong"), ("a", "uV"), ("b", "uV")])
    rules = [ECG, {"match": "[ab]", "sensor": "EEG", "name": "Cz"}]
    assert check(recipe(channels=rules), root).findings == [
        "channel 'Thing' matches no rule; it would be read as MISC: 1 recordings (01_1)",
        "channel 'Thing': no unit of MISC is 'furlong': 1 recordings (01_1)",
        "2 EEG channels are called 'Cz': 1 recordings (01_1)",
    ]


def test_a_header_that_cannot_be_read_is_a_finding_and_the_others_are_counted(recipe, record, tree):
    root = record("01_1", SIGNALS)
    tree({"02_1.hea": "not a header"})
    report = check(recipe(channels=[ECG]), root)
    assert report.recordings == 2
    assert report.channels[0].recordings == 1
    (finding,) = report.findings
    assert finding.startswith("02_1: ")


def test_keys_that_one_side_lacks_are_notes_and_unknown_values_findings(recipe, record, tree):
    root = record("01_1", SIGNALS)
    record("02_1", SIGNALS)
    tree({"info.csv": "ID,Group\n01,a\n03,a\n04,zzz\nx,a\n"})
    group = {
        "from": "table",
        "file": "info.csv",
        "key": {"column": "ID", "normalise": r"\d\d"},
        "column": "Group",
        "map": {"b": "B"},
    }
    report = check(recipe(channels=[ECG], labels={"group": group}), root)
    assert report.notes == [
        "info.csv: 1 rows have no key in the form that the recipe states",
        "info.csv: no row for 1 of 2: 02",
        "info.csv: rows of 2 that no recording has: 03, 04",
    ]
    assert report.findings == ["labels.group: 1 values the recipe does not know, such as 'a'"]


def run(*arguments):
    return CliRunner().invoke(cli.app, list(map(str, arguments)))


def test_list_shows_what_comes_with_the_program():
    rows = json.loads(run("list", "--json").stdout)
    by_name = {row["name"]: row for row in rows}
    assert {"eegmat", "ludb", "stress-predict"} <= by_name.keys()
    assert by_name["eegmat"]["format"] == "edf"
    assert by_name["eegmat"]["sensors"] == ["ECG", "EEG"]
    assert by_name["ludb"]["recordings"] == 200
    assert "eegmat" in run("list").stdout


def test_show_prints_the_text_or_the_fields(recipe_file):
    path = recipe_file()
    assert run("show", path).stdout == path.read_text()
    fields = json.loads(run("show", path, "--json").stdout)
    assert fields["files"]["reader"] == "wfdb"
    assert re.fullmatch(r"[0-9a-f]{64}", fields["signal_hash"])


def test_check_exits_0_where_recipe_and_corpus_agree_and_1_where_not(recipe_file, record):
    root = record("01_1", SIGNALS)
    agreed = run("check", recipe_file(channels=[ECG]), "--root", root)
    assert (agreed.exit_code, "The recipe and the corpus agree." in agreed.stdout) == (0, True)
    against = run("check", recipe_file(channels=[ECG], expect={"rate_hz": 500}), "--root", root)
    assert (against.exit_code, "ECG at 4 Hz, not 500" in against.stdout) == (1, True)
    report = json.loads(run("check", recipe_file(channels=[ECG]), "--root", root, "--json").stdout)
    assert (report["recordings"], report["findings"]) == (1, [])
    assert run("check", recipe_file()).exit_code == 0
