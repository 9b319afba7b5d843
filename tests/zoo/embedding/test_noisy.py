"""Heads on stored vectors judged with noise: samples drawn and embedded anew, by the network that made the vectors."""

from __future__ import annotations

import json
import shutil

import numpy as np
import polars as pl
import pytest
import torch
from typer.testing import CliRunner

from biocurate.curate.leakage.seen import write_seen
from biocurate.errors import ModelError, UsageError
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.store.store import open_store
from zoo import create_model
from zoo.cli import app
from zoo.data.noise import Noise
from zoo.embedding.live import BATCH, LiveVectors
from zoo.embedding.making import embed
from zoo.embedding.slots import read_slots, slot_rows
from zoo.embedding.source import open_again, open_source
from zoo.judging.again import Again
from zoo.judging.judge import judge_again
from zoo.judging.noisy import judge_with_noise
from zoo.learners import prepare
from zoo.models.registry import model_config
from zoo.runs import checkpoint
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.runs.importing import nobody
from zoo.training.finetune import finetune


def weights_in(folder, seed):
    """A checkpoint of a small network, which saw nobody."""
    folder.mkdir()
    torch.manual_seed(seed)
    network, model = create_model("test-tiny-biomoe"), "test-tiny-biomoe"
    options = model_config(model).options().model_dump()
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    about = {"model": model, "options": options, "persons": [], "content": [], "parents": [], "manifest": None}
    checkpoint.save(folder / "model-made.safetensors", tensors, about)
    write_seen(folder, nobody())


def config(**changes):
    fields = {
        "model": "embeddings-head",
        "manifest": "holdout",
        "embeddings": ("v",),
        "training": Training(epochs=4, batch_size=8),
        "evaluation": Evaluation(draws=20, permutations=0),
    }
    return RunConfig(**{**fields, **changes})


@pytest.fixture(scope="module")
def store(_pictured, tmp_path_factory):
    """The store of `conftest`, and vectors `v` of its images: two representations of two sensor types."""
    folder = tmp_path_factory.mktemp("noisy") / "s"
    shutil.copytree(_pictured, folder)
    embed(open_store(str(folder)), open_source("test-tiny-biomoe", {}), "pictures", "v")
    return open_store(str(folder))


@pytest.fixture(scope="module")
def run(store, tmp_path_factory):
    """A head on them, which were made by random weights."""
    folder = tmp_path_factory.mktemp("run") / "run"
    finetune(store, config(), folder)
    return folder


@pytest.fixture(scope="module")
def live(store, source):
    """Stored vectors of all windows, and what makes them anew."""
    rows = store.manifest("holdout").rows
    stored = read_slots(store, rows, ["v"])
    return stored, LiveVectors(store, "holdout", slot_rows(store, rows, ["v"]), stored.vectors.shape[1:], source)


def test_vectors_made_anew_are_those_that_are_stored(live):
    stored, anew = live
    asked = np.array([5, 0, 17, len(stored.vectors) - 1])
    for by in (None, Noise("white", np.inf)):
        np.testing.assert_allclose(anew.of(asked, by), stored.vectors[asked], atol=1e-5)


def test_noise_changes_what_is_there_and_gives_no_vector_to_what_is_not(live):
    stored, anew = live
    asked = np.arange(len(stored.vectors))
    made = anew.of(asked, Noise("white", 0.0))
    np.testing.assert_array_equal(np.isnan(made), np.isnan(stored.vectors))
    there = ~np.isnan(made).any(axis=2)
    assert not there.all()  # the last person has no GSR
    assert (np.abs(made - stored.vectors).max(axis=2)[there] > 1e-4).all()
    # A window's noise is its own: the same whatever is asked for beside it.
    np.testing.assert_allclose(anew.of(asked[7:9], Noise("white", 0.0)), made[7:9], atol=1e-5)


def test_only_windows_asked_for_are_embedded_and_in_bounded_batches(live, monkeypatch):
    _, anew = live
    seen = []
    network = anew.source.network
    inner = network.embed
    monkeypatch.setattr(network, "embed", lambda images: (seen.append(len(images)), inner(images))[1])
    asked = np.arange(12)
    anew.of(asked, Noise("white", 0.0))
    assert sum(seen) == anew.rows.filter(pl.col("place").is_in(asked.tolist())).height
    assert max(seen) <= BATCH


def test_at_infinity_predictions_are_those_of_the_run(store, run):
    again = Again.of(run, store)
    learner = prepare(store, again.task, again.config)
    learner.disturb(Noise("white", np.inf))
    found = again.predicted(learner, again.task)
    names = [name for name in found.columns if name.startswith("p_")]
    both = again.kept.join(found, on="window_id", suffix="_again")
    assert both.height == again.kept.height
    apart = both.select(names).to_numpy() - both.select(f"{name}_again" for name in names).to_numpy()
    assert np.abs(apart).max() < 1e-4


def test_figures_at_infinity_are_those_of_the_run_and_noise_changes_them(store, run):
    found = judge_with_noise(run, store, ["white"], [float("inf"), -20.0])
    none, infinite, loud = found.rows
    plain = judge_again(run)
    for row in (none, infinite):
        assert row.metrics["auroc"].value == pytest.approx(plain.metrics["auroc"].value)
    assert loud.windows == none.windows
    assert loud.metrics["auroc"].value != none.metrics["auroc"].value
    assert any("embedded by the network that made the run's vectors" in note for note in found.notes)


def test_sensor_types_that_are_absent_by_choice_stay_absent(store, tmp_path):
    finetune(store, config(options={"absent": ("GSR",)}), tmp_path / "run")
    again = Again.of(tmp_path / "run", store)
    learner = prepare(store, again.task, again.config)
    learner.disturb(Noise("white", np.inf))
    again.check_same(again.predicted(learner, again.task), tmp_path / "run")


def test_weights_that_were_moved_are_named_and_others_are_refused(store, tmp_path):
    folder, moved, run = (tmp_path / name for name in ("weights", "moved", "run"))
    weights_in(folder, seed=3)
    embed(store, open_source(str(folder), {}), "pictures", "trained")
    finetune(store, config(embeddings=("trained",), parent=str(folder)), run)
    shutil.move(folder, moved)
    with pytest.raises(ModelError, match=r"the weights that made its vectors are not here(.|\n)*--weights DIR"):
        judge_with_noise(run, store, ["white"], [10.0])
    found = judge_with_noise(run, store, ["white"], [float("inf")], weights=moved)
    assert all(abs(less.value) < 1e-9 for less in found.rows[1].less.values())
    weights_in(folder, seed=4)  # others, where the first ones lay
    for named in (None, folder):
        with pytest.raises(ModelError, match=r"not made by the weights of(.|\n)*--weights"):
            judge_with_noise(run, store, ["white"], [10.0], weights=named)


def test_vectors_that_another_network_made_since_are_refused(store, run, tmp_path):
    shutil.copytree(store.objects.folder, tmp_path / "s")
    other = open_store(str(tmp_path / "s"))
    embed(other, open_source("test-tiny-biomoe", {}, seed=7), "pictures", "v", overwrite=True)
    with pytest.raises(ModelError, match="other predictions than the run kept"):
        judge_with_noise(run, other, ["white"], [10.0])


def test_images_that_are_drawn_otherwise_than_the_stored_ones_are_refused(store, source, live):
    """A vector that is stored is what tells: here those of one image stand in for another's."""
    rows = slot_rows(store, store.manifest("holdout").rows, ["v"])
    wrong = rows.with_columns(pl.col("row").reverse().over("part"))
    with pytest.raises(ModelError, match="its images give other vectors"):
        LiveVectors(store, "holdout", wrong, live[0].vectors.shape[1:], source)


def test_images_that_are_gone_are_counted(store, source, live):
    generate(store, store.manifest("holdout"), representation("waveform"), ["GSR"], image_set="fewer")
    rows = slot_rows(store, store.manifest("holdout").rows, ["v"]).with_columns(image_set=pl.lit("fewer"))
    with pytest.raises(ModelError, match=r"\d+ of the images are gone"):
        LiveVectors(store, "holdout", rows, live[0].vectors.shape[1:], source)


def test_a_set_of_another_size_is_refused_with_the_size_to_take(store, source):
    generate(store, store.manifest("holdout"), representation("waveform"), ["GSR"], image_set="large", size=96)
    embed(store, source, "large", "large")
    rows = slot_rows(store, store.manifest("holdout").rows, ["large"])
    with pytest.raises(UsageError, match=r"stored at 96 pixels(.|\n)*--render"):
        LiveVectors(store, "holdout", rows, (1, 1), source)


def test_weights_are_for_runs_of_stored_vectors_and_for_noise(store, run, tmp_path):
    finetune(
        store,
        RunConfig(
            model="features-logreg",
            manifest="holdout",
            sensors=("EEG",),
            evaluation=Evaluation(draws=20, permutations=0),
        ),
        tmp_path / "features",
    )
    with pytest.raises(UsageError, match="takes no stored vectors"):
        judge_with_noise(tmp_path / "features", store, ["white"], [10.0], weights=tmp_path)
    done = CliRunner().invoke(app, ["evaluate", str(run), "--weights", str(tmp_path)])
    assert isinstance(done.exception, UsageError)


def test_the_command_tries_a_head(store, run):
    given = ["evaluate", str(run), "--store", store.url, "--noise", "white", "--snr", "20,0", "--json"]
    done = CliRunner().invoke(app, given, catch_exceptions=False)
    assert [(row["kind"], row["snr_db"]) for row in json.loads(done.stdout)["rows"]] == [
        ("none", None), ("white", 20.0), ("white", 0.0)
    ]  # fmt: skip


def test_random_weights_that_cannot_be_made_again_are_refused():
    """Of other options than the model's own nothing tells but their hash."""
    with pytest.raises(ModelError, match=r"random weights cannot be made again(.|\n)*take vectors of a checkpoint"):
        open_again("test-tiny-biomoe", "random0", "0" * 64, None)
