"""The weights of the epoch with the lowest validation loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback
from torch import Tensor


class BestWeights(Callback):
    """Keep the weights of the epoch with the lowest validation loss, in memory and with the state of the run."""

    def __init__(self) -> None:
        self.loss = math.inf
        self.epoch: int | None = None
        self.weights: dict[str, Tensor] | None = None
        """None where nothing was validated."""

    def on_validation_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Copy the weights where they are the best so far."""
        loss = float(trainer.callback_metrics["val_loss"])
        if loss < self.loss:
            self.loss, self.epoch = loss, trainer.current_epoch
            self.weights = {name: tensor.detach().cpu().clone() for name, tensor in pl_module.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """The best so far."""
        return {"loss": self.loss, "epoch": self.epoch, "weights": self.weights}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.loss, self.epoch, self.weights = (state_dict[name] for name in ("loss", "epoch", "weights"))
