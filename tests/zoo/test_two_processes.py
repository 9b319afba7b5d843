"""Two processes that train together give what one gives with batches of twice the size, where nothing parts a batch.

That is: items in turn, the same number for each; no statistics over a batch, and no class that counts more.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from biocurate.errors import UsageError
from zoo.pretraining.choices import pretrain_config
from zoo.runs.config import Training
from zoo.training.network import train_classifier


class Points(Dataset):
    """Points of two classes."""

    def __init__(self, count, seed):
        rng = np.random.default_rng(seed)
        self.codes = rng.integers(2, size=count)
        self.points = (rng.standard_normal((count, 6)) + self.codes[:, None]).astype(np.float32)

    def __len__(self):
        return len(self.codes)

    def __getitems__(self, indices):
        return {"image": torch.from_numpy(self.points[indices]), "label": torch.from_numpy(self.codes[indices])}


def trained(folder, devices, batch_size):
    """Train a small network without norms, for three epochs of 48 points."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2))
    options = Training(epochs=3, batch_size=batch_size, devices=devices, class_weight="none", lr=1e-2, order="items")
    data, held = Points(48, 1), Points(16, 2)
    train_classifier(network, data, held, data.codes, 2, options, 5, folder, lambda share: None)
    return network.state_dict(), pl.read_csv(folder / "metrics.csv")


@pytest.mark.slow
def test_two_processes_give_the_figures_of_one_with_batches_of_twice_the_size(tmp_path):
    one, alone = trained(tmp_path / "one", 1, 16)
    two, together = trained(tmp_path / "two", 2, 8)
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-5)
    for column in ("train_loss", "val_loss"):
        np.testing.assert_allclose(together[column], alone[column], rtol=1e-4)


@pytest.mark.slow
def test_the_command_trains_in_two_processes_and_judges_every_window_once(cohort, tmp_path):
    store = cohort()
    asked = ["zoo", "finetune", "test-image-cnn", "--manifest", "folds", "--sensors", "EEG", "--fold", "fold0"]
    chosen = ["draw=spectrogram-psd", "epochs=1", "permutations=0", "draws=20"]
    given = [part for pair in chosen for part in ("--set", pair)]
    command = [sys.executable, "-m", "biocurate", *asked, *given, "--devices", "2"]
    done = subprocess.run(
        [*command, "--run", str(tmp_path / "run"), "--store", store.url, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    held = pl.read_parquet(tmp_path / "run" / "predictions.parquet")
    rows = store.manifest("folds").rows.filter(pl.col("split") == "fold0")
    assert sorted(held["window_id"]) == sorted(rows["window_id"])
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["windows"] == rows.height


@pytest.mark.parametrize("given", [({}, ["devices=2"]), ({"pretraining": {"nodes": 2}}, [])])
def test_a_pre_training_of_several_processes_is_refused(given):
    choices, pairs = given
    with pytest.raises(UsageError, match=r"runs in one process: it has no (devices|nodes)"):
        pretrain_config({"tasks": [{"manifest": "m", "images": "i"}], **choices}, "test-tiny-biomoe", pairs, "--config")
