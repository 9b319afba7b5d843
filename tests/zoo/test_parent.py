"""A training that starts from another run's weights: nobody whom these saw is judged, and the chain is kept."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import polars as pl
import pytest

from biocurate.curate.leakage.seen import read_seen
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError, ModelError, UsageError
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.store.store import create_store
from biocurate.testing.memory import put
from zoo.judging.judge import judge_on
from zoo.runs.checkpoint import load
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune

from .conftest import person_at


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Twelve persons: six in `first`, six in `second`, and in `all` three of the first beside the second."""
    store = create_store(str(tmp_path_factory.mktemp("line") / "s"))
    recordings = {
        f"a/p{n:02d}_{label}": person_at(label, n, 1.0, False) for n in range(12) for label in ("rest", "task")
    }
    put(store, recordings, {name: name[2:5] for name in recordings})
    label = {"column": "condition", "keep": ["rest", "task"]}
    drawing = representation("spectrogram-psd", segment=32)
    for name, where in (("first", "subject < 'p06'"), ("second", "subject >= 'p06'"), ("all", "subject >= 'p03'")):
        split = {"fractions": {"train": 0.5, "test": 0.5}, "seed": 5 if name == "all" else 1}
        fields = {"name": name, "windows": {"length": "10s"}, "label": label, "split": split, "where": where}
        manifest = build_manifest(store, parse_definition(fields))
        generate(store, manifest, drawing, ["EEG"], image_set=name)
    return store


def config(name, **changes):
    return RunConfig(
        model="test-image-cnn",
        manifest=name,
        images=name,
        training=Training(epochs=1, batch_size=16),
        evaluation=Evaluation(draws=20, permutations=0),
        **changes,
    )


@pytest.fixture(scope="module")
def line(store, tmp_path_factory):
    """A run on `first`, and one on `second` that starts from it."""
    folder = tmp_path_factory.mktemp("runs")
    finetune(store, config("first"), folder / "one")
    found = finetune(store, config("second", parent=str(folder / "one")), folder / "two")
    return folder, found


def test_a_checkpoint_tells_whom_it_and_its_parents_saw(store, line):
    folder, found = line
    one, two = (load(folder / name / "model-holdout.safetensors").about for name in ("one", "two"))
    assert one["parents"] == []
    digest = sha256((folder / "one" / "model-holdout.safetensors").read_bytes()).hexdigest()
    assert [(each["name"], each["sha256"]) for each in two["parents"]] == [("one/model-holdout.safetensors", digest)]
    assert set(one["persons"]) < set(two["persons"])
    assert set(one["content"]) < set(two["content"])
    assert two["content"] == sorted(set(read_seen(folder / "two")["digest"]))
    assert two["config"]["manifest"] == "second"
    assert {"torch", "biocurate"} <= set(two["versions"])
    assert any(note.startswith("Weights start from one/model-holdout.safetensors") for note in found.notes)


def test_weights_start_from_the_parent(store, line, tmp_path):
    folder, _ = line
    still = config("second", parent=str(folder / "one")).model_copy(update={"training": Training(epochs=1, lr=1e-12)})
    finetune(store, still, tmp_path / "still")
    one, same = (load(path / "model-holdout.safetensors").tensors for path in (folder / "one", tmp_path / "still"))
    for name in one:
        np.testing.assert_allclose(one[name], same[name], atol=1e-6)


def test_persons_whom_a_parent_saw_are_not_judged_on(store, line, tmp_path):
    folder, _ = line
    with pytest.raises(ManifestError, match=r"of kind person.*trained on by one/model-holdout") as caught:
        finetune(store, config("all", parent=str(folder / "one")), tmp_path / "run")
    assert "--allow-leakage" in caught.value.mend
    trained = set(load(folder / "one" / "model-holdout.safetensors").about["persons"])
    rows = store.manifest("first").rows
    split = rows.filter(pl.col("person").is_in(sorted(trained)))["split"][0]
    with pytest.raises(ModelError, match="it was trained on"):
        judge_on(folder / "two", store, "first", split=split)


def test_a_parent_that_does_not_fit_is_refused(store, line, tmp_path):
    folder, _ = line
    wide = config("second", parent=str(folder / "one"), options={"width": 16})
    with pytest.raises(ModelError, match="most of its weights do not fit"):
        finetune(store, wide, tmp_path / "run")
    other = config("second", parent=str(folder / "one")).model_copy(update={"model": "image-cnn"})
    with pytest.raises(ModelError, match="it is of test-image-cnn, not of image-cnn"):
        finetune(store, other, tmp_path / "run")
    with pytest.raises(UsageError, match="it holds 0 checkpoints"):
        finetune(store, config("second", parent=str(folder)), tmp_path / "run")
    solved = RunConfig(model="features-logreg", manifest="second", parent=str(folder / "one"))
    with pytest.raises(ModelError, match="not of features-logreg"):
        finetune(store, solved, tmp_path / "run")
