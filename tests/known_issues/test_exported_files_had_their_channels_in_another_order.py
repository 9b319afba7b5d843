"""Where channels of several rates alternate in a raw EDF file, its export had them rate by rate."""

from __future__ import annotations

import edfio
import numpy as np
import polars as pl
import pytest

from biocurate.engine import InProcess
from biocurate.export import to_edf
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put

RECIPE = """
name: tiny
title: Made
licence: none
access: open
citation: none
url: https://example.org
files: {pattern: '(?P<subject>a)\\.edf', reader: edf}
"""
WRITTEN = {"EEG C3": 200, "Resp": 25, "ECG": 200, "EEG C4": 200, "Temp": 1, "EEG O1": 25, "SaO2": 1}
"""Rates of the channels, in the file's order."""


@pytest.fixture
def store(tmp_path):
    noise = np.random.default_rng(1)
    signals = [
        edfio.EdfSignal(noise.uniform(-100, 100, 10 * rate), rate, label=label, physical_range=(-200, 200))
        for label, rate in WRITTEN.items()
    ]
    (tmp_path / "raw").mkdir()
    edfio.Edf(signals).write(tmp_path / "raw" / "a.edf")
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    made = create_store(str(tmp_path / "store"))
    outcome = ingest(make_plan(load_recipe(tmp_path / "tiny.yaml"), tmp_path / "raw", made), InProcess(), made)
    assert not outcome.failures
    return made


def digital(path):
    return [(signal.label, signal.digital.tolist()) for signal in edfio.read_edf(path).signals]


def test_channels_lie_as_in_the_raw_file(store, tmp_path):
    made = to_edf(store.recording("tiny/a"), tmp_path / "out.edf")
    assert digital(made.files[0]) == digital(tmp_path / "raw" / "a.edf")
    assert [label for label, _ in digital(made.files[0])] == list(WRITTEN)


def test_the_store_knows_the_place_of_every_channel(store):
    """Between them, the streams hold each place once; within a stream they ascend."""
    [places] = store.recordings.select("places").collect()["places"].to_list()
    assert sorted(place for each in places for place in each) == list(range(len(WRITTEN)))
    assert all(each == sorted(each) for each in places)
    [labels] = store.recordings.select(pl.col("streams")).collect()["streams"].to_list()
    told = {
        channel["label"]: place
        for stream, each in zip(labels, places, strict=True)
        for channel, place in zip(stream["channels"], each, strict=True)
    }
    assert told == {label: place for place, label in enumerate(WRITTEN)}


def test_where_the_places_are_not_known_streams_follow_each_other(tmp_path):
    """As of a recording that an older version ingested."""
    made = create_store(str(tmp_path / "store"))
    streams = (noise_stream("EEG", 100, [(0, 200)], ["C3", "C4"]), noise_stream("ECG", 50, [(0, 100)], ["II"]))
    put(made, {"m/r": Recording(streams)})
    [path] = to_edf(made.recording("m/r"), tmp_path / "out.edf").files
    assert [label for label, _ in digital(path)] == ["C3", "C4", "II"]
