"""Heads on cached embeddings: fusion within and across sensor types, what is missing, and whose weights they are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from typer.testing import CliRunner

from biocurate.errors import ManifestError, ModelError
from zoo import create_model
from zoo.cli import app
from zoo.embedding.making import embed
from zoo.embedding.slots import read_slots
from zoo.embedding.source import open_source
from zoo.embedding.windows import window_vectors
from zoo.embeddings_head.model import EmbeddingsHead, Fuse
from zoo.judging.judge import judge_on
from zoo.pretraining.config import PretrainConfig, Pretraining, TaskConfig
from zoo.pretraining.run import pretrain
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune

SLOTS = (("EEG", "a"), ("EEG", "b"), ("GSR", "a"))


def vectors(items=4, width=6):
    return torch.randn(items, 3, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("how", ["mean", "gate"])
def test_what_is_missing_has_no_weight_and_the_others_all(how):
    torch.manual_seed(0)
    x = list(vectors().unbind(1))
    fuse = Fuse(how, 6, 3)
    some = torch.tensor([True, False, True]).expand(4, 3)
    two = Fuse(how, 6, 2)
    if how == "gate":
        two.score.load_state_dict(fuse.score.state_dict())
    torch.testing.assert_close(fuse(x, some), two([x[0], x[2]], some[:, [0, 2]]))
    none = torch.zeros(4, 3, dtype=torch.bool)
    assert torch.equal(fuse(x, none), torch.zeros(4, 6))


def test_a_concatenation_holds_zeros_for_what_is_missing():
    x, present = vectors(), torch.tensor([True, False, True]).expand(4, 3)
    found = Fuse("concat", 6, 3)(list(x.unbind(1)), present)
    torch.testing.assert_close(found, torch.cat([x[:, 0], torch.zeros(4, 6), x[:, 2]], dim=1))


@pytest.mark.parametrize("within", ["mean", "concat", "gate"])
@pytest.mark.parametrize("across", ["mean", "concat", "gate"])
def test_every_fusion_scores_windows_that_lack_something_and_spoils_none_beside(within, across):
    torch.manual_seed(0)
    head = EmbeddingsHead(2, SLOTS, 6, within, across)
    x = vectors()
    whole = head(x)
    x[0, 2] = torch.nan
    x[1] = torch.nan
    found = head(x)
    assert found.isfinite().all()
    torch.testing.assert_close(found[2:], whole[2:])
    found.sum().backward()
    assert all(each.grad is not None and each.grad.isfinite().all() for each in head.parameters())


def test_a_mean_of_all_is_a_linear_layer_on_the_mean():
    torch.manual_seed(0)
    head, x = EmbeddingsHead(2, (("EEG", "a"), ("GSR", "a")), 6, "mean", "mean"), vectors()[:, :2]
    torch.testing.assert_close(head(x), head.head(x.mean(dim=1)))


def test_slots_hold_the_mean_over_channels_by_sensor_type_and_representation(store, source):
    embed(store, source, "pictures", "e")
    rows = store.manifest("holdout").rows
    found = read_slots(store, rows, ["e"])
    assert [sensor for sensor, _ in found.slots] == ["EEG", "EEG", "GSR", "GSR"]
    lacks = np.isnan(found.vectors).all(axis=2)
    assert lacks[:, :2].sum() == 0
    assert (rows["person"].to_numpy()[lacks[:, 2]] == "twin/p03").all()  # the last person has no GSR
    eeg = window_vectors(store, "e", ["waveform"], ["Fz", "Oz"])
    at = rows.with_row_index().join(eeg.rows, on=["recording_id", "t0_ns"], how="right", maintain_order="right")
    mine = next(at for at, (sensor, kind) in enumerate(found.slots) if sensor == "EEG" and kind.startswith("waveform"))
    np.testing.assert_allclose(found.vectors[at["index"].to_numpy(), mine], eeg.vectors, atol=1e-5)


def config(**changes):
    fields = {
        "model": "embeddings-head",
        "manifest": "holdout",
        "embeddings": ("e",),
        "training": Training(epochs=4, batch_size=8),
        "evaluation": Evaluation(draws=50, permutations=0),
    }
    return RunConfig(**{**fields, **changes})


def test_a_head_is_trained_on_cached_vectors_and_judged_the_same_from_its_checkpoint(store, source, tmp_path):
    embed(store, source, "pictures", "e")
    found = finetune(store, config(), tmp_path / "run")
    assert any("Frozen vectors of random0" in note for note in found.notes)
    again = judge_on(tmp_path / "run", store, "holdout", split="test")
    assert again.metrics == found.metrics
    without = finetune(store, config(options={"absent": ("GSR",)}), tmp_path / "without")
    assert any("MISSING when predicted, by choice: GSR" in note for note in without.notes)
    held = [pl.read_parquet(tmp_path / run / "predictions.parquet") for run in ("run", "without")]
    assert not held[0].equals(held[1])
    with pytest.raises(ModelError, match="no vector is of RESP"):
        finetune(store, config(options={"absent": ("RESP",)}), tmp_path / "of-nothing")


def test_vectors_of_trained_weights_are_taken_only_with_what_those_saw(store, source, tmp_path):
    tasks = (TaskConfig(manifest="folds", images="pictures", sensors=("EEG",)),)
    chosen = PretrainConfig(
        model="test-tiny-biomoe", tasks=tasks, pretraining=Pretraining(steps=2, batch_size=4, val_share=0.25)
    )
    pretrain(store, chosen, tmp_path / "demo")
    embed(store, open_source(str(tmp_path / "demo"), {}), "pictures", "e")
    with pytest.raises(ModelError, match="they were made by the weights of demo/model-demo-"):
        finetune(store, config(), tmp_path / "run")
    with pytest.raises(ManifestError, match="leak"):
        finetune(store, config(parent=str(tmp_path / "demo")), tmp_path / "run")
    embed(store, source, "pictures", "random")
    with pytest.raises(ModelError, match="not made by the weights"):
        let = ("person", "copy", "near copy", "crop", "overlap")
        other = config(parent=str(tmp_path / "demo"), embeddings=("random",), allow_leakage=let)
        finetune(store, other, tmp_path / "run")


def test_vectors_of_different_weights_are_not_mixed(store, source):
    embed(store, source, "pictures", "e")
    embed(store, open_source("test-tiny-biomoe", {}, seed=1), "pictures", "f")
    with pytest.raises(ModelError, match="made by different weights"):
        read_slots(store, store.manifest("holdout").rows, ["e", "f"])


def test_a_head_can_be_given_some_representations_alone(store, source, tmp_path):
    embed(store, source, "pictures", "e")
    rows = store.manifest("holdout").rows
    whole, some = read_slots(store, rows, ["e"]), read_slots(store, rows, ["e"], ["EEG"], ["waveform"])
    (at,) = [at for at, (sensor, kind) in enumerate(whole.slots) if sensor == "EEG" and kind.startswith("waveform-")]
    assert some.slots == (whole.slots[at],)
    np.testing.assert_array_equal(some.vectors[:, 0], whole.vectors[:, at])
    alone = finetune(store, config(options={"representations": ("waveform",)}), tmp_path / "run")
    assert not any("spectrogram-psd" in note for note in alone.notes)
    assert judge_on(tmp_path / "run", store, "holdout", split="test").metrics == alone.metrics
    with pytest.raises(ModelError, match=r"no window has a vector of scalogram.*\n?.*spectrogram-psd, waveform"):
        read_slots(store, rows, ["e"], representations=["scalogram"])


def test_the_command_trains_a_head_by_name(store, source, tmp_path):
    embed(store, source, "pictures", "e")
    asked = ["finetune", "embeddings-head", "--manifest", "holdout", "--embeddings", "e", "--run", str(tmp_path / "r")]
    more = [
        "--sensors",
        "EDA",
        "--set",
        "epochs=2",
        "--set",
        "permutations=0",
        "--set",
        "draws=50",
        "--set",
        "within=gate",
    ]
    done = CliRunner().invoke(app, [*asked, *more, "--store", store.url])
    assert done.exit_code == 0, done.output
    assert "embeddings-head" in done.stdout


def test_only_the_head_of_a_frozen_network_is_trained():
    network = create_model("test-tiny-biomoe", num_classes=2, tuned="head").train()
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert trained == {"head.1.weight", "head.1.bias"}
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network(torch.zeros(2, 1, 64, 64, dtype=torch.uint8)).sum().backward()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
