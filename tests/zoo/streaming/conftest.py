"""A store whose windows are of views that can, and that cannot, be computed while a recording is being made."""

from __future__ import annotations

import shutil

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.store.store import open_store
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune

RECORDING = "twin/p01_task"
FEW = Evaluation(draws=20, permutations=0)
BAND = {"step": "band", "low_hz": 2, "high_hz": 25, "order": 2}
CHAINS = {
    "causal": [
        {**BAND, "causal": True},
        {"step": "resample", "rate_hz": 100},
        {"step": "normalise", "scope": "window"},
    ],
    "running": [
        {"step": "resample", "rate_hz": 50},
        {**BAND, "high_hz": 20, "causal": True},
        {"step": "normalise", "scope": "causal", "seconds": 5},
    ],
    "fast": [{**BAND, "causal": True}, {"step": "resample", "rate_hz": 256}, {"step": "normalise", "scope": "window"}],
    "both-ways": [BAND],
    "whole": [{"step": "normalise", "scope": "recording"}],
}


@pytest.fixture(scope="session")
def viewed(cohort, tmp_path_factory):
    """Manifests by the names of the views, of EEG; and images of the causal one."""
    folder = tmp_path_factory.mktemp("streamed") / "store"
    shutil.copytree(cohort(6, 3.0).objects.folder, folder)
    store = open_store(str(folder))
    label = {"column": "condition", "keep": ["rest", "task"]}
    split = {"method": "kfold", "folds": 3}
    for name, chain in CHAINS.items():
        preprocess(store, parse_view({"name": name, "chains": {"EEG": chain}}), lazy=name == "running")
        windows = {"length": "4s", "hop": "3s", "view": name, "require": ["EEG"]}
        build_manifest(store, parse_definition({"name": name, "windows": windows, "label": label, "split": split}))
    for kind in ("spectrogram-psd", "recurrence"):
        generate(store, store.manifest("causal"), representation(kind), ["EEG"], image_set="pictures")
    return store


@pytest.fixture(scope="session")
def trained(viewed, tmp_path_factory):
    """Runs of features on each manifest, and two of networks: of the fold that holds out the recording's person."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("causal", "running", "both-ways", "whole", "folds"):
        sensors = ("EEG", "GSR") if name == "folds" else ("EEG",)
        fold = held_out(viewed, name)
        config = RunConfig(model="features-logreg", manifest=name, sensors=sensors, evaluation=FEW, folds=fold)
        finetune(viewed, config, folder / name)
    network = {"evaluation": FEW, "folds": held_out(viewed, "fast"), "training": Training(epochs=1, batch_size=32)}
    images = RunConfig(model="test-image-cnn", manifest="causal", images="pictures", **network)
    finetune(viewed, images, folder / "images")
    finetune(viewed, RunConfig(model="test-panluna", manifest="fast", sensors=("EEG",), **network), folder / "samples")
    return folder


def held_out(store, manifest):
    """The fold that the recording's person is judged in."""
    return tuple(store.manifest(manifest).rows.filter(recording_id=RECORDING)["split"].unique())
