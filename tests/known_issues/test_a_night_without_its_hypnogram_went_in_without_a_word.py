"""A PSG whose hypnogram was missing was stored without a label, and nothing told that there should be some."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import edfio
import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe, parse_recipe
from biocurate.store.store import create_store

AT = edfio.Recording(startdate=date(2018, 1, 1))
NIGHTS = {
    "sleep-edf": ("SC4001E0-PSG.edf", "SC4001EC-Hypnogram.edf", "lacks Hypnogram:"),
    "hmc": ("SN001.edf", "SN001_sleepscoring.edf", "lacks _sleepscoring:"),
}


def write(path, n=6000, marks=()):
    signals = [edfio.EdfSignal(np.arange(float(n)), 100, label="EEG Fpz-Cz", physical_dimension="uV")] if n else []
    edfio.Edf(signals, recording=AT, annotations=marks).write(path)


def warnings(recipe, root, store):
    assert ingest(make_plan(recipe, root, store), InProcess(), store).failures == []
    [row] = store.recordings.collect()["warnings"].to_list()
    return [warning for warning in row if "lacks" in warning]


@pytest.mark.parametrize("name", NIGHTS)
def test_the_missing_file_is_named_until_it_is_there(tmp_path, name):
    root = tmp_path / "raw"
    root.mkdir()
    night, hypnogram, said = NIGHTS[name]
    write(root / night)
    recipe, store = load_recipe(name), create_store(str(tmp_path / "store"))
    # One channel is less than the corpus has, which a recipe that was tried on it bears.
    recipe = replace(recipe, definition=recipe.definition.model_copy(update={"verified": "real"}))
    [warning] = warnings(recipe, root, store)
    assert said in warning
    write(root / hypnogram, 0, [edfio.EdfAnnotation(0, 30, "Sleep stage W")])
    assert warnings(recipe, root, store) == []


def test_files_that_are_recordings_of_their_own_lack_nothing(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a_heart.csv").write_text("ECG\n1\n2\n")
    recipe = parse_recipe(
        "name: each\ntitle: Each\nlicence: CC0-1.0\naccess: open\ncitation: none\nurl: https://example.org\n"
        "files: {pattern: '(?P<subject>\\w)_(?P<signal>heart|skin)\\.csv', name: '{subject}_{signal}', reader: csv, "
        "options: {rate_hz: 4}}\nchannels: [{match: ECG, sensor: ECG, unit: mV}]\n",
        Path("each.yaml"),
    )
    assert warnings(recipe, tmp_path / "raw", create_store(str(tmp_path / "store"))) == []
