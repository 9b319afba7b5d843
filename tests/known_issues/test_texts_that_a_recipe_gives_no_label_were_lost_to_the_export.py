"""``Sleep stage ?`` and ``Movement time``, which a recipe maps to nothing, were neither in the store nor exported."""

from __future__ import annotations

import warnings
from pathlib import Path

import edfio
import numpy as np
import pytest

from biocurate.curate.windows.build import build_windows
from biocurate.engine import InProcess
from biocurate.export import to_edf
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recording import UNLABELLED
from biocurate.store.store import create_store

RECIPE = """
name: tiny
title: Made
licence: none
access: open
citation: none
url: https://example.org
files: {pattern: '(?P<subject>a)\\.edf', reader: edf}
labels:
  stage: {from: annotations, match: 'Sleep stage [W12?]|Movement time', codes: rk-to-aasm/1}
  rk: {from: annotations, match: 'Sleep stage (.)', map: {W: W, '1': '1', '?': null}}
  noted: {from: annotations, match: '(Dr .*): fine', map: {Dr Who: null}}
"""
MARKS = [
    (0.0, 30.0, "Sleep stage W"),
    (30.0, 30.0, "Sleep stage ?"),
    (60.0, 30.0, "Movement time"),
    (90.0, 30.0, "Sleep stage 1"),
    (100.0, None, "Mr Zebedee coughs"),
    (101.0, None, "Dr Zebedee: fine"),
    (110.0, 30.0, "Sleep stage ?"),
    (200.0, 30.0, "Sleep stage ?"),
]


def marks(path: Path) -> list[tuple[float, float, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = edfio.read_edf(path).annotations
    return sorted((each.onset, each.duration or 0.0, each.text) for each in found if each.text.strip())


@pytest.fixture
def store(tmp_path):
    (tmp_path / "raw").mkdir()
    eeg = edfio.EdfSignal(np.random.default_rng(1).uniform(-1, 1, 12_000), 100, label="EEG C3", physical_range=(-9, 9))
    edfio.Edf([eeg], annotations=[edfio.EdfAnnotation(*mark) for mark in MARKS]).write(tmp_path / "raw" / "a.edf")
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    made = create_store(str(tmp_path / "store"))
    outcome = ingest(make_plan(load_recipe(tmp_path / "tiny.yaml"), tmp_path / "raw", made), InProcess(), made)
    assert not outcome.failures
    return made


def test_they_are_kept_without_a_value_and_with_their_text(store):
    rows = store.recording("tiny/a").annotations()
    found = [row for row in rows.iter_rows(named=True) if row["kind"] == UNLABELLED]
    assert [(row["onset_ns"] // 10**9, row["text"], row["value"]) for row in found] == [
        (30, "Sleep stage ?", None),
        (60, "Movement time", None),
        (110, "Sleep stage ?", None),
    ]


def test_what_no_recipe_spells_is_not_kept(store):
    """Not in a rule's ``.*`` either; each is counted in the warnings."""
    row = store.recording("tiny/a").row
    assert "Zebedee" not in str(store.annotations.collect().to_dicts()) + str(row)
    said = row["warnings"]
    assert "1 annotations of the file are left out: no rule of the recipe lets them through" in said
    assert "noted: 1 of 1 annotations have a value that the recipe does not know" in said
    assert f"{UNLABELLED}: 1 of 4 lie outside the recording and are left out" in said


def test_labels_are_as_if_they_were_not_there(store):
    build_windows(store, "w10", length_s=10, labels=["stage"])
    stages = store.windows("w10").sort("t0_ns").collect()["stage"].to_list()
    assert stages == ["W"] * 3 + [None] * 6 + ["N1"] * 3


@pytest.mark.parametrize("labels", ["all", "file"])
def test_they_are_written_again_with_the_others(labels, store, tmp_path):
    [path] = to_edf(store.recording("tiny/a"), tmp_path / "out.edf", labels=labels).files
    kept = [mark for mark in MARKS if "Zebedee" not in mark[2] and mark[0] < 120]
    assert marks(path) == [(onset, min(length or 0.0, 120 - onset), text) for onset, length, text in kept]


def test_mne_shows_them_by_their_text(store):
    pytest.importorskip("mne")
    said = store.recording("tiny/a").to_mne().annotations.description
    assert sorted(text for text in said if text.startswith(UNLABELLED)) == [
        f"{UNLABELLED}/Movement time",
        f"{UNLABELLED}/Sleep stage ?",
        f"{UNLABELLED}/Sleep stage ?",
    ]
