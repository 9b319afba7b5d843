"""To go on with a set of 40 million images took over a GiB: its rows were read at once, and their ids sorted apart.

Rows are read some at a time now, and what is kept of an image is the eight bytes of its id.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.images import representation
from biocurate.images.making import following
from biocurate.images.making.generate import generate
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put

DRAWING = representation("waveform")


@pytest.fixture
def store(tmp_path):
    made = create_store(str(tmp_path / "s"))
    streams = {f"a/{number}": noise_stream("EEG", 64, [(0, 3840)], ["Cz", "Oz"], seed=number) for number in range(3)}
    put(made, {name: Recording((stream,), ()) for name, stream in streams.items()}, {name: name for name in streams})
    return made


def define(store):
    fields = {"name": "m", "windows": {"length": "5s"}, "split": {"method": "kfold", "folds": 3}}
    return build_manifest(store, parse_definition(fields))


@pytest.mark.parametrize("rows", [1, 7, 24, 1000])
def test_whatever_is_read_at_a_time_a_resumed_set_lacks_the_same(store, monkeypatch, rows):
    monkeypatch.setattr(following, "ROWS", rows)
    assert generate(store, define(store), DRAWING, ["EEG"]).drawn == 72
    table = "images/m-waveform"
    ids = store.tables.scan(table).collect()["image_id"].to_numpy()
    np.testing.assert_array_equal(following.ids_of(store, table), np.sort(ids))
    assert generate(store, define(store), DRAWING, ["EEG"]).drawn == 0
    kept = store.tables.scan(table).collect().filter(pl.int_range(pl.len()) % 5 > 0)
    store.tables.write(table, kept.to_arrow())
    assert generate(store, define(store), DRAWING, ["EEG"]).drawn == 72 - kept.height


@pytest.mark.parametrize("rows", [7, 1000])
def test_a_window_that_moved_is_found_wherever_its_rows_lie(store, monkeypatch, rows):
    monkeypatch.setattr(following, "ROWS", rows)
    manifest = define(store)
    generate(store, manifest, DRAWING, ["EEG"])
    there = store.tables.scan("images/m-waveform")
    now = manifest.rows.select(*following.WINDOW, now="window_id").sort("now")
    assert not following._has_moved(there, now)
    assert following._has_moved(there, now.head(now.height - 1))
    assert following._has_moved(there, now.tail(now.height - 1))
    assert following._has_moved(there, now.clear())
    renumbered = now.with_columns(pl.col("now") + 1)
    assert following._has_moved(there, renumbered)
    assert following._has_moved(there, now.with_columns(pl.col("t0_ns") + (pl.col("now") == now["now"][-1])))
