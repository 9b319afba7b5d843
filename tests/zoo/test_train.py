"""Training of networks on tensors."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from torch.utils.data import Dataset

from zoo import create_model
from zoo.data.windows import Shuffled, loader
from zoo.runs.config import Training
from zoo.training.network import train_classifier


class Stripes(Dataset):
    """Images with bright stripes, along or across."""

    def __init__(self, count, seed, learnable=True):
        rng = np.random.default_rng(seed)
        self.codes = rng.integers(2, size=count)
        stripes = np.tile((np.arange(32) % 8 < 4) * 120, (count, 32, 1))
        stripes = np.where(self.codes[:, None, None] == 1, stripes.swapaxes(1, 2), stripes)
        noise = rng.integers(0, 120, stripes.shape)
        self.codes = self.codes if learnable else rng.integers(2, size=count)
        self.images = torch.from_numpy((stripes + noise).astype(np.uint8))[:, None]

    def __len__(self):
        return len(self.codes)

    def __getitems__(self, indices):
        return {"image": self.images[indices], "label": torch.from_numpy(self.codes[indices])}


def train(folder, seed=0, epochs=4, val=True, patience=6, learnable=True):
    torch.manual_seed(seed)
    network = create_model("image-cnn", size=32, width=8)
    options = Training(epochs=epochs, batch_size=16, lr=3e-3, patience=patience)
    told = []
    held = Stripes(32 if val else 0, 2, learnable)
    data = Stripes(96, 1, learnable)
    ran = train_classifier(network, data, held, data.codes, 2, options, seed, folder / "log", told.append)
    assert sum(told) == pytest.approx(1)
    return network.eval(), ran


def test_a_network_learns_what_is_there_to_learn(tmp_path):
    network, _ = train(tmp_path)
    unseen = Stripes(64, seed=9)
    right = network(unseen.images).argmax(dim=1).numpy() == unseen.codes
    assert right.mean() > 0.9
    log = pl.read_csv(tmp_path / "log" / "metrics.csv")
    assert {"epoch", "train_loss", "val_loss"} <= set(log.columns)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(tmp_path):
    states = [train(tmp_path / str(at), seed)[0].state_dict() for at, seed in enumerate((3, 3, 4))]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert any(not torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_training_stops_early_and_keeps_the_weights_of_the_best_epoch(tmp_path):
    network, ran = train(tmp_path, epochs=60, patience=2, learnable=False)
    assert ran < 60
    log = pl.read_csv(tmp_path / "log" / "metrics.csv")["val_loss"].drop_nulls()
    held = Stripes(32, 2, learnable=False)
    weight = torch.from_numpy(96 / (2 * np.bincount(Stripes(96, 1, learnable=False).codes))).float()
    codes = torch.from_numpy(held.codes)
    each = torch.nn.functional.cross_entropy(network(held.images), codes, reduction="none")
    # The log holds the mean of the means of two batches of 16, each weighted within.
    loss = np.mean(
        [
            (each * weight[codes])[half].sum().item() / weight[codes[half]].sum().item()
            for half in (slice(16), slice(16, 32))
        ]
    )
    assert loss == pytest.approx(log.min(), abs=1e-4)


def test_without_validation_all_epochs_are_run(tmp_path):
    assert train(tmp_path, epochs=2, val=False)[1] == 2


def test_order_is_new_each_epoch_and_the_same_for_a_seed():
    one, same = Shuffled(50, seed=1), Shuffled(50, seed=1)
    first = list(one)
    assert sorted(first) == list(range(50))
    assert first == list(same)
    one.set_epoch(1)
    assert list(one) != first
    same.set_epoch(1)
    assert list(one) == list(same)


def test_a_loader_gives_every_item_once_in_the_order_asked_for():
    data = Stripes(10, seed=0)
    batches = list(loader(data, 4))
    assert [len(batch["label"]) for batch in batches] == [4, 4, 2]
    assert torch.equal(torch.cat([batch["image"] for batch in batches]), data.images)
