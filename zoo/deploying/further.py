"""A network trained further, on grids or not: the same epochs, data and seed for both, so that they can be compared."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.utils.data import Subset

from zoo.deploying.fake import on_grid, settle
from zoo.deploying.ranges import unwatch, watch
from zoo.models.registry import model_config
from zoo.models.tuning import Tuning
from zoo.training.fed import Fed
from zoo.training.network import train_classifier

if TYPE_CHECKING:
    from zoo.learners.on_windows import WindowLearner
    from zoo.training.folds import Fold

SLOWER = 0.1
"""Learning rate, by that of the run: weights that are tuned already need small steps."""


def further(
    network: nn.Module, learner: WindowLearner, fold: Fold, epochs: int, bits: int | None, log: Path
) -> nn.Module:
    """Train a copy of a network further on a fold's training windows, and keep its best epoch by the validation loss.

    Parameters
    ----------
    network : Module
        Fitted on the same fold.
    learner : WindowLearner
    fold : Fold
    epochs : int
    bits : int, optional
        Of the weights; with 8, activations are on grids, too. In float where left out: the fair control, since a
        network that is trained for longer may be better for that alone.
    log : Path
        A new folder.

    Returns
    -------
    Module
        Of plain weights, those on the grid.
    """
    config, copy = learner.config, deepcopy(network)
    options = config.training.model_copy(
        update={"epochs": epochs, "patience": epochs, "lr": SLOWER * config.training.lr}
    )
    tuning = model_config(config.model).tuning or Tuning()
    blocks = tuning.blocks([name for name, _ in copy.named_parameters()], config.model)
    torch.manual_seed(config.seed)
    if bits is not None:
        on_grid(copy, bits)
    if bits == 8:
        watch(copy)
    fed = Fed(copy, tuning, blocks, options.drop_sensors, options.drop_channels)
    covered = learner.windows.placed.covered
    rows = fold.train[covered[fold.train]]
    train, val = (Subset(learner.windows, part.tolist()) for part in (rows, fold.val[covered[fold.val]]))
    codes, classes = learner.task.codes[rows], len(learner.task.classes)
    train_classifier(fed, train, val, codes, classes, options, config.seed, log, lambda _: None, "input")
    unwatch(copy)
    settle(copy)
    return copy.eval()
