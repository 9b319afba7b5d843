"""`ImageDataset` once took an image's row in its part for the row of its window.

Both were called ``row``. In a set of one part the labels were right by chance; in a set of two they were scrambled, and
training on real EDA images gave an AUROC of 0.51 without an error.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

pytest.importorskip("torch")


def test_each_image_carries_the_label_of_its_own_window(tmp_path):
    from biocurate.images.drawing.registry import representation
    from biocurate.images.making.generate import generate
    from zoo.data.images import ImageDataset

    store = create_store(str(tmp_path))
    halves = (interval(0, 20, "rest"), interval(20, 20, "task"))
    rates = {"c/a": 100, "c/b": 128, "c/c": 200}
    put(
        store, {name: Recording((noise_stream("EEG", rate, [(0, 40 * rate)]),), halves) for name, rate in rates.items()}
    )
    fields = {"name": "m", "windows": {"length": "10s"}, "label": {"column": "condition"}}
    manifest = build_manifest(store, parse_definition({**fields, "split": {"method": "kfold", "folds": 3}}))
    generate(store, manifest, representation("spectrogram-psd"), ["EEG"], image_set="m-eeg")
    assert store.tables.scan("images/m-eeg").collect()["part"].n_unique() == 3

    dataset = ImageDataset(store.url, "m", None, "m-eeg", size=32)
    batch = dataset.__getitems__(list(range(len(dataset))))
    truth = dict(manifest.rows.select("window_id", "label").iter_rows())
    windows = dataset.rows["window_id"].to_numpy()[batch["row"].numpy()]
    np.testing.assert_array_equal(windows, dataset.images["window_id"].to_numpy())
    codes = batch["label"].numpy()
    named = pl.DataFrame({"label": [truth[int(window)] for window in windows], "code": codes})
    assert named.group_by("label").agg(pl.col("code").n_unique())["code"].to_list() == [1, 1]
    assert named["code"].n_unique() == 2
