"""Weights of few bits, kept as float32 numbers on a grid: what a device would compute, at a float network's speed.

Weights of linear layers and convolutions have one scale a channel of the output. With fewer than 8 bits, layers on raw
samples, embeddings and heads keep 8: they are few, and errors there reach everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from biocurate.errors import UsageError

BITS = (8, 4, 2)

FINE = ("time.", "frequency.", "positions.", "sensors.", "decoder.names.", "head.", "stem.", "embed.")
"""What the names of layers begin with that keep 8 bits."""

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Embedding)

SHARES = torch.linspace(0.3, 1.0, 29)
"""Of a channel's largest weight, tried as the end of its grid: with few bits, most weights are best served by less."""


class OnGrid(nn.Module):
    """Round weights to a grid of each channel's own; gradients pass as if nothing had been rounded.

    The end of the grid is that share of the channel's largest weight with the least squared error, found once; the
    largest weight itself is looked up anew, as training moves it.

    Parameters
    ----------
    weight : Tensor, shape (channels, ...)
    bits : int

    Source: Bengio et al., 2013, arXiv 1308.3432, for the gradient that passes straight through; Jacob et al., 2018,
    arXiv 1712.05877, section 3, for training so.
    """

    share: Tensor

    def __init__(self, weight: Tensor, bits: int) -> None:
        super().__init__()
        self.steps = max(1, 2 ** (bits - 1) - 1)
        errors = torch.stack([self._error(weight.detach(), float(share)) for share in SHARES])
        self.register_buffer("share", SHARES[errors.argmin(dim=0)])

    def forward(self, weight: Tensor) -> Tensor:
        """Shape (channels, ...), returned in the same shape."""
        # What is added is 0, and carries the gradient; the other way round the sum would leave the grid by a rounding.
        return self._rounded(weight.detach(), self.share) + (weight - weight.detach())

    def _error(self, weight: Tensor, share: float) -> Tensor:
        shares = torch.full((len(weight),), share)
        errors: Tensor = (self._rounded(weight, shares) - weight).square().flatten(1).sum(dim=1)
        return errors

    def _rounded(self, weight: Tensor, share: Tensor) -> Tensor:
        largest = weight.abs().flatten(1).amax(dim=1)
        step = (share * largest / self.steps).clamp(min=torch.finfo(weight.dtype).tiny)
        step = step.view(-1, *[1] * (weight.ndim - 1))
        rounded: Tensor = (weight / step).round().clamp(-self.steps, self.steps) * step
        return rounded


def on_grid(network: nn.Module, bits: int) -> None:
    """Put the weights of a network on grids, so that it can be trained there; its layers keep their names.

    Parameters
    ----------
    network : Module
        Changed in place.
    bits : {8, 4, 2}

    Raises
    ------
    UsageError
        Other numbers of bits.
    """
    if bits not in BITS:
        raise UsageError(f"there is no grid of {bits} bits.", mend=f"Choose {', '.join(map(str, BITS))}.")
    for name, layer in _layers(network):
        weight = layer.weight
        assert isinstance(weight, Tensor)
        parametrize.register_parametrization(layer, "weight", OnGrid(weight, bits_of(name, bits)))


def settle(network: nn.Module) -> None:
    """Make weights that are on grids plain ones, in place: a copy would share its layers' classes with the original."""
    for layer in network.modules():
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)


def rounded(network: nn.Module, bits: int) -> nn.Module:
    """Copy a network with its weights rounded to `bits`, without any training."""
    copy = deepcopy(network)
    on_grid(copy, bits)
    settle(copy)
    return copy


def packed_mb(network: nn.Module, bits: int) -> float:
    """Megabytes of a network whose weights are packed: its other numbers, and a scale a channel, in 32 bits."""
    whole = sum(each.numel() for each in network.parameters())
    held = [(layer.weight, bits_of(name, bits)) for name, layer in _layers(network)]
    rest = whole - sum(weight.numel() for weight, _ in held)
    return (32 * rest + sum(weight.numel() * of + 32 * len(weight) for weight, of in held)) / 8e6


def bits_of(name: str, bits: int) -> int:
    """Bits of a layer by its name."""
    return 8 if name.startswith(FINE) else bits


def _layers(network: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    for name, layer in network.named_modules():
        if isinstance(layer, LAYERS):
            yield f"{name}.", layer  # type: ignore[misc]
