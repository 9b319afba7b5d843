"""A store that an earlier version of the format wrote is read to this day: tests/data keeps one of each."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import Store, open_store
from biocurate.testing import simulate, write_cohort
from biocurate.testing.conformance import check_store, contents

KEPT = sorted((Path(__file__).parents[1] / "data").glob("store-format-*.tar.gz"))


@pytest.fixture(params=KEPT, ids=lambda path: path.name)
def kept(request, tmp_path) -> tuple[Store, dict]:
    """A store as it was written, and what it was known to hold."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    expected = request.param.with_suffix("").with_suffix(".json")
    return open_store(str(tmp_path / "store")), json.loads(expected.read_text())


def test_one_store_of_each_format_is_kept():
    from biocurate.store.schema import FORMAT

    assert [path.name for path in KEPT] == [f"store-format-{number}.tar.gz" for number in range(1, FORMAT + 1)]


def test_every_row_and_sample_is_still_there(kept):
    store, expected = kept
    check_store(store)
    found = json.loads(json.dumps(contents(store)))
    for table, rows in expected["contents"].items():
        # Columns that joined since are null in every row.
        joined = set(found[table][0]) - set(rows[0]) if rows else set()
        assert [{key: row[key] for key in row if key not in joined} for row in found[table]] == rows
        assert not any(row[key] is not None for row in found[table] for key in joined)


def test_rows_of_today_go_into_it(kept, tmp_path):
    store, expected = kept
    roots = write_cohort(simulate(3, minutes=0.4), tmp_path / "raw")
    recipe = load_recipe(roots["sim-edf"] / "recipe.yaml")
    outcome = ingest(make_plan(recipe, roots["sim-edf"], store), InProcess(), store)
    assert outcome.recordings >= 1
    assert not outcome.failures
    check_store(store)
    before = {row["recording_id"] for row in expected["contents"]["recordings"]}
    after = store.recordings.select("recording_id", "share_alike").collect()
    assert before < set(after["recording_id"])
    assert set(after["share_alike"]) == {None, False}


def test_its_manifest_and_images_are_still_there(kept):
    pytest.importorskip("torch")
    from biocurate.images.reading.stored import read_images

    store, expected = kept
    manifest = store.manifest("kept")
    assert (manifest.hash, manifest.rows.height) == (expected["manifest"], expected["windows"])
    images = store.tables.scan("images/kept-gsr").sort("window_id").collect()
    assert images.height == expected["images"]
    assert read_images(store, images, size=32).shape == (images.height, 32, 32)


def test_its_recordings_read_as_physical_values(kept):
    store, _ = kept
    [recording_id] = store.recordings.filter(pl.col("corpus") == "sim-wfdb").head(1).collect()["recording_id"]
    ecg = store.recording(recording_id).read("ECG", 0, 10)
    assert np.isfinite(ecg).all()
    assert 0.2 < np.ptp(ecg) < 10  # millivolts
