"""Training of networks by Lightning."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from zoo.data.windows import Batch, loader
from zoo.runs.config import Training
from zoo.training.batches import training_batches
from zoo.training.best import BestWeights
from zoo.training.curve import Curve
from zoo.training.decay import layered
from zoo.training.going_on import DONE, STATE, Kept


class Classification(lightning.LightningModule):
    """A network's loss of labels, classes or numbers, made less by AdamW.

    Parameters
    ----------
    network : Module
        From inputs to scores, shape (batch, classes), or (batch, 1) of a number.
    loss : Module
        Of scores and targets; see `loss_of`.
    options : Training
    inputs : str
        Field of a batch that the network takes.
    """

    def __init__(self, network: nn.Module, loss: nn.Module, options: Training, inputs: str = "image") -> None:
        super().__init__()
        self.network, self.loss, self.options, self.inputs = network, loss, options, inputs

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Loss of a training batch."""
        return self._step(batch, "train_loss")

    def validation_step(self, batch: Batch, _: int) -> None:
        """Loss of a validation batch."""
        self._step(batch, "val_loss")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; norms and biases are not decayed, and lower layers may learn more slowly."""
        found = layered(self.network, self.options.weight_decay, self.options.lr, self.options.layer_decay)
        return torch.optim.AdamW(found, lr=self.options.lr)

    def _step(self, batch: Batch, name: str) -> Tensor:
        loss: Tensor = self.loss(self.network(batch[self.inputs]), batch["label"])
        self.log(name, loss, on_step=False, on_epoch=True, batch_size=len(batch["label"]), sync_dist=True)
        return loss


class _Told(Callback):
    """Say how far a training has come; only this process knows whom to tell."""

    def __init__(self, advance: Callable[[float], None], epochs: int) -> None:
        self.advance: Callable[[float], None] | None = advance
        self.share, self.left = 1 / epochs, 1.0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "advance": None}

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._tell(trainer.current_epoch * self.share)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        self._tell(self.share / trainer.num_training_batches)

    def _tell(self, share: float) -> None:
        share = min(share, self.left)
        self.left -= share
        if self.advance is not None:
            self.advance(share)


def train_classifier(
    network: nn.Module,
    train: Dataset[Batch],
    val: Dataset[Batch],
    codes: NDArray[Any],
    n_classes: int,
    options: Training,
    seed: int,
    log: Path,
    advance: Callable[[float], None],
    inputs: str = "image",
) -> int:
    """Train a network in place; it ends with the weights of its best epoch.

    A training of the same folder that was killed goes on; one that had ended is read.

    Parameters
    ----------
    network : Module
    train, val : Dataset
        Where `val` is empty, training runs for all epochs and keeps the last weights.
    codes : array of int
        Classes of the training windows, for the class weights; see `zoo.data.task.coded`. Of numbers float64.
    n_classes : int
    options : Training
    seed : int
        The same seed, data and machine give the same weights.
    log : Path
        Folder of ``metrics.csv``, the loss curve, and of the state to go on from.
    advance : callable
        Is told the share of the work that is done.
    inputs : str
        Field of a batch that the network takes.

    Returns
    -------
    int
        Epochs that were run.
    """
    module = Classification(network, loss_of(codes, n_classes, options), options, inputs)
    told = _Told(advance, options.epochs)
    if not (log / DONE).is_file():
        _fit(module, train, val, options, seed, log, told)
    outcome = torch.load(log / DONE, weights_only=True)
    module.load_state_dict(outcome["weights"])
    advance(told.left)
    return int(outcome["epochs"])


def _fit(
    module: lightning.LightningModule,
    train: Dataset[Batch],
    val: Dataset[Batch],
    options: Training,
    seed: int,
    log: Path,
    told: _Told,
) -> None:
    """Train until `DONE` is written, from `STATE` where a training of this folder was killed."""
    log.mkdir(parents=True, exist_ok=True)
    best, curve = BestWeights(), Curve(log / "metrics.csv")
    batches, order = training_batches(train, options, seed)
    kept = Kept(log, order, options.batch_size, options.keep_s, best, curve)
    validated = len(val) > 0  # type: ignore[arg-type]
    together = options.devices * options.nodes > 1
    if together:
        # A spawned process is handed files: handles of several tensors of one storage are refused by Python.
        torch.multiprocessing.set_sharing_strategy("file_system")  # type: ignore[no-untyped-call]
    stop = [EarlyStopping("val_loss", patience=options.patience)] if validated else []
    with _quiet():
        lightning.seed_everything(seed, workers=True, verbose=False)
        trainer = lightning.Trainer(
            max_epochs=options.epochs,
            devices=options.devices,
            num_nodes=options.nodes,
            # Processes are spawned here: those that Lightning would start anew would run the whole command again.
            strategy="ddp_spawn" if together else "auto",
            use_distributed_sampler=False,
            precision=options.precision,
            accumulate_grad_batches=options.accumulate,
            gradient_clip_val=options.clip_norm or None,
            deterministic=True,
            logger=TensorBoardLogger(log, name="", version="tensorboard") if options.tensorboard else False,
            callbacks=[told, *([best] if validated else []), curve, *stop, kept],
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
        )
        state = log / STATE
        trainer.fit(
            module,
            batches,
            loader(val, options.batch_size, options.workers) if validated else None,
            ckpt_path=state if state.is_file() else None,
            weights_only=True,
        )


class SquaredError(nn.Module):
    """Mean squared error of a number: what is said is then its mean, as of `features-ridge`."""

    def forward(self, scores: Tensor, target: Tensor) -> Tensor:
        """Compute it of scores of shape (batch, 1) and numbers of shape (batch,)."""
        return nn.functional.mse_loss(scores[:, 0], target)


def loss_of(codes: NDArray[Any], n_classes: int, options: Training) -> nn.Module:
    """The loss of a task: weighted so that classes count the same, or a label's presence as much as its absence.

    A weight of presence is at most 100: of a label that one window in a thousand has, each would outweigh a batch.
    Numbers are not weighted.
    """
    if codes.dtype.kind == "f":
        return SquaredError()
    if codes.ndim == 2:
        have = codes.sum(axis=0)
        weight = np.clip((len(codes) - have) / np.maximum(have, 1), 0.01, 100.0)
        return nn.BCEWithLogitsLoss(pos_weight=_weight(weight, options))
    count = np.bincount(codes, minlength=n_classes)
    return nn.CrossEntropyLoss(weight=_weight(len(codes) / (n_classes * np.maximum(count, 1)), options))


def _weight(values: NDArray[np.float64], options: Training) -> Tensor:
    wanted = values if options.class_weight == "balanced" else np.ones_like(values)
    return torch.tensor(wanted, dtype=torch.float32)


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
