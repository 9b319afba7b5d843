"""A stored set, scaled by the train split of one fold, was trained on all folds; a head on vectors ignored images."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import BiocurateError
from biocurate.images.making.generate import generate
from biocurate.images.making.scaling import scaled
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, put
from zoo.embedding.making import embed
from zoo.embedding.source import open_source
from zoo.runs.run_file import run_config
from zoo.training.finetune import finetune

SMALL = ("size=32", "width=8", "epochs=1", "batch_size=16", "draws=20", "permutations=0")
DEFINITION = {"windows": {"length": "10s"}, "label": {"column": "condition"}}
FOLDS = {"method": "kfold", "folds": 3}


def person(label, number):
    x = np.random.default_rng([number, label == "task"]).integers(-3000, 3000, (1, 40 * 64)).astype(np.int16)
    channels = (Channel(label="Oz", name="Oz", unit="uV", gain=0.01),)
    stream = Stream(SensorType("EEG"), 64.0, channels, (Segment(0, x.shape[1]),), ArraySamples(x))
    return Recording((stream,), (interval(0, 40, label),))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Six persons at rest and in a task, and a set whose range is of fold0's train split."""
    store = create_store(str(tmp_path_factory.mktemp("store") / "s"))
    names = [(label, number) for number in range(6) for label in ("rest", "task")]
    recordings = {f"twin/p{number}_{label}": person(label, number) for label, number in names}
    put(store, recordings, {f"twin/p{number}_{label}": f"p{number}" for label, number in names})
    for name, split in {"folds": FOLDS, "other": {**FOLDS, "folds": 2}}.items():
        build_manifest(store, parse_definition({"name": name, "split": split, **DEFINITION}))
    folds = store.manifest("folds")
    drawn = scaled(store, folds, "spectrogram-psd", "EEG", "train", held_out="fold0")
    generate(store, folds, drawn, ["EEG"], image_set="of-fold0")
    return store


def run(store, folder, pairs=SMALL, **given):
    base = {"model": "image-cnn", "manifest": "folds", "sensors": ("EEG",), "images": "of-fold0"}
    return finetune(store, run_config({}, {**base, **given}, pairs), folder)


def test_a_range_of_one_fold_does_not_serve_all(store, tmp_path):
    with pytest.raises(BiocurateError, match=r"fold0 held out.*fold1, fold2(?s:.*)--fold fold0"):
        run(store, tmp_path / "run")
    with pytest.raises(BiocurateError, match="fold1"):
        run(store, tmp_path / "run", folds=("fold0", "fold1"))
    assert not (tmp_path / "run").exists()


def test_the_fold_whose_range_it_is_can_be_trained(store, tmp_path):
    run(store, tmp_path / "run", folds=("fold0",))
    assert (tmp_path / "run" / "model-fold0.safetensors").exists()


def test_nor_do_embeddings_of_such_a_set(store, tmp_path):
    embed(store, open_source("test-tiny-biomoe", {}), "of-fold0", "e")
    head = {"model": "embeddings-head", "embeddings": ("e",), "images": None}
    with pytest.raises(BiocurateError, match=r"fold0 held out.*fold1, fold2"):
        run(store, tmp_path / "run", SMALL[2:], **head)
    run(store, tmp_path / "run", SMALL[2:], folds=("fold0",), **head)


def test_a_range_of_another_manifest_is_refused(store, tmp_path):
    with pytest.raises(BiocurateError, match=r"of another manifest(?s:.*)--scale train"):
        run(store, tmp_path / "run", manifest="other", folds=("fold0",))


@pytest.mark.parametrize("given", [{"images": "of-fold0"}, {"images": None, "drawing": {"draw": ["waveform"]}}])
def test_a_head_on_vectors_takes_no_images(store, tmp_path, given):
    drawing = [f"draw={kind}" for kind in given.get("drawing", {}).get("draw", ())]
    chosen = {"model": "embeddings-head", "embeddings": ("some",), "images": given["images"]}
    with pytest.raises(BiocurateError, match="it takes no images"):
        run(store, tmp_path / "run", drawing, **chosen)
