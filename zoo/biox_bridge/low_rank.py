"""A student that may change as few numbers as a bridge has: its head, and low-rank changes of its matrices."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from zoo.biox_bridge.encoders import Encoder, frozen

Matrix = nn.Linear | nn.Conv1d | nn.Conv2d


class LowRankKernel(nn.Module):
    """A weight and a change of low rank, which is none at first; of a kernel all but its outputs are one axis.

    Source: LoRA (Hu et al., 2021, arXiv 2106.09685), equation 3.

    Parameters
    ----------
    weight : Tensor, shape (outputs, ...)
    rank : int
    """

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        outputs, inputs = weight.flatten(1).shape
        self.down = nn.Parameter(weight.new_empty(rank, inputs))
        self.up = nn.Parameter(weight.new_zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.down, a=5**0.5)

    def forward(self, weight: Tensor) -> Tensor:
        """Shape (outputs, ...), returned in the same shape."""
        return weight + (self.up @ self.down).view_as(weight)


def low_ranked(encoder: Encoder, last: tuple[Tensor, ...], parameters: int, seed: int) -> tuple[Encoder, nn.Module]:
    """A copy of a network that trains so many numbers or a few less, and what of it is trained.

    Ranks are as equal as the count allows; what is left over is for the highest matrices.

    Parameters
    ----------
    encoder : Encoder
    last : tuple of Tensor
        A state after its last block, of any windows: what scores it is the head, and is trained whole.
    parameters : int
        Of the bridge.
    seed : int
    """
    torch.manual_seed(seed)
    student = Encoder(encoder.model, encoder.options, frozen(deepcopy(encoder.network)), encoder.parent)
    head = _head(student, last)
    layers = [
        module
        for module in student.network.modules()
        if isinstance(module, Matrix) and not any(module.weight is each for each in head)
    ]
    changes = nn.ModuleList()
    for layer, rank in zip(layers, _ranks(layers, parameters - sum(each.numel() for each in head)), strict=True):
        if rank:
            change = LowRankKernel(layer.weight, rank)
            parametrize.register_parametrization(layer, "weight", change)
            changes.append(change)
    for each in head:
        each.requires_grad = True
    return student, nn.ModuleList([changes, nn.ParameterList(head)])


def _ranks(layers: Sequence[Matrix], parameters: int) -> list[int]:
    """Rank of each matrix; 0 of those for which nothing is left."""
    shapes = [layer.weight.flatten(1).shape for layer in layers]
    ranks = [0] * len(shapes)
    growing = list(reversed(range(len(shapes))))
    while growing:  # a round gives each matrix one more rank, from the highest down
        for at in list(growing):
            cost = sum(shapes[at])
            if ranks[at] == min(shapes[at]) or cost > parameters:
                growing.remove(at)
                continue
            ranks[at], parameters = ranks[at] + 1, parameters - cost
    return ranks


def _head(student: Encoder, last: tuple[Tensor, ...]) -> list[nn.Parameter]:
    """Parameters that take part in scoring a last state."""
    every = list(student.network.parameters())
    for each in every:
        each.requires_grad = True
    with torch.enable_grad():
        scores = student.chain.head(tuple(each.detach() for each in last))
        found = torch.autograd.grad(scores.sum(), every, allow_unused=True)
    for each in every:
        each.requires_grad = False
    return [each for each, gradient in zip(every, found, strict=True) if gradient is not None]
