"""From file names to recordings."""

from __future__ import annotations

import pickle
import re
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biocurate.errors import RecipeError, SourceError

E4 = {
    "pattern": r"Raw/S(?P<subject>\d\d)(\.zip)?/(?P<signal>EDA|BVP)\.csv",
    "name": "S{subject}",
    "reader": "wfdb",  # units never open a file: any reader will do
    "signals": {"EDA": {}, "BVP": {}},
}


def test_groups_of_the_pattern_say_whose_a_recording_is(recipe, tree):
    root = tree({"02_1.hea": "", "02_2.hea": "", "01_1.hea": "", "notes.txt": ""})
    units = recipe(persons="cohort").units(root)
    assert [unit.recording_id for unit in units] == ["tiny/01_1", "tiny/02_1", "tiny/02_2"]
    last = units[-1]
    assert (last.name, last.subject, last.session, last.run, last.person) == ("02_2", "02", None, "2", "cohort/02")
    assert last.groups == {"subject": "02", "run": "2"}
    assert [(source.virtual, reader) for source, reader, _ in last.files] == [("02_2.hea", "wfdb")]


def test_files_that_differ_in_signal_only_are_one_recording_in_a_folder_and_in_a_zip(recipe, tree):
    root = tree({"Raw/S01/EDA.csv": "", "Raw/S01/BVP.csv": "", "Raw/S01/info.txt": ""})
    with zipfile.ZipFile(root / "Raw/S02.zip", "w") as archive:
        for name in ("EDA.csv", "BVP.csv", "info.txt"):
            archive.writestr(name, "")
    units = recipe(files=E4).units(root)
    assert [unit.recording_id for unit in units] == ["tiny/S01", "tiny/S02"]
    assert [[source.virtual for source, _, _ in unit.files] for unit in units] == [
        ["Raw/S01/BVP.csv", "Raw/S01/EDA.csv"],
        ["Raw/S02.zip/BVP.csv", "Raw/S02.zip/EDA.csv"],
    ]
    assert "signal" not in units[0].groups


def test_an_archive_beside_its_unpacked_folder_is_refused_until_one_is_ignored(recipe, tree):
    root = tree({"Raw/S01/EDA.csv": ""})
    with zipfile.ZipFile(root / "Raw/S01.zip", "w") as archive:
        archive.writestr("EDA.csv", "")
    with pytest.raises(RecipeError, match=r"S01\.zip/EDA\.csv and Raw/S01/EDA\.csv are both tiny/S01"):
        recipe(files=E4).units(root)
    assert len(recipe(files=E4, ignore=[r"Raw/S\d\d\.zip/.*"]).units(root)) == 1


def test_a_signal_without_options_is_refused(recipe, tree):
    root = tree({"Raw/S01/EDA.csv": "", "Raw/S01/BVP.csv": ""})
    with pytest.raises(RecipeError, match="signal 'BVP'"):
        recipe(files={**E4, "signals": {"EDA": {}}}).units(root)


def test_a_root_that_matches_nothing_names_root_pattern_and_the_files_seen(recipe, tree):
    root = tree({f"file{n}.edf": "" for n in range(7)})
    with pytest.raises(RecipeError) as caught:
        recipe().units(root)
    error = str(caught.value)
    assert str(root) in error
    assert r"(?P<subject>\\d\\d)" in error
    assert "file0.edf" in error
    assert "and 2 more" in error


def test_an_empty_root_and_a_missing_root_say_so(recipe, tree, tmp_path):
    with pytest.raises(RecipeError, match="no file at all"):
        recipe().units(tree({}))
    with pytest.raises(RecipeError, match="is no folder"):
        recipe().units(tmp_path / "nowhere")


def test_a_damaged_archive_is_told_apart_from_the_recordings_that_are_there(recipe, tree):
    root = tree({"Raw/S01/EDA.csv": "", "Raw/S02.zip": "this is no archive"})
    problems: list[SourceError] = []
    assert [unit.name for unit in recipe(files=E4).units(root, problems)] == ["S01"]
    assert [problem.where for problem in problems] == ["Raw/S02.zip"]
    with pytest.raises(SourceError):
        recipe(files=E4).units(root)


def test_units_and_recipes_cross_a_process_boundary(recipe, tree):
    made = recipe()
    units = made.units(tree({"01_1.hea": ""}))
    again, recipe_again = pickle.loads(pickle.dumps((units, made)))
    assert again == units
    assert recipe_again.signal_hash == made.signal_hash


def test_an_event_file_beside_a_recording_is_part_of_it(recipe, tree):
    root = tree({"01_1.hea": "", "tags_01.csv": "1\n", "02_1.hea": ""})
    marks = {"from": "events", "file": "tags_{subject}.csv", "onset": {"column": 0, "clock": "unix"}, "value": "mark"}
    first, second = recipe(labels={"mark": marks}).units(root)
    assert [(kind, source.virtual) for kind, source in first.beside.items()] == [("mark", "tags_01.csv")]
    assert second.beside == {}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text(
        alphabet=st.characters(blacklist_characters="/\\\0\n\r", blacklist_categories=["Cs"]), min_size=1, max_size=20
    )
)
def test_ids_have_only_the_letters_that_a_store_takes(recipe, tmp_path_factory, name):
    root = tmp_path_factory.mktemp("names")
    try:
        (root / f"x{name}.hea").write_text("")
    except OSError:
        return
    made = recipe(files={"pattern": r"(?s)(?P<subject>.*)\.hea", "reader": "wfdb"})
    for unit in made.units(root, []):
        assert re.fullmatch(r"[A-Za-z0-9._/-]+", unit.recording_id)
        assert re.fullmatch(r"[A-Za-z0-9._/-]+", unit.person)


@pytest.mark.parametrize(("name", "made"), [("a/../b", "a/-/b"), ("..", "-"), ("a//b", "a/-/b"), ("a b_é", "a-b_-")])
def test_no_step_of_an_id_leads_elsewhere(recipe, tree, name, made):
    files = {"pattern": r"(?P<subject>\d)\.hea", "name": name, "reader": "wfdb"}
    (unit,) = recipe(files=files).units(tree({"1.hea": ""}))
    # What loses letters keeps a hash of them: Müller and Möller stay two.
    assert re.fullmatch(f"tiny/{made}-[0-9a-f]{{12}}", unit.recording_id)


class TestHashes:
    """A change of names or labels must not read samples again; a change of grouping must."""

    CHANNELS = ({"match": "EEG (.*)", "sensor": "EEG"},)

    def test_defaults_written_out_change_no_hash(self, recipe):
        plain = recipe(channels=list(self.CHANNELS))
        spelled = recipe(channels=[{**self.CHANNELS[0], "skip": False, "unit": None}], ignore=[])
        assert (plain.signal_hash, plain.metadata_hash) == (spelled.signal_hash, spelled.metadata_hash)

    @pytest.mark.parametrize(
        "changed",
        [
            {"channels": [{"match": "EEG (.*)", "sensor": "EEG", "unit": "uV", "reference": "A1"}]},
            {"channels": [{"match": "EEG (.*)", "sensor": "EEG"}], "labels": {"c": {"from": "run"}}},
            {"channels": [{"match": "EEG (.*)", "sensor": "EEG"}], "licence": "MIT"},
            {"channels": [{"match": "EEG (.*)", "sensor": "EEG"}], "subject": {"sex": {"from": "run"}}},
        ],
    )
    def test_names_units_labels_and_licence_are_metadata(self, recipe, changed):
        plain, other = recipe(channels=list(self.CHANNELS)), recipe(**changed)
        assert plain.signal_hash == other.signal_hash
        assert plain.metadata_hash != other.metadata_hash

    @pytest.mark.parametrize(
        "changed",
        [
            {"channels": [{"match": "EEG (.*)", "sensor": "EOG"}]},
            {"channels": [{"match": "EEG (.*)", "skip": True}]},
            {"channels": [{"match": "(.*)", "sensor": "EEG"}]},
            {"channels": list(CHANNELS), "files": {"pattern": r"(?P<subject>\d\d)_(?P<run>1)\.hea", "reader": "wfdb"}},
            {
                "channels": list(CHANNELS),
                "files": {
                    "pattern": r"(?P<subject>\d\d)_(?P<run>[12])\.hea",
                    "reader": "wfdb",
                    "options": {"missing_segments": "refuse"},
                },
            },
        ],
    )
    def test_grouping_reader_and_options_are_of_the_signals(self, recipe, changed):
        assert recipe(channels=list(self.CHANNELS)).signal_hash != recipe(**changed).signal_hash

    @pytest.mark.parametrize("field", ["title", "citation", "url"])
    def test_what_ends_in_no_row_is_in_no_hash(self, recipe, field):
        plain, other = recipe(), recipe(**{field: "something else"})
        assert (plain.signal_hash, plain.metadata_hash) == (other.signal_hash, other.metadata_hash)
