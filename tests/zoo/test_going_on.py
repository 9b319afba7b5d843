"""A training that is killed goes on to the same curve and the same weights as one that is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import torch

from zoo.data.windows import Shuffled
from zoo.runs.config import Training
from zoo.training.going_on import DONE, STATE

from .dying import OPTIONS, train

BATCHES = 7
"""Of an epoch: 52 items in batches of 8, two batches a step."""


def killed(folder, at, in_validation=0, order="items"):
    """Train in a process of its own until SIGKILL."""
    program = Path(__file__).with_name("dying.py")
    ended = subprocess.run([sys.executable, program, folder, str(at), str(in_validation), order], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (folder / DONE).exists()


@pytest.mark.slow
def test_training_killed_thrice_ends_with_the_weights_and_the_curve_of_one_that_was_not(tmp_path):
    whole, epochs = train(tmp_path / "whole")
    assert epochs == OPTIONS.epochs
    folder = tmp_path / "killed"
    killed(folder, at=6)  # within the first epoch, between two batches of a step
    state = torch.load(folder / STATE, weights_only=True)
    assert state["order"] == {"epoch": 0, "seen": 4 * OPTIONS.batch_size}
    killed(folder, at=0, in_validation=5)  # in the validation of the second epoch
    killed(folder, at=BATCHES + 2)  # in the third epoch: the second one's end is done again
    again, epochs = train(folder)
    assert epochs == OPTIONS.epochs
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert (folder / "metrics.csv").read_bytes() == (tmp_path / "whole" / "metrics.csv").read_bytes()


def test_one_that_reads_by_blocks_goes_on_in_the_middle_of_an_epoch(tmp_path):
    options = OPTIONS.model_copy(update={"order": "blocks"})
    whole, _ = train(tmp_path / "whole", options=options)
    folder = tmp_path / "killed"
    killed(folder, at=BATCHES + 6, order="blocks")
    state = torch.load(folder / STATE, weights_only=True)
    assert state["order"] == {"epoch": 1, "seen": 4 * OPTIONS.batch_size}
    again, epochs = train(folder, options=options)
    assert epochs == OPTIONS.epochs
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert (folder / "metrics.csv").read_bytes() == (tmp_path / "whole" / "metrics.csv").read_bytes()


def test_a_training_that_has_ended_is_read_and_not_done_again(tmp_path):
    first, _ = train(tmp_path)
    again, epochs = train(tmp_path, die_at=1)
    assert epochs == OPTIONS.epochs
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_an_early_stop_that_was_decided_stays_decided(tmp_path):
    options = OPTIONS.model_copy(update={"epochs": 40, "patience": 1, "lr": 1e-12})
    first, epochs = train(tmp_path, options=options)
    assert epochs < 40
    (tmp_path / DONE).unlink()
    again, same = train(tmp_path, die_at=1, options=options)  # a batch would be one too many
    assert same == epochs
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_an_order_that_was_cut_short_leaves_out_what_was_seen_in_that_epoch_alone():
    whole, cut = Shuffled(20, seed=1), Shuffled(20, seed=1)
    cut.go_on(1, 8)
    for epoch in range(3):
        whole.set_epoch(epoch)
        cut.set_epoch(epoch)
        assert list(cut) == list(whole)[8 if epoch == 1 else 0 :]
    assert len(cut) == 20


def test_batches_of_a_step_are_one_larger_batch(tmp_path):
    common = {"epochs": 3, "lr": 1e-3, "class_weight": "none"}
    parts, _ = train(tmp_path / "parts", options=Training(batch_size=4, accumulate=13, **common), dropout=0.0)
    whole, _ = train(tmp_path / "whole", options=Training(batch_size=52, **common), dropout=0.0)
    for name in parts:  # AdamW makes a full step of a gradient that is all rounding
        near = torch.isclose(parts[name], whole[name], atol=1e-5)
        assert near.float().mean() > 0.9
    losses = [pl.read_csv(tmp_path / name / "metrics.csv")["train_loss"].to_list() for name in ("parts", "whole")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_mixed_precision_leaves_weights_in_float32(tmp_path):
    weights, _ = train(tmp_path, options=OPTIONS.model_copy(update={"precision": "bf16-mixed", "clip_norm": 1.0}))
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
    assert all(tensor.isfinite().all() for tensor in weights.values())


@pytest.mark.slow
def test_two_processes_train_together_on_different_items(tmp_path):
    options = OPTIONS.model_copy(update={"devices": 2, "epochs": 2})
    weights, epochs = train(tmp_path, options=options)
    assert epochs == 2
    assert all(tensor.isfinite().all() for tensor in weights.values())
    assert (tmp_path / "metrics.csv").read_text().count("\n") == 3
