"""Indices on real recordings, clean ones and the same with noise of a known size; the table is in docs/quality.md."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from biocurate.curate.quality.catalogue import find_measure, measures
from biocurate.curate.quality.validation.bias import dropped_by_rhythm
from biocurate.curate.quality.validation.material import MATERIAL, material
from biocurate.curate.quality.validation.table import validate, verdicts

pytestmark = pytest.mark.corpora


@pytest.fixture
def roots(corpora, tmp_path):
    """Each corpus that is validated on; the sample of sleep-edf under the name that it has in its corpus."""
    shutil.copy(corpora / "edfio" / "short_psg.edf", tmp_path / "SC4001E0-PSG.edf")
    shutil.copy(corpora / "edfio" / "SC4001EC-Hypnogram.edf", tmp_path)
    return {
        "ludb": corpora / "ludb",
        "cpsc2018": corpora / "cpsc2018-12lead",
        "bidmc": corpora / "bidmc-sample",
        "stress-predict": corpora / "stress-predict",
        "eegmat": corpora / "eegmat",
        "sleep-edf": tmp_path,
    }


def some(clean, count=24):
    chosen = np.unique(np.linspace(0, len(clean.samples) - 1, count).astype(int))
    return replace(clean, samples=clean.samples[chosen], person=clean.person[chosen])


def test_absolute_indices_tell_clean_from_noisy_on_a_few_real_windows(roots):
    wanted = [each for each in MATERIAL if each.corpus in ("ludb", "bidmc")]
    few = [some(clean) for clean in material(roots, "show", wanted)]
    assert {str(clean.sensor) for clean in few} == {"ECG", "PPG", "RESP"}
    only = [find_measure(column) for column in ("ecg_sqi_v1", "ppg_sqi_v1", "resp_sqi_v1")]
    table = validate(few, only)
    assert table.filter(~pl.col("meets")).is_empty(), table.filter(~pl.col("meets"))


def test_the_halves_share_no_person(roots):
    wanted = [each for each in MATERIAL if each.corpus == "ludb"]
    (chosen,), (shown,) = material(roots, "choose", wanted), material(roots, "show", wanted)
    assert set(chosen.person).isdisjoint(shown.person)


def test_likeness_of_beats_drops_more_of_atrial_fibrillation_than_of_sinus_rhythm(roots):
    found = dropped_by_rhythm({"cpsc2018": roots["cpsc2018"]}, 0.8)
    share = dict(found.select("rhythm", "channels_dropped").iter_rows())
    assert share["AF"] > 2 * share["sinus"]


@pytest.mark.slow
def test_an_index_is_called_absolute_where_it_meets_the_bar_on_the_half_that_it_was_not_chosen_on(roots):
    found = verdicts(validate(material(roots, "show")))
    stated = {each.column: not each.relative for each in measures()}
    meets = dict(found.select("index", "absolute").iter_rows())
    assert [column for column, good in meets.items() if stated[column] and not good] == []
