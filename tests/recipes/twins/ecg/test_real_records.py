"""Recipes of whose corpora single real records are at hand, laid out as the corpus lays them out."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
import wfdb

from biocurate.recipes import load_recipe
from biocurate.recipes.check import check

pytestmark = pytest.mark.corpora


def test_mitdb_record_100(corpora, tmp_path):
    """The database's directory, tables: record 100 has 2,239 normal beats, 33 atrial premature and 1 ventricular."""
    for kind in ("hea", "dat", "atr"):
        shutil.copy(corpora / f"wfdb-samples/100.{kind}", tmp_path)
    recipe = load_recipe("mitdb")
    assert check(recipe, tmp_path).findings == []
    [unit] = recipe.units(tmp_path)
    recording = recipe.read(unit)
    beats = Counter(made.value for made in recording.annotations if made.kind == "beat")
    assert beats == {"N": 2239, "A": 33, "V": 1}
    assert Counter(made.value for made in recording.annotations if made.kind == "aami") == {"N": 2239, "S": 33, "V": 1}
    marks = wfdb.rdann(str(tmp_path / "100"), "atr")
    assert len(marks.symbol) == beats.total() + 1  # and one rhythm, from its first mark on
    assert [made.value for made in recording.annotations if made.kind == "rhythm"] == ["N"]
    assert (recording.age, recording.sex, recording.warnings) == (69, "M", ())
    assert recording.duration_ns == round(650_000 / 360 * 1e9)


@pytest.mark.parametrize(("name", "other", "folder"), [("csn", "cinc2021", "WFDBRecords/20/200")])
def test_a_record_of_csn_is_that_of_the_challenge_of_2021(corpora, tmp_path, name, other, folder):
    """The challenge's JS records are CSN's: same samples, same diagnoses, same person."""
    challenge, csn = load_recipe(other), load_recipe(name)
    theirs = {unit.name: unit for unit in challenge.units(corpora / "cinc2021-12lead") if unit.name.startswith("JS")}
    (tmp_path / folder).mkdir(parents=True)
    for called in theirs:
        for kind in ("hea", "mat"):
            shutil.copy(corpora / f"cinc2021-12lead/{called}.{kind}", tmp_path / folder)
    assert check(csn, tmp_path).findings == []
    ours = csn.units(tmp_path)
    assert {unit.name for unit in ours} == set(theirs) != set()
    for unit in ours:
        assert unit.person == theirs[unit.name].person
        made, known = csn.read(unit), challenge.read(theirs[unit.name])
        assert (made.streams[0].digital == known.streams[0].digital).all()
        kinds = [[each.value for each in read.annotations if each.kind == "dx"] for read in (made, known)]
        assert kinds[0] == kinds[1]


def test_cpsc2018_in_either_form_is_of_the_same_persons(corpora):
    root = corpora / "cpsc2018-12lead"
    persons = {unit.person for unit in load_recipe("cpsc2018").units(root)}
    assert all(person.startswith("cpsc2018/A") for person in persons)
    assert load_recipe("cpsc2018-full").definition.persons.namespace({}) == "cpsc2018"
