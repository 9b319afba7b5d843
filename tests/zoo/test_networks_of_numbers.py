"""Networks told to give a number: on samples, on images and on frozen vectors, with the figures of `features-ridge`."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import torch

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.images.making.generate import generate
from biocurate.images.making.scaling import scaled
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, put
from zoo.data.task import KINDS, Task
from zoo.deploying.network import open_network
from zoo.deploying.onnx_file import about
from zoo.embedding.making import embed
from zoo.embedding.source import open_source
from zoo.judging.comparing.compare import compare
from zoo.judging.judge import judge_again, judge_on
from zoo.learners import prepare
from zoo.learners.answers import Answers
from zoo.runs import checkpoint
from zoo.runs.config import RunConfig
from zoo.training.finetune import finetune
from zoo.training.network import loss_of

PERSONS, SECONDS, RATE, EACH = 8, 48, 256, 2


def person_of(number):
    """EEG whose 12 Hz grows with a level, in hundreds, that changes every two seconds; all have the same range.

    At 32 pixels an image of whole hertz shows every fourth.
    """
    rng = np.random.default_rng(number)
    levels = rng.uniform(100, 900, SECONDS // EACH).round()
    levels[:2] = 100, 900
    t = np.arange(SECONDS * RATE) / RATE
    x = np.repeat(levels, EACH * RATE) / 100 * np.sin(2 * np.pi * 12 * t) + 2 * rng.standard_normal(t.size)
    gain = float(np.abs(x).max()) / 32000
    samples = ArraySamples(np.round(x / gain).astype(np.int16)[None])
    channels = (Channel(label="Oz", name="Oz", unit="uV", gain=gain),)
    eeg = Stream(SensorType("EEG"), float(RATE), channels, (Segment(0, len(x)),), samples)
    labels = [interval(EACH * at, EACH, str(level), "level") for at, level in enumerate(levels)]
    return Recording((eeg,), tuple(labels))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Windows of two seconds, their spectrograms, and these embedded by a frozen network."""
    store = create_store(str(tmp_path_factory.mktemp("numbers") / "s"))
    put(
        store,
        {f"n/p{who}": person_of(who) for who in range(PERSONS)},
        {f"n/p{who}": f"p{who}" for who in range(PERSONS)},
    )
    asked = {"windows": {"length": f"{EACH}s"}, "label": {"column": "level", "kind": "number"}}
    folds = {"method": "kfold", "folds": 2}
    made = build_manifest(store, parse_definition({"name": "levels", "split": folds, **asked}))
    parts = {"fractions": {"train": 0.5, "test": 0.5}, "seed": 1}
    build_manifest(store, parse_definition({"name": "held", "split": parts, **asked}))
    drawn = scaled(store, made, "spectrogram-psd", "EEG", "recording")
    generate(store, made, drawn, ["EEG"], image_set="psd")
    embed(store, open_source("test-tiny-biomoe", {}), "psd", "vectors")
    return store


OF = {
    "windows": {"model": "test-panluna", "sensors": ("EEG",)},
    "images": {"model": "test-image-cnn", "images": "psd"},
    "vectors": {"model": "embeddings-head", "embeddings": ("vectors",)},
}


def config(what, epochs=1, permutations=0, **changes):
    training = {"epochs": epochs, "batch_size": 8, "lr": 3e-3, "patience": epochs}
    judged = {"permutations": permutations, "draws": 50}
    return RunConfig(**{"manifest": "levels", **OF[what], "training": training, "evaluation": judged, **changes})


@pytest.fixture(scope="module")
def trained(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "cnn"
    return folder, finetune(store, config("images", 8, 1), folder)


def test_a_planted_number_is_learnt_in_its_own_unit_beside_the_controls(trained):
    """The mean absolute error of the training mean is near 200: levels lie between 100 and 900."""
    _, found = trained
    assert set(found.metrics) == {"rmse", "mae", "r2", "spearman"}
    assert set(found.controls) == {"train mean", "time order", "fingerprint", "permuted"}
    assert found.metrics["spearman"].value > 0.3 > 0.15 > abs(found.controls["permuted"]["spearman"].value)
    assert found.metrics["r2"].value > 0 > found.controls["permuted"]["r2"].value
    assert found.metrics["mae"].value < found.controls["train mean"]["mae"].value
    assert 150 < found.controls["train mean"]["mae"].value < 300


@pytest.mark.parametrize("what", OF)
def test_every_kind_of_network_gives_a_number_and_gives_it_again_when_loaded(store, tmp_path, what):
    chosen = config(what, folds=("fold0",))
    finetune(store, chosen, tmp_path / "run")
    held = pl.read_parquet(tmp_path / "run" / "predictions.parquet").sort("window_id")
    task = Task.of(store.manifest("levels"), KINDS)
    mine = (task.rows["split"] == "fold0").to_numpy()
    assert held["train_mean"].to_numpy() == pytest.approx(task.codes[~mine].mean(), rel=0.2)
    kept = checkpoint.load(tmp_path / "run" / "model-fold0.safetensors")
    assert (kept.about["task"], kept.about["options"]["num_classes"]) == ("regression", 1)
    rows = np.flatnonzero(mine)[np.argsort(task.rows["window_id"].to_numpy()[mine])]
    said = prepare(store, task, chosen).load(kept.tensors, kept.about).predict(rows)
    np.testing.assert_allclose(said, held.select("predicted", "train_mean").to_numpy(), rtol=1e-5)


def test_such_a_run_is_judged_again_compared_and_judged_on_other_windows(store, trained, tmp_path):
    folder, found = trained
    assert judge_again(folder).to_json() == found.to_json()
    finetune(store, config("vectors", permutations=0), tmp_path / "head")
    (pair,) = compare([folder, tmp_path / "head"]).pairs
    assert pair.metric == "mae" and pair.value_a < pair.value_b
    finetune(store, config("images", manifest="held"), tmp_path / "held")
    again = judge_on(tmp_path / "held", store, "held", split="test")
    held = pl.read_parquet(tmp_path / "held" / "predictions.parquet")
    error = (held["predicted"] - held["label"]).abs().mean()
    assert again.metrics["mae"].value == pytest.approx(error, rel=1e-5)


def test_an_exported_file_says_what_its_scores_are_in(trained):
    file = trained[0] / "model-fold0.safetensors"
    mean, spread = json.loads(about(open_network(str(file)))["number"])
    assert 100 < spread < mean < 900
    assert checkpoint.load(file).about["number"] == [mean, spread]


def test_scores_are_standard_deviations_from_the_training_windows_mean(store):
    task = Task.of(store.manifest("levels"), KINDS)
    answers = Answers.of(task, np.array([2.0, 4.0, 6.0]))
    taught = answers.targets(np.array([2.0, 4.0, 6.0]))
    torch.testing.assert_close(taught, torch.tensor([-1.2247449, 0.0, 1.2247449]))
    torch.testing.assert_close(
        answers.said(taught[:, None]), torch.tensor([[2.0, 4.0], [4.0, 4.0], [6.0, 4.0]], dtype=torch.float64)
    )
    assert Answers.again(task, answers.about()) == answers
    assert Answers.of(task, np.array([3.0, 3.0])).number == (3.0, 1.0)


def test_the_loss_is_the_squared_error():
    scores, target = torch.tensor([[1.0], [3.0]]), torch.tensor([0.0, 1.0])
    found = loss_of(np.array([0.0, 1.0]), 1, config("images").training)(scores, target)
    assert float(found) == pytest.approx((1 + 4) / 2)
