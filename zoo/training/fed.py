"""A network that is handed batches of windows with their channels."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from zoo.data.thinning import thinned
from zoo.models.tuning import Tuning


class Fed(nn.Module):
    """Hand the fields of a batch's input to a network, in training without some channels.

    A window with no channel has the scores 0: it says nothing, and no gradient comes from it.

    Parameters
    ----------
    network : Module
        Of ``x``, ``locations``, ``sensor`` and ``present``, as `PanLuna`.
    tuning : Tuning
    blocks : int
        Of the network.
    drop_sensors, drop_channels : float
        Chances that a sensor type, and a channel, of a window is left out in training.
    """

    def __init__(
        self,
        network: nn.Module,
        tuning: Tuning = Tuning(),
        blocks: int = 0,
        drop_sensors: float = 0.0,
        drop_channels: float = 0.0,
    ) -> None:
        super().__init__()
        self.network, self.tuning, self.blocks = network, tuning, blocks
        self.drop_sensors, self.drop_channels = drop_sensors, drop_channels

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Score classes, shape (batch, classes)."""
        present = inputs["present"]
        some = present.any(dim=1, keepdim=True)
        if self.training:
            present = thinned(present, inputs["sensor"], self.drop_sensors, self.drop_channels)
        scores: Tensor = self.network(**{**inputs, "present": present | ~some})
        return torch.where(some, scores, 0.0)

    def rate(self, name: str, decay: float) -> float:
        """Share of the learning rate of one of its parameters; see `Tuning.rate`."""
        own = name.removeprefix("network.").replace("parametrizations.", "").replace("base_layer.", "")
        return self.tuning.rate(own, self.blocks, decay)
