"""A graph that is called as the network is from which it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from zoo.deploying.session import Session

if TYPE_CHECKING:
    from onnx import ModelProto


class Running(nn.Module):
    """Put a graph where learners and loaders expect a network.

    Parameters
    ----------
    model : ModelProto
    threads : int
        Of the processor.
    """

    def __init__(self, model: ModelProto, threads: int = 1) -> None:
        super().__init__()
        self.session = Session(model, threads)
        self.place = nn.Parameter(torch.empty(0), requires_grad=False)
        """Says that it runs on the processor, as the parameters of a network do."""

    def forward(self, *inputs: Tensor, **named: Tensor) -> Tensor:
        """Scores, shape (batch, classes); arguments as of the network's own `forward`."""
        given = {**dict(zip(self.session.names, inputs, strict=False)), **named}
        return torch.from_numpy(self.session.run(given))
