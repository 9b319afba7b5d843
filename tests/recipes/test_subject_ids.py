"""Whose a recording is: by its name, or by a table; what no table knows is refused, as it might leak."""

from __future__ import annotations

import pytest

from biocurate.engine import InProcess
from biocurate.errors import RecipeError, SourceError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes.check import check
from biocurate.store.store import create_store

FILES = {"pattern": r"(?P<ecg>\d\d)\.hea", "reader": "wfdb"}
ID = {"from": "table", "file": "people.csv", "key": {"column": "ecg", "group": "name"}, "column": "patient"}
CHANNELS = [{"match": "II", "sensor": "ECG"}]


@pytest.fixture
def joined(recipe):
    """A recipe whose names of files say nothing of persons."""
    return lambda **said: recipe(files=FILES, channels=CHANNELS, subject={"id": {**ID, **said}})


@pytest.fixture
def three(record, tree):
    """Three recordings, two of them of patient 7."""
    for name in ("01", "02", "03"):
        record(name, [("II", "mV")])
    return tree({"people.csv": "ecg,patient\n01,7.0\n02,7.0\n03,8.0\n"})


def persons(made, root, problems=None):
    return {unit.name: (unit.subject, unit.person) for unit in made.units(root, problems)}


def test_recordings_of_one_patient_in_a_table_are_one_persons(joined, three):
    assert persons(joined(match=r"(\d+)\.0"), three) == {
        "01": ("7", "tiny/7"),
        "02": ("7", "tiny/7"),
        "03": ("8", "tiny/8"),
    }


def test_an_id_stands_for_another_where_two_are_one_person(recipe, three):
    made = recipe(
        files={**FILES, "pattern": r"(?P<subject>\d\d)\.hea"},
        subject={"id": {"from": "subject", "replace": {"02": "01"}}},
    )
    assert persons(made, three) == {"01": ("01", "tiny/01"), "02": ("01", "tiny/01"), "03": ("03", "tiny/03")}


@pytest.mark.parametrize(
    ("rows", "why"),
    [("01,7\n02,7\n", "no id"), ("01,7\n02,7\n03,\n", "no id"), ("01,7\n02,7\n03,8\n03,9\n", "several ids")],
    ids=["no row", "an empty cell", "two rows that differ"],
)
def test_a_recording_whose_person_is_not_known_is_refused(joined, three, tree, rows, why):
    """A person made up for it could be one who is in the other half of a split."""
    tree({"people.csv": f"ecg,patient\n{rows}"})
    with pytest.raises(SourceError, match=why) as caught:
        joined().units(three)
    assert caught.value.where == "03.hea"
    problems = []
    assert set(persons(joined(), three, problems)) == {"01", "02"}
    assert len(problems) == 1


def test_the_same_id_in_two_rows_is_one(joined, three, tree):
    tree({"people.csv": "ecg,patient\n01,7\n02,7\n03,8\n03,8\n"})
    assert persons(joined(), three)["03"] == ("8", "tiny/8")


def test_a_refused_recording_is_a_failure_and_a_finding_and_the_others_go_in(joined, three, tree, tmp_path):
    tree({"people.csv": "ecg,patient\n01,7\n02,7\n04,9\n"})
    store = create_store(str(tmp_path / "store"))
    outcome = ingest(make_plan(joined(), three, store), InProcess(), store)
    assert outcome.recordings == 2
    [failure] = store.failures.collect().rows(named=True)
    assert failure["source"] == "03.hea"
    assert "whose it is, is not known" in failure["message"]
    report = check(joined(), three)
    assert [finding for finding in report.findings if "whose it is" in finding]
    assert "people.csv: rows of 1 that no recording has: 04" in report.notes


def test_a_check_says_once_what_all_files_share(joined, three, tree):
    tree({"people.csv": "ecg,patient\n"})
    report = check(joined(), three)
    assert len(report.findings) == 1
    assert report.findings[0].endswith("So have 2 more.")
    assert (report.recordings, report.subjects) == (0, 0)


def test_a_table_that_is_mended_moves_recordings_to_their_person(joined, three, tree, tmp_path):
    """The table is part of the metadata revision: a changed id gives the rows anew."""
    store = create_store(str(tmp_path / "store"))

    def stored():
        ingest(make_plan(joined(), three, store), InProcess(), store)
        return dict(store.recordings.select("recording_id", "person").collect().iter_rows())

    assert stored()["tiny/03"] == "tiny/8.0"
    tree({"people.csv": "ecg,patient\n01,7.0\n02,7.0\n03,7.0\n"})
    assert stored()["tiny/03"] == "tiny/7.0"


def test_without_the_table_nothing_is_read(joined, record):
    with pytest.raises(RecipeError, match="not there"):
        joined().units(record("01", [("II", "mV")]))


def test_an_id_may_not_join_by_a_group_that_the_pattern_has_not(joined):
    with pytest.raises(RecipeError, match=r"subject\.id"):
        joined(key={"column": "ecg", "group": "egc"})


def test_an_age_of_300_is_over_89(recipe, record, tree):
    """PTB-XL writes 300 for patients over 89."""
    record("01", [("II", "mV")])
    root = tree({"people.csv": "ecg,patient\n01,300\n"})
    made = recipe(files=FILES, channels=CHANNELS, subject={"age": {**ID, "replace": {300: ">89"}}})
    [unit] = made.units(root)
    assert made.read(unit).age == 90


def test_several_columns_hold_a_label_each(recipe, record, tree):
    record("01", [("II", "mV")])
    root = tree({"people.csv": "ecg,first,second,third\n01,1,,2\n"})
    said = {key: value for key, value in ID.items() if key != "column"}
    label = {**said, "columns": ["first", "second", "third"], "map": {1: "normal", 2: "AF"}}
    made = recipe(files=FILES, channels=CHANNELS, labels={"dx": label})
    [unit] = made.units(root)
    assert [each.value for each in made.read(unit).annotations] == ["AF", "normal"]
    with pytest.raises(RecipeError, match="`column` and `columns`"):
        recipe(labels={"dx": {**label, "column": "first"}})


def test_a_number_stands_beside_a_label(recipe, record, tree):
    """PTB-XL: a Python dict of statements and their likelihood."""
    record("01", [("II", "mV")])
    root = tree({"people.csv": "ecg,patient\n01,\"{'NORM': 80.0, 'SR': 0.0}\"\n"})
    label = {**ID, "split": ",", "match": r"[{]?'(?P<value>\w+)': (?P<number>[\d.]+)[}]?"}
    made = recipe(files=FILES, channels=CHANNELS, labels={"scp": label})
    [unit] = made.units(root)
    assert [(each.value, each.number) for each in made.read(unit).annotations] == [("NORM", 80.0), ("SR", 0.0)]
