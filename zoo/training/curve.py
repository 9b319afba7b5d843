"""The loss curve: one row an epoch, whole again after a killed run has gone on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import lightning
import polars as pl
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from zoo.data.windows import Batch
from zoo.training.files import put_in_place


class Curve(Callback):
    """Mean loss of each epoch, written to a CSV file when the epoch ends.

    Lightning's own loggers begin their file anew when training goes on, and forget an epoch's first batches.

    Parameters
    ----------
    path : Path
        ``metrics.csv``; by rank 0 only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        self._sum, self._count = 0.0, 0.0

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Take in a batch."""
        items = len(cast(Batch, batch)["label"])
        # Lightning hands the loss divided by the batches of a step.
        self._sum += float(cast(Mapping[str, Tensor], outputs)["loss"]) * trainer.accumulate_grad_batches * items
        self._count += items

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Write the epoch's row."""
        loss, count = self._sum, self._count
        if trainer.world_size > 1:
            whole = torch.tensor([loss, count], device=pl_module.device)
            loss, count = trainer.strategy.reduce(whole, reduce_op="sum").tolist()
        row: dict[str, float] = {"epoch": trainer.current_epoch, "train_loss": loss / max(count, 1)}
        if "val_loss" in trainer.callback_metrics:
            row["val_loss"] = float(trainer.callback_metrics["val_loss"])
        self.rows.append(row)
        self._sum, self._count = 0.0, 0.0
        if trainer.is_global_zero:
            put_in_place(self.path, lambda aside: pl.DataFrame(self.rows).write_csv(aside))

    def state_dict(self) -> dict[str, Any]:
        """Rows so far, and the epoch's batches so far."""
        return {"rows": list(self.rows), "sum": self._sum, "count": self._count}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.rows = list(state_dict["rows"])
        self._sum, self._count = state_dict["sum"], state_dict["count"]
