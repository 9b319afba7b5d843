"""The new model's front, a bridge, and the old model's tail: answers from the new sensor alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zoo.biox_bridge.passes import batches
from zoo.biox_bridge.source import Rows, Source
from zoo.models.staged import Form, Inputs, Staged


@dataclass(frozen=True)
class Bridged:
    """A bridge between two chains.

    Parameters
    ----------
    front, tail : Staged
        New and old model.
    bridge : Module
        From (windows, width) to (windows, tokens, width).
    new, old : int
        Blocks of the new model that are run, and block of the old one that is entered.
    form, last : Form
        Of the old model's states there and after its last block.
    """

    front: Staged
    tail: Staged
    bridge: nn.Module
    new: int
    old: int
    form: Form
    last: Form

    def logits(self, inputs: Inputs) -> Tensor:
        """Class scores from what the new model takes; the old sensor is not asked for."""
        return self.answers(self.given(inputs))

    def given(self, inputs: Inputs) -> Tensor:
        """What the bridge is given of the new sensor: the mean token where it begins; shape (windows, width)."""
        return self.front.pooled(self.new, self.front.run_to(inputs, self.new))

    def answers(self, pooled: Tensor) -> Tensor:
        """Class scores from the new model's mean token."""
        return self.tail.head(self.tail.run_on(self.form.from_canonical(self.bridge(pooled)), self.old))

    def ends(self, pooled: Tensor) -> Tensor:
        """The old model's tokens after its last block, as the bridge leads to them."""
        state = self.form.from_canonical(self.bridge(pooled))
        return self.last.to_canonical(self.tail.run_on(state, self.old))

    @torch.inference_mode()
    def predict(self, source: Source, rows: Rows) -> Tensor:
        """Probabilities of windows, shape (windows, classes)."""
        return torch.cat([self.logits(source.inputs(some)).softmax(dim=1) for some in batches(rows)])
