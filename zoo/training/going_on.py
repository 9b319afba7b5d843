"""How training goes on where it was killed: to the same curve and the same weights as if it had not been.

Lightning keeps weights, optimiser, counts and callbacks. What it does not keep is added here: the place in the epoch's
order, the random numbers of dropout, and that an early stop had been decided.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint, EarlyStopping

from zoo.training.batches import Order
from zoo.training.best import BestWeights
from zoo.training.curve import Curve
from zoo.training.files import put_in_place

STATE = "state.ckpt"
"""File of a training that is under way."""
DONE = "done.ckpt"
"""File of one that has ended; both lie in the folder of its curve until the run is whole."""


class Kept(Checkpoint):
    """Keep the state of a training each epoch, and within long ones each so many seconds.

    Parameters
    ----------
    folder : Path
        Of the curve.
    order : Order
        Of the training items.
    batch_size : int
    every_s : float
    best : BestWeights
    curve : Curve
    """

    def __init__(
        self, folder: Path, order: Order, batch_size: int, every_s: float, best: BestWeights, curve: Curve
    ) -> None:
        self.folder, self.order, self.batch_size, self.every_s = folder, order, batch_size, every_s
        self.best, self.curve = best, curve
        self._kept = time.monotonic()
        self._seen = 0
        self._random: dict[str, Any] | None = None

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Take up the random numbers, and stop where it had been decided."""
        if self._random is not None:
            torch.set_rng_state(self._random["cpu"])
            if self._random["cuda"] is not None and torch.cuda.is_available():
                torch.cuda.set_rng_state(self._random["cuda"])
            self._random = None
        stops = [each for each in trainer.callbacks if isinstance(each, EarlyStopping)]  # type: ignore[attr-defined]
        if any(stop.wait_count >= stop.patience for stop in stops):
            trainer.should_stop = True

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Keep the state where it is time, between two steps of the optimiser and never on an epoch's last batch."""
        between = (batch_idx + 1) % trainer.accumulate_grad_batches == 0
        if between and not trainer.is_last_batch and self._is_time(trainer):
            self._keep(trainer, (batch_idx + 1) * self.batch_size)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Keep the state."""
        self._keep(trainer, 0)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Write what the training came to, in every node's folder."""
        if trainer.local_rank:
            return
        weights = self.best.weights or {name: tensor.cpu() for name, tensor in pl_module.state_dict().items()}
        outcome = {"weights": weights, "epochs": trainer.current_epoch}
        put_in_place(self.folder / DONE, lambda aside: torch.save(outcome, aside))

    def on_save_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add what Lightning does not keep."""
        cuda = torch.cuda.get_rng_state() if pl_module.device.type == "cuda" else None
        checkpoint["random"] = {"cpu": torch.get_rng_state(), "cuda": cuda}
        checkpoint["order"] = {"epoch": trainer.current_epoch, "seen": self._seen}

    def on_load_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Take it up again."""
        self._random = checkpoint["random"]
        self.order.go_on(checkpoint["order"]["epoch"], checkpoint["order"]["seen"])

    def _is_time(self, trainer: lightning.Trainer) -> bool:
        """Decided by one process for all, since all have to take part."""
        return bool(trainer.strategy.broadcast(time.monotonic() - self._kept >= self.every_s))

    def _keep(self, trainer: lightning.Trainer, seen: int) -> None:
        self._seen = seen
        aside = self.folder / f".{STATE}.aside"
        trainer.save_checkpoint(aside)  # by all processes together; the first one writes
        if trainer.is_global_zero:
            aside.replace(self.folder / STATE)
        self._kept = time.monotonic()
