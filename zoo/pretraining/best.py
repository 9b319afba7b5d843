"""The step of a pre-training whose held-out loss is lowest, kept beside the last one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn


@dataclass
class Best:
    """Weights at the lowest of the losses that were looked at."""

    step: int = 0
    """0 where none was a number."""
    loss: float = math.inf
    network: dict[str, Tensor] = field(default_factory=dict)
    """All that is trained, on the processor."""

    def look(self, network: nn.Module, step: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep a network that is better than all before.

        Parameters
        ----------
        network : Module
        step : int
        rows : sequence of mapping
            Of `Course.look` at that step.
        """
        loss = held_out(rows)
        if loss < self.loss:
            self.step, self.loss = step, loss
            self.network = {name: each.detach().cpu().clone() for name, each in network.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """What a killed training goes on from."""
        return {"step": self.step, "loss": self.loss, "network": self.network}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.step, self.loss = state["step"], state["loss"]
        self.network = {name: each.cpu() for name, each in state["network"].items()}


def held_out(rows: Sequence[Mapping[str, Any]]) -> float:
    """Mean over the sources of their losses on held-out persons: each counts the same."""
    return float(sum(row["val_loss"] for row in rows) / len(rows))
