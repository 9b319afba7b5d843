"""An annotation file whose signal file was missing became a recording without a stream, and nobody was told."""

from __future__ import annotations

from datetime import date

import edfio
import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recipes.check import check
from biocurate.recipes.partners import partners_of
from biocurate.store.store import create_store

AT = edfio.Recording(startdate=date(2018, 1, 1))
LONE = {
    "sleep-edf": ("SC4001EC-Hypnogram.edf", "PSG"),
    "hmc": ("SN001_sleepscoring.edf", "the one without '_sleepscoring' in its name"),
}


def write(path, signals=()):
    marks = [edfio.EdfAnnotation(0, 30, "Sleep stage W")]
    edfio.Edf(list(signals), recording=AT, annotations=marks).write(path)


@pytest.mark.parametrize("name", LONE)
def test_it_is_a_failure_that_names_what_is_missing_until_that_is_there(tmp_path, name):
    root = tmp_path / "raw"
    root.mkdir()
    file, missing = LONE[name]
    write(root / file)
    recipe, store = load_recipe(name), create_store(str(tmp_path / "store"))
    outcome = ingest(make_plan(recipe, root, store), InProcess(), store)
    assert outcome.recordings == 0
    [failure] = outcome.failures
    assert failure["source"] == file
    assert failure["message"] == f"holds no signal, and the file that has them is missing: {missing}."
    assert store.recordings.collect().height == 0
    assert any(missing in finding for finding in check(recipe, root).findings)


def test_once_the_night_is_there_both_are_one_recording(tmp_path):
    root = tmp_path / "raw"
    root.mkdir()
    write(root / "SC4001EC-Hypnogram.edf")
    recipe, store = load_recipe("sleep-edf"), create_store(str(tmp_path / "store"))
    ingest(make_plan(recipe, root, store), InProcess(), store)
    signal = edfio.EdfSignal(np.arange(6000.0), 100, label="EEG Fpz-Cz", physical_dimension="uV")
    write(root / "SC4001E0-PSG.edf", [signal])
    outcome = ingest(make_plan(recipe, root, store), InProcess(), store)
    assert (outcome.recordings, outcome.failures) == (1, [])
    assert store.failures.collect().height == 0


def test_a_file_of_annotations_that_joins_no_other_is_a_recording_with_a_warning(tmp_path):
    """Nobody said that it belongs to a signal; the issue asks that nothing is silent."""
    root = tmp_path / "raw"
    root.mkdir()
    write(root / "01.edf")
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(
        "{name: tiny, title: x, licence: x, access: open, citation: x, url: x,"
        " files: {pattern: '(?P<subject>..).edf', reader: edf}}"
    )
    made = load_recipe(recipe)
    said = made.read(made.units(root)[0]).warnings
    assert "it holds no signal that the recipe reads: there are labels at most" in said


@pytest.mark.parametrize(
    ("name", "partners"),
    [
        ("sleep-edf", ("PSG", "Hypnogram")),
        ("hmc", ("", "_sleepscoring")),
        ("stress-predict", ("ACC", "BVP", "EDA", "HR", "TEMP")),
        ("eegmat", ()),
    ],
)
def test_the_recipe_says_which_files_make_a_recording(name, partners):
    assert set(partners_of(load_recipe(name).definition)) == set(partners)
