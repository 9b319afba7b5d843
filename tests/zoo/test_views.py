"""Models on windows of a view: they read what the view made, and their report says how it was normalised."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from biocurate import read_windows
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.store.store import open_store
from zoo.data.windows import WindowDataset
from zoo.runs.config import RunConfig
from zoo.training.finetune import finetune

CHAIN = [
    {"step": "band", "low_hz": 2, "high_hz": 25, "order": 2},
    {"step": "resample", "rate_hz": 100},
    {"step": "normalise", "scope": "recording"},
]


@pytest.fixture
def viewed(cohort, tmp_path):
    """A store of our own with a view of a cohort, and a manifest of its windows."""
    folder = tmp_path / "store"
    shutil.copytree(cohort(6).objects.folder, folder)
    store = open_store(str(folder))
    preprocess(store, parse_view({"name": "v", "chains": {"EEG": CHAIN}}))
    windows = {"length": "4s", "view": "v", "require": ["EEG"]}
    label = {"column": "condition", "keep": ["rest", "task"]}
    split = {"method": "kfold", "folds": 3}
    build_manifest(store, parse_definition({"name": "of-view", "windows": windows, "label": label, "split": split}))
    return store


def test_a_model_reads_the_view_and_says_that_it_is_transductive(viewed, tmp_path):
    config = RunConfig(model="features-logreg", manifest="of-view", sensors=("EEG",))
    found = finetune(viewed, config, tmp_path / "runs" / "one")
    assert any(note.startswith("TRANSDUCTIVE: EEG is normalised over the whole recording") for note in found.notes)
    rows = viewed.manifest("of-view").rows
    dataset = WindowDataset(viewed.url, "of-view", None, ["EEG"])
    batch = dataset.__getitems__([0, 1])["signals"]["EEG"].numpy()
    assert batch.shape[-1] == 400
    np.testing.assert_array_equal(batch, read_windows(viewed, dataset.rows[:2], "EEG"))
    assert rows["view"].n_unique() == 1


def test_images_of_a_view_are_of_its_samples_and_are_others_than_those_of_raw_windows(viewed):
    drawing = representation("spectrogram-psd")
    outcome = generate(viewed, viewed.manifest("of-view"), drawing, ["EEG"], image_set="of-view")
    assert outcome.status == {"ok": outcome.drawn}
    raw = viewed.manifest("folds")
    generate(viewed, raw, drawing, ["EEG"], image_set="raw")
    first, second = (set(viewed.tables.scan(f"images/{name}").collect()["image_id"]) for name in ("of-view", "raw"))
    assert not first & second
