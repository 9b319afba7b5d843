"""Training of networks by Lightning."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import polars as pl
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.loggers import CSVLogger
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from zoo.config import Training
from zoo.data import Batch, loader


class Classification(lightning.LightningModule):
    """Cross entropy of a network's class scores, by AdamW.

    Parameters
    ----------
    network : Module
        From inputs to logits, shape (batch, classes).
    class_weight : Tensor, shape (classes,)
    options : Training
    inputs : str
        Field of a batch that the network takes.
    """

    def __init__(self, network: nn.Module, class_weight: Tensor, options: Training, inputs: str = "image") -> None:
        super().__init__()
        self.network, self.options, self.inputs = network, options, inputs
        self.loss = nn.CrossEntropyLoss(weight=class_weight)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Loss of a training batch."""
        return self._step(batch, "train_loss")

    def validation_step(self, batch: Batch, _: int) -> None:
        """Loss of a validation batch."""
        self._step(batch, "val_loss")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; norms and biases are not decayed."""
        parameters = list(self.network.parameters())
        groups: list[dict[str, Any]] = [
            {"params": [each for each in parameters if each.ndim > 1], "weight_decay": self.options.weight_decay},
            {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.options.lr)

    def _step(self, batch: Batch, name: str) -> Tensor:
        loss: Tensor = self.loss(self.network(batch[self.inputs]), batch["label"])
        self.log(name, loss, on_step=False, on_epoch=True, batch_size=len(batch["label"]))
        return loss


class BestWeights(Callback):
    """Keep the weights of the epoch with the lowest validation loss, in memory."""

    def __init__(self) -> None:
        self.loss = math.inf
        self.epoch: int | None = None
        self._state: dict[str, Tensor] | None = None

    def on_validation_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Copy the weights where they are the best so far."""
        loss = float(trainer.callback_metrics["val_loss"])
        if loss < self.loss:
            self.loss, self.epoch = loss, trainer.current_epoch
            self._state = {name: tensor.detach().clone() for name, tensor in pl_module.state_dict().items()}

    def restore(self, module: lightning.LightningModule) -> None:
        """Put the best weights back; the last ones stay where nothing was validated."""
        if self._state is not None:
            module.load_state_dict(self._state)


class _Told(Callback):
    def __init__(self, advance: Callable[[float], None], epochs: int) -> None:
        self.advance, self.share, self.left = advance, 1 / epochs, 1.0

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.left -= self.share
        self.advance(self.share)


def train_classifier(
    network: nn.Module,
    train: Dataset[Batch],
    val: Dataset[Batch],
    codes: NDArray[np.intp],
    n_classes: int,
    options: Training,
    seed: int,
    log: Path,
    advance: Callable[[float], None],
) -> int:
    """Train a network in place; it ends with the weights of its best epoch.

    Parameters
    ----------
    network : Module
    train, val : Dataset
        Where `val` is empty, training runs for all epochs and keeps the last weights.
    codes : array of int
        Classes of the training windows, for the class weights.
    n_classes : int
    options : Training
    seed : int
        The same seed, data and machine give the same weights.
    log : Path
        Folder of ``metrics.csv``, the loss curve.
    advance : callable
        Is told the share of the work that is done.

    Returns
    -------
    int
        Epochs that were run.
    """
    module = Classification(network, _class_weight(codes, n_classes, options), options)
    best, told = BestWeights(), _Told(advance, options.epochs)
    validated = len(val) > 0  # type: ignore[arg-type]
    callbacks: list[Callback] = [told]
    if validated:
        callbacks += [best, EarlyStopping("val_loss", patience=options.patience)]
    with _quiet():
        lightning.seed_everything(seed, workers=True, verbose=False)
        trainer = lightning.Trainer(
            max_epochs=options.epochs,
            devices=1,
            deterministic=True,
            logger=CSVLogger(log.parent, name="", version=log.name),
            callbacks=callbacks,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
        )
        trainer.fit(
            module,
            loader(train, options.batch_size, options.workers, seed=seed),
            loader(val, options.batch_size, options.workers) if validated else None,
        )
    best.restore(module)
    _one_row_an_epoch(log / "metrics.csv")
    advance(told.left)
    return int(trainer.current_epoch)


def _one_row_an_epoch(path: Path) -> None:
    """Join the rows that Lightning writes of an epoch, one for training and one for validation."""
    rows = pl.read_csv(path, infer_schema_length=None)
    losses = [name for name in ("train_loss", "val_loss") if name in rows.columns]
    rows.group_by("epoch", maintain_order=True).agg(pl.col(losses).drop_nulls().first()).write_csv(path)


def _class_weight(codes: NDArray[np.intp], n_classes: int, options: Training) -> Tensor:
    """Weights that make each class count the same; ones where none are wanted."""
    if options.class_weight == "none":
        return torch.ones(n_classes)
    count = np.bincount(codes, minlength=n_classes)
    return torch.tensor(len(codes) / (n_classes * np.maximum(count, 1)), dtype=torch.float32)


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's hints about workers, loggers and devices are not about the user's data."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(level)
