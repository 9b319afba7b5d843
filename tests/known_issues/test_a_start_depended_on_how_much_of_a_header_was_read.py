"""A recording on a `robust-line` once started where a line through the rows of its header began: 64 KB or 128 KB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.formats.csv import reader as csv
from biocurate.ingest import ingest, make_plan, revision
from biocurate.recipes import load_recipe, parse_recipe
from biocurate.store.store import create_store

RECIPE = """
name: watch
title: A watch
licence: CC0-1.0
access: open
citation: none
url: https://example.org
files:
  pattern: '(?P<subject>\\w)_(?P<run>\\d)\\.csv'
  reader: csv
  options: {time: {column: t, unit: unix_s}, on_clock: robust-line}
channels: [{match: ppg, sensor: PPG, unit: NU}]
"""
HEADS = (2**12, 2**14, 2**16, 2**20)


@pytest.fixture
def root(tmp_path):
    """Two recordings of one person, an hour apart, with times that jitter by 20 ms and drift."""
    found = tmp_path / "raw"
    found.mkdir()
    jitter = np.random.default_rng(7).normal(0, 0.02, (2, 9000))
    for run in (0, 1):
        times = 1_600_000_000 + 3600 * run + np.arange(9000) / 25 + jitter[run] + np.linspace(0, 0.3, 9000) ** 2
        rows = (f"{time:.3f},{row % 90}" for row, time in enumerate(times))
        (found / f"a_{run}.csv").write_text("t,ppg\n" + "\n".join(rows) + "\n")
    return found


def starts(recipe, root, folder):
    store = create_store(str(folder))
    assert ingest(make_plan(recipe, root, store), InProcess(), store).failures == []
    return store.recordings.sort("recording_id").collect()["start_ns"].to_list()


def test_a_start_is_the_same_however_much_of_a_header_is_read(root, tmp_path, monkeypatch):
    recipe, found = parse_recipe(RECIPE, Path("watch.yaml")), []
    for head in HEADS:
        monkeypatch.setattr(csv, "HEAD", head)
        found.append(starts(recipe, root, tmp_path / str(head)))
    first = [float((root / f"a_{run}.csv").read_text().split("\n")[1].split(",")[0]) for run in (0, 1)]
    assert found == [[0, round((first[1] - first[0]) * 1000) * 10**6]] * len(HEADS)


def test_cogwears_headers_say_the_same_of_64_and_of_128_kb(corpora, monkeypatch):
    recipe = load_recipe("cogwear")
    said = {}
    for head in (2**16, 2**17):
        monkeypatch.setattr(csv, "HEAD", head)
        said[head] = [recipe.read_header(unit).start_unix_ns for unit in recipe.units(corpora / "cogwear")]
    assert said[2**16] == said[2**17]


def test_stored_starts_of_before_are_rewritten_once_and_others_stay(root, tmp_path, monkeypatch):
    recipe = parse_recipe(RECIPE, Path("watch.yaml"))
    store = create_store(str(tmp_path / "store"))
    with monkeypatch.context() as older:
        older.setattr(revision, "LINE_STARTS", "starts:1")
        ingest(make_plan(recipe, root, store), InProcess(), store)
    assert len(make_plan(recipe, root, store).todo) == 2
    ingest(make_plan(recipe, root, store), InProcess(), store)
    assert make_plan(recipe, root, store).todo == ()
    other = parse_recipe(
        RECIPE.replace("on_clock: robust-line", "rate_hz: 25, on_clock: arrival-order"), Path("x.yaml")
    )
    now = revision.metadata_revision(other, root)
    monkeypatch.setattr(revision, "LINE_STARTS", "starts:1")
    assert revision.metadata_revision(other, root) == now
