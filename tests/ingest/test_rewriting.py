"""A changed recipe rewrites rows and reads no sample, where the samples stay; the rows are those of a fresh ingest."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe, parse_recipe
from biocurate.store.store import create_store
from biocurate.testing.conformance import check_store, contents

HEADER_BYTES = 70_000
"""That a header, its buffer included, or the first rows of a CSV file may take."""


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def run(recipe, root, store, **options):
    return ingest(make_plan(recipe, root, store, **options), InProcess(), store)


def bytes_read() -> int:
    """Bytes that this process has asked the kernel for, wherever they came from."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def fresh(recipe, root, tmp_path):
    other = create_store(str(tmp_path / "fresh"))
    run(recipe, root, other)
    return contents(other)


CHANGES = {
    "a label's words": ("task: task", "task: arithmetic"),
    "another label": ("labels:\n", "labels:\n  half: {from: group, group: subject}\n"),
    "no label": ("labels:\n  condition: {from: run, map: {rest: rest, task: task}}\n", ""),
    "a channel's name": ("name: II", "name: V1"),
    "a unit": ("name: II", "name: II, unit: uV"),
    "a gain": ("name: II", "name: II, gain: 0.25"),
    "a reference": ("sensor: EEG", "sensor: EEG, reference: linked ears"),
    "a suspicion": ("name: II", "name: II, unit_status: suspect, reason: no one calibrated it"),
    "a rule of the same meaning": ("match: 'ECG'", "match: 'ECG|EKG'"),
    "the licence": ("CC0-1.0", "CC-BY-4.0"),
    "whose person it is": ("name: tiny\n", "name: tiny\npersons: everyone\n"),
    "a correction": (
        "labels:\n",
        "corrections:\n  - {channels: ECG, field: gain, value: 0.5, reason: measured, source: a letter}\nlabels:\n",
    ),
}


@pytest.mark.parametrize("old, new", CHANGES.values(), ids=CHANGES.keys())
def test_metadata_that_changed_gives_the_rows_of_a_fresh_ingest(corpus, store, tmp_path, old, new):
    run(load_recipe(corpus.recipe), corpus.root, store)
    parts = {entry.key for entry in store.objects.list("signals")}
    revisions = set(store.recordings.collect()["revision"])
    assert old in corpus.recipe.read_text()
    corpus.recipe.write_text(corpus.recipe.read_text().replace(old, new))
    recipe = load_recipe(corpus.recipe)
    outcome = run(recipe, corpus.root, store)
    assert (outcome.rewritten, outcome.recordings, outcome.n_bytes) == (12, 0, 0)
    assert {entry.key for entry in store.objects.list("signals")} == parts
    assert not revisions & set(store.recordings.collect()["revision"])
    assert contents(store) == fresh(recipe, corpus.root, tmp_path)
    check_store(store)
    assert run(recipe, corpus.root, store).rewritten == 0


def test_no_byte_behind_the_headers_matters(corpus, store, tmp_path):
    """The samples of every file are overwritten, size and time kept: the rows come out the same."""
    run(load_recipe(corpus.recipe), corpus.root, store)
    corpus.recipe.write_text(corpus.recipe.read_text().replace("task: task", "task: arithmetic"))
    recipe = load_recipe(corpus.recipe)
    expected = fresh(recipe, corpus.root, tmp_path)
    for path in corpus.root.iterdir():
        status, header = path.stat(), int(path.read_bytes()[184:192])
        with path.open("r+b") as file:
            file.seek(header)
            file.write(b"\xff" * (status.st_size - header))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run(recipe, corpus.root, store).rewritten == 12
    assert contents(store) == expected


def test_a_signal_part_that_changed_reads_what_it_touches_and_only_that(corpus, store, tmp_path):
    """A rule for two recordings: their ECG is another type now, and a stream of another type lies in another part."""
    run(load_recipe(corpus.recipe), corpus.root, store)
    rule = "  - {match: 'ECG', recordings: 's03_.*', sensor: EMG}\n"
    corpus.recipe.write_text(corpus.recipe.read_text().replace("channels:\n", f"channels:\n{rule}"))
    recipe = load_recipe(corpus.recipe)
    outcome = run(recipe, corpus.root, store)
    assert (outcome.rewritten, outcome.recordings) == (10, 2)
    assert outcome.n_bytes == sum((corpus.root / f"s03_{each}.edf").stat().st_size for each in ("rest", "task"))
    assert contents(store) == fresh(recipe, corpus.root, tmp_path)
    check_store(store)


def test_a_rate_that_is_corrected_is_read_again(corpus, store, tmp_path):
    run(load_recipe(corpus.recipe), corpus.root, store)
    rate = "corrections:\n  - {channels: ECG, field: rate_hz, value: 250, reason: it is, source: a letter}\nlabels:\n"
    corpus.recipe.write_text(corpus.recipe.read_text().replace("labels:\n", rate))
    recipe = load_recipe(corpus.recipe)
    assert run(recipe, corpus.root, store).recordings == 12
    assert contents(store) == fresh(recipe, corpus.root, tmp_path)


def test_a_changed_file_is_read_also_when_the_recipe_changed(corpus, store, tmp_path):
    run(load_recipe(corpus.recipe), corpus.root, store)
    corpus.write("s00_rest", seed=99)
    corpus.recipe.write_text(corpus.recipe.read_text().replace("task: task", "task: arithmetic"))
    recipe = load_recipe(corpus.recipe)
    outcome = run(recipe, corpus.root, store)
    assert (outcome.rewritten, outcome.recordings) == (11, 1)
    assert contents(store) == fresh(recipe, corpus.root, tmp_path)


def test_a_row_without_a_signal_revision_is_read_once(corpus, store):
    """Stores that an earlier version wrote do not say what their samples were made from."""
    recipe = load_recipe(corpus.recipe)
    run(recipe, corpus.root, store)
    rows = store.recordings.collect().with_columns(signal_revision=None)
    store.tables.replace("recordings", rows.to_arrow(), "recording_id", rows["recording_id"])
    assert run(recipe, corpus.root, store).recordings == 12
    assert run(recipe, corpus.root, store).done_before == 12


def test_a_reader_of_another_version_reads_everything(corpus, store, monkeypatch):
    from biocurate.formats.edf.reader import EdfReader

    recipe = load_recipe(corpus.recipe)
    run(recipe, corpus.root, store)
    monkeypatch.setattr(EdfReader, "version", EdfReader.version + 1)
    assert run(recipe, corpus.root, store).recordings == 12


def test_a_table_that_changed_rewrites_rows(corpus, store, tmp_path):
    text = "  group: {from: table, file: who.csv, key: {column: id}, column: group}\n"
    corpus.recipe.write_text(corpus.recipe.read_text() + text)
    recipe = load_recipe(corpus.recipe)
    (corpus.root / "who.csv").write_text("id,group\n00,a\n01,b\n")
    run(recipe, corpus.root, store)
    (corpus.root / "who.csv").write_text("id,group\n00,b\n01,b\n05,c\n")
    assert run(recipe, corpus.root, store).rewritten == 12
    assert contents(store) == fresh(recipe, corpus.root, tmp_path)


ROWS = """
name: rows
title: Rows of text
licence: CC0-1.0
access: open
citation: none
url: https://example.org
files:
  pattern: '(?P<subject>\\w+)_(?P<signal>\\w+)\\.csv'
  name: '{subject}'
  reader: csv
  options: {time: {column: t, unit: unix_s}}
  signals:
    heart: {unit: {ecg: mV}, dtype: {ecg: int16}}
    skin: {unit: {eda: uS, temp: degC}, rate_hz: 4, on_clock: arrival-order}
channels:
  - {match: ecg, sensor: ECG, name: I}
  - {match: eda, sensor: GSR}
  - {match: temp, sensor: TEMP}
  - {match: note, skip: true}
"""


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lead_s=st.integers(0, 5),
    n=st.integers(20, 60),
    gaps=st.lists(st.integers(1, 59), max_size=3),
    missing=st.booleans(),
)
def test_csv_files_are_outlined_by_what_is_stored(tmp_path_factory, lead_s, n, gaps, missing):
    """Two files on one clock, with gaps and missing cells: the streams of a read, from the first rows and the store."""
    folder = tmp_path_factory.mktemp("rows")
    root = folder / "raw"
    root.mkdir()
    times = 1_600_000_000 + np.arange(n) / 10 + sum(np.arange(n) >= gap for gap in gaps) * 3.0
    rows = [f"{t:.3f},{i % 7},{'' if missing and i % 5 == 0 else i}" for i, t in enumerate(times)]
    (root / "a_heart.csv").write_text("t,ecg,note\n" + "\n".join(rows) + "\n")
    skin = [f"{1_600_000_000 + lead_s + i / 4 + 0.2 * (i % 3 == 0):.3f},{i / 2},30" for i in range(n)]
    (root / "a_skin.csv").write_text("t,eda,temp\n" + "\n".join(skin) + "\n")
    recipe = parse_recipe(ROWS, Path("rows.yaml"))
    store = create_store(str(folder / "store"))
    assert run(recipe, root, store).failures == []
    changed = parse_recipe(ROWS.replace("sensor: GSR", "sensor: GSR, position: wrist"), Path("rows.yaml"))
    assert run(changed, root, store).rewritten == 1
    assert contents(store) == fresh(changed, root, folder)


@pytest.mark.parametrize(("lead_ms", "n", "seed"), [(0, 40, 1), (-2750, 33, 2), (2000, 60, 3)])
def test_a_file_on_a_robust_line_is_outlined_by_where_another_files_stream_lies(tmp_path, lead_ms, n, seed):
    """Only all times of such a file say when it starts; what the store has of both says it without them."""
    root = tmp_path / "raw"
    root.mkdir()
    jitter = np.random.default_rng(seed).normal(0, 0.02, n)
    heart = [f"{1_600_000_000 + i / 10:.3f},{i % 7},0" for i in range(n)]
    (root / "a_heart.csv").write_text("t,ecg,note\n" + "\n".join(heart) + "\n")
    skin = [f"{1_600_000_000 + lead_ms / 1000 + i / 4 + jitter[i]:.3f},{i / 2},30" for i in range(n)]
    for name in ("a", "b"):  # b is alone: its start is in no other file
        (root / f"{name}_skin.csv").write_text("t,eda,temp\n" + "\n".join(skin) + "\n")
    text = ROWS.replace("rate_hz: 4, on_clock: arrival-order", "on_clock: robust-line")
    recipe, store = parse_recipe(text, Path("rows.yaml")), create_store(str(tmp_path / "store"))
    assert run(recipe, root, store).failures == []
    changed = parse_recipe(text.replace("sensor: GSR", "sensor: GSR, position: wrist"), Path("rows.yaml"))
    outcome = run(changed, root, store)
    assert (outcome.rewritten, outcome.recordings) == (1, 1)
    assert contents(store) == fresh(changed, root, tmp_path)


REAL = {
    "eegmat": "eegmat",
    "ludb": "ludb",
    "cpsc2018": "cpsc2018-12lead",
    "cpsc2021": "cpsc2021-af",
    "bidmc": "bidmc-sample",
    "eegmmidb": "eegmmidb",
    "stress-predict": "stress-predict",
    "cogwear": "cogwear",
}


@pytest.mark.parametrize("name, folder", REAL.items())
def test_real_corpora_are_rewritten_as_a_fresh_ingest_would_write_them(corpora, tmp_path, store, name, folder):
    """The bytes that are asked for are counted: headers, annotations and tables, and no sample."""
    root, limit = corpora / folder, 6
    recipe = load_recipe(name)
    first = run(recipe, root, store, limit=limit)
    changed = replace(recipe, definition=recipe.definition.model_copy(update={"licence": "another"}))
    before = bytes_read()
    plan = make_plan(changed, root, store, limit=limit)
    outcome = ingest(plan, InProcess(), store)
    spent = bytes_read() - before
    assert (outcome.rewritten, outcome.recordings) == (first.recordings, 0)
    # Each file is opened for its names, its header and its outline; the store's own tables are asked for, too.
    files = sum(len(job.sources) for job in plan.todo)
    failed = sum(job.n_bytes for job in plan.todo if not job.rewrites)
    assert spent < 3 * HEADER_BYTES * files + failed + 2_000_000
    other = create_store(str(tmp_path / "fresh"))
    run(changed, root, other, limit=limit)
    assert contents(store) == contents(other)


def test_large_files_cost_no_more_than_small_ones(corpora, tmp_path, store):
    """eegmat has 60 MB; what is asked for is a small part of it."""
    recipe = load_recipe("eegmat")
    first = run(recipe, corpora / "eegmat", store)
    changed = replace(recipe, definition=recipe.definition.model_copy(update={"licence": "another"}))
    before = bytes_read()
    assert run(changed, corpora / "eegmat", store).rewritten == first.recordings
    assert bytes_read() - before < 0.05 * first.n_bytes
