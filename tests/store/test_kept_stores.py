"""A store that an earlier version of the format wrote is read to this day: tests/data keeps one of each."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from biocurate.store.store import Store, open_store
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
    assert json.loads(json.dumps(contents(store))) == expected["contents"]


def test_its_manifest_and_images_are_still_there(kept):
    pytest.importorskip("torch")
    from biocurate.images.reading import read_images

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
