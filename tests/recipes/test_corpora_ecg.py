"""The recipes of the 12-lead and Holter ECG challenges on their real files; labels against the headers' own lines."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import wfdb

from biocurate.recipes import load_recipe
from biocurate.recipes.check import check
from biocurate.recipes.codes import code_map

pytestmark = pytest.mark.corpora

FOLDERS = {"cpsc2018": "cpsc2018-12lead", "cinc2021": "cinc2021-12lead", "cpsc2021": "cpsc2021-af"}


@pytest.fixture
def corpus(corpora):
    """Recipe and root of one corpus."""
    return lambda name: (load_recipe(name), corpora / FOLDERS[name])


def comment(path, key):
    """What follows ``#Dx:`` and the like, by a reading of the text that knows nothing of WFDB."""
    for line in path.read_text().splitlines():
        if line.startswith("#") and line.lstrip("# ").startswith(f"{key}:"):
            return line.partition(":")[2].strip()
    raise AssertionError(f"{path} has no {key}")


def said(recording, kind):
    return [made.value for made in recording.annotations if made.kind == kind]


@pytest.mark.parametrize(
    ("name", "recordings", "subjects"), [("cpsc2018", 57, 57), ("cinc2021", 26, 26), ("cpsc2021", 12, 4)]
)
def test_recipe_and_corpus_agree(corpus, name, recordings, subjects):
    recipe, root = corpus(name)
    report = check(recipe, root)
    assert (report.recordings, report.subjects) == (recordings, subjects)
    assert report.findings == []
    assert report.unread.keys() <= {".md"}
    assert not any("no comment says it" in note for note in report.notes)


@pytest.mark.parametrize("name", ["cpsc2018", "cinc2021"])
def test_every_diagnosis_age_and_sex_is_that_of_the_header(corpus, name):
    recipe, root = corpus(name)
    codes, own = code_map("snomed-cinc2021/1").map, recipe.definition.labels["dx"].map
    raw = {"cpsc2018": "dx_code", "cinc2021": "snomed"}[name]
    for unit in recipe.units(root):
        header = root / f"{unit.name}.hea"
        recording = recipe.read(unit)
        written = comment(header, "Dx").split(",")
        assert sorted(said(recording, raw)) == sorted(written)
        assert sorted(said(recording, "dx")) == sorted(own[code] for code in written)
        assert name == "cpsc2018" or sorted(said(recording, "dx")) == sorted(codes[code] for code in written)
        assert recording.age == float(comment(header, "Age"))
        assert recording.sex == comment(header, "Sex")[0]
        assert recording.warnings == ()


@pytest.mark.parametrize("name", ["cpsc2018", "cinc2021", "cpsc2021"])
def test_integers_and_millivolts_are_those_of_wfdb(corpus, name):
    recipe, root = corpus(name)
    for unit in recipe.units(root)[::5]:
        (ecg,) = recipe.read(unit).streams
        path = str(root / unit.name)
        np.testing.assert_array_equal(ecg.digital, wfdb.rdrecord(path, physical=False).d_signal.T)
        np.testing.assert_allclose(ecg.physical, wfdb.rdrecord(path).p_signal.T, atol=1e-9)


@pytest.mark.parametrize("name", ["cpsc2018", "cinc2021"])
def test_a_matlab_v4_file_is_format_16_after_24_bytes(corpus, name):
    """header(5), byte offset: a level 4 MAT-file's head of 20 bytes and the name ``val`` with its zero byte."""
    from scipy.io import loadmat

    recipe, root = corpus(name)
    unit = recipe.units(root)[-1]
    np.testing.assert_array_equal(recipe.read(unit).streams[0].digital, loadmat(root / f"{unit.name}.mat")["val"])


def test_ptb_xls_mv_is_read_as_millivolts_and_each_record_says_its_database(corpus):
    recipe, root = corpus("cinc2021")
    found = {unit.name: recipe.read(unit) for unit in recipe.units(root)}
    assert Counter(value for recording in found.values() for value in said(recording, "database")) == {
        "Georgia": 10,
        "PTB-XL": 6,
        "Chapman-Shaoxing-Ningbo": 10,
    }
    assert {channel.unit for channel in found["HR06000"].streams[0].channels} == {"mv"}
    assert abs(found["HR06000"].streams[0].physical).max() < 5


def test_persons_are_those_of_the_corpora_that_the_records_are_from(corpus):
    recipe, root = corpus("cinc2021")
    assert {unit.person.partition("/")[0] for unit in recipe.units(root) if unit.name.startswith("JS")} == {"csn"}
    assert {unit.person.partition("/")[0] for unit in recipe.units(root) if unit.name.startswith("HR")} == {"cinc2021"}


class TestCpsc2021:
    def test_beats_and_rhythms_are_those_of_wfdb(self, corpus):
        recipe, root = corpus("cpsc2021")
        for unit in recipe.units(root):
            recording = recipe.read(unit)
            marks = wfdb.rdann(str(root / unit.name), "atr")
            both = list(zip(marks.sample.tolist(), marks.symbol, marks.aux_note, strict=True))
            beats = [(made.onset_ns, made.value) for made in recording.annotations if made.kind == "beat"]
            assert beats == [(sample * 5_000_000, symbol) for sample, symbol, _ in both if symbol != "+"]
            changes = [(made.onset_ns, f"({made.value}") for made in recording.annotations if made.kind == "rhythm"]
            assert changes == [(sample * 5_000_000, note) for sample, symbol, note in both if symbol == "+"]

    def test_the_diagnosis_is_the_headers_and_the_rhythms_bear_it_out(self, corpus):
        recipe, root = corpus("cpsc2021")
        for unit in recipe.units(root):
            recording = recipe.read(unit)
            (diagnosis,) = said(recording, "diagnosis")
            written = (root / f"{unit.name}.hea").read_text()
            assert {"non-AF": "# non ", "paroxysmal AF": "# paroxysmal ", "persistent AF": "# persistent "}[
                diagnosis
            ] in written
            flutter = sum(made.duration_ns for made in recording.annotations if made.value == "AFIB")
            share = flutter / recording.duration_ns
            # docs/decisions/recipe-blind.md: a record without episodes has no rhythm mark at all
            assert {"non-AF": share == 0, "paroxysmal AF": 0 < share < 1, "persistent AF": share > 0.999}[diagnosis]
            assert ("rhythm" in {made.kind for made in recording.annotations}) == (diagnosis != "non-AF")

    def test_parts_of_one_patient_are_one_person(self, corpus):
        recipe, root = corpus("cpsc2021")
        assert Counter(unit.person for unit in recipe.units(root)) == {
            "cpsc2021/101": 3,
            "cpsc2021/21": 3,
            "cpsc2021/35": 3,
            "cpsc2021/84": 3,
        }
