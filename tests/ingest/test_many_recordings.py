"""A file that holds many recordings, into a store: each is a recording of its own, and the file is read once."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.errors import RecipeError, SourceError
from biocurate.formats import source
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.testing.conformance import check_store, contents
from biocurate.testing.mat73 import StructArray, write_mat73
from biocurate.verify import verify_deep

# CODE-15: tracings (n, 4096, 12), exam_id (n,), several files; labels in exams.csv by exam_id
RECIPE = """
name: tiny-code
title: A tiny corpus of many recordings a file
licence: CC0-1.0
access: open
citation: none
url: https://example.org/tiny
files:
  pattern: 'exams_part(?P<part>\\d+)\\.hdf5'
  name: 'part{part}/{record}'
  reader: hdf5
  options:
    signals:
      - {path: tracings, axes: [record, time, channel], rate_hz: 400, labels: [I, II, III], unit: mV}
    records: {id: {from: exam_id}}
channels:
  - {match: 'I{1,3}', sensor: ECG}
labels:
  rhythm: {from: table, file: exams.csv, key: {column: exam_id, group: record}, column: rhythm}
"""


def write(path, ids, seed):
    with h5py.File(path, "w") as file:
        traces = np.random.default_rng(seed).normal(size=(len(ids), 300, 3)).astype("f4")
        file.create_dataset("tracings", data=traces, chunks=(4, 300, 3), compression="gzip")
        file["exam_id"] = np.array(ids)
    return traces


@pytest.fixture
def corpus(tmp_path):
    root = tmp_path / "raw"
    root.mkdir()
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    traces = {part: write(root / f"exams_part{part}.hdf5", range(100 * part, 100 * part + 10), part) for part in (0, 1)}
    rows = [f"{100 * part + i},{'AF' if i % 2 else 'SR'}" for part in (0, 1) for i in range(10)]
    (root / "exams.csv").write_text("\n".join(["exam_id,rhythm", *rows]))
    return root, load_recipe(tmp_path / "tiny.yaml"), traces


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def run(corpus, store):
    root, recipe, _ = corpus
    return ingest(make_plan(recipe, root, store), InProcess(), store)


def test_every_row_is_a_recording_and_a_second_run_does_nothing(corpus, store):
    root, recipe, traces = corpus
    plan = make_plan(recipe, root, store)
    sizes = sum(path.stat().st_size for path in root.glob("*.hdf5"))
    assert sizes <= plan.n_bytes <= sizes + 20  # not twenty times as much
    outcome = run(corpus, store)
    assert (outcome.recordings, outcome.failures) == (20, [])
    for part in (0, 1):
        for place in range(10):
            recording = store.recording(f"tiny-code/part{part}/{100 * part + place}")
            np.testing.assert_array_equal(recording.read("ECG", digital=True), traces[part][place].T)
            [label] = recording.annotations().rows(named=True)
            assert (label["kind"], label["value"]) == ("rhythm", "AF" if place % 2 else "SR")
    check_store(store)
    compared = verify_deep(store, "tiny-code", root, recipe=recipe)
    assert (compared.recordings, compared.problems, compared.equal) == (20, [], 20 * 3 * 300)
    before = contents(store)
    again = run(corpus, store)
    assert (again.recordings, again.done_before) == (0, 20)
    assert contents(store) == before


def test_a_file_is_hashed_once_and_opened_a_few_times(corpus, store, monkeypatch):
    opened, hashed = [], []
    inner, digest = source.Source.open, source.hashlib.file_digest
    monkeypatch.setattr(source.Source, "open", lambda self: (opened.append(self.name), inner(self))[1])
    monkeypatch.setattr(source.hashlib, "file_digest", lambda *said: (hashed.append(1), digest(*said))[1])
    run(corpus, store)
    assert len(hashed) <= 2 + 3  # two files, and the table by which labels are joined
    assert opened.count("exams_part0.hdf5") <= 4


def test_a_changed_file_is_read_again_and_a_longer_one_has_more(corpus, store):
    root, _, _ = corpus
    run(corpus, store)
    write(root / "exams_part1.hdf5", range(100, 112), 9)
    outcome = run(corpus, store)
    assert (outcome.recordings, outcome.done_before) == (12, 10)


def test_a_damaged_file_is_one_failure_and_the_others_go_in(corpus, store):
    root, recipe, _ = corpus
    whole = (root / "exams_part1.hdf5").read_bytes()
    (root / "exams_part1.hdf5").write_bytes(whole[: len(whole) // 2])
    outcome = run(corpus, store)
    assert outcome.recordings == 10
    assert [failure["source"] for failure in outcome.failures] == ["exams_part1.hdf5"]
    with pytest.raises(SourceError):
        recipe.units(root)
    (root / "exams_part1.hdf5").write_bytes(whole)
    assert run(corpus, store).recordings == 10
    assert store.failures.collect().height == 0


def test_recordings_of_one_name_are_refused(corpus, tmp_path):
    root, _, _ = corpus
    (tmp_path / "same.yaml").write_text(RECIPE.replace("part{part}/{record}", "part{part}"))
    with pytest.raises(RecipeError, match="both tiny-code/part0"):
        load_recipe(tmp_path / "same.yaml").units(root)


# PulseDB: one v7.3 file a subject, Subj_Wins with a struct a segment of ten seconds
PULSE = """
name: tiny-pulse
title: A tiny corpus of struct arrays
licence: CC0-1.0
access: open
citation: none
url: https://example.org/tiny
files:
  pattern: '(?P<subject>p\\d+)\\.mat'
  reader: mat
  options:
    signals:
      - {path: Subj_Wins/*/ECG_Raw, rate_hz: 125, labels: [ECG], unit: mV}
      - {path: Subj_Wins/*/PPG_Raw, rate_hz: 125, labels: [PPG]}
    records: {}
    age: {from: Subj_Wins/*/Age}
    sex: {from: Subj_Wins/*/Gender}
channels:
  - {match: 'ECG', sensor: ECG}
  - {match: 'PPG', sensor: PPG}
"""


def test_struct_arrays_of_matlab_give_a_recording_a_struct(tmp_path, store):
    (tmp_path / "raw").mkdir()
    (tmp_path / "pulse.yaml").write_text(PULSE)
    chance = np.random.default_rng(0)
    segments = StructArray(
        {"ECG_Raw": chance.normal(size=(1250, 1)), "PPG_Raw": chance.normal(size=(1250, 1)), "Age": 61.0, "Gender": "F"}
        for _ in range(3)
    )
    write_mat73(tmp_path / "raw/p000001.mat", {"Subj_Wins": segments})
    recipe = load_recipe(tmp_path / "pulse.yaml")
    outcome = ingest(make_plan(recipe, tmp_path / "raw", store), InProcess(), store)
    assert (outcome.recordings, outcome.failures) == (3, [])
    recording = store.recording("tiny-pulse/p000001/2")
    assert (recording.row["subject"], recording.row["age"], recording.row["sex"]) == ("p000001", 61.0, "F")
    np.testing.assert_array_equal(recording.read("PPG", digital=True), segments[2]["PPG_Raw"].T)
    assert verify_deep(store, "tiny-pulse", tmp_path / "raw", recipe=recipe).problems == []
