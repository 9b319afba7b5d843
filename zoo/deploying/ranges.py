"""Activations on grids of 8 bits while a network is trained, so that its weights learn to live with that."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from zoo.panluna.attention import CrossAttention

KEPT = 0.99
"""Share of a range that a batch leaves as it was."""


class Range(nn.Module):
    """Round numbers to 256 steps of a range that follows, slowly, what comes by in training.

    Source: Jacob et al., 2018, arXiv 1712.05877, section 3.1: ranges are exponential moving averages.
    """

    low: Tensor
    high: Tensor
    known: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("low", "high"):
            self.register_buffer(name, torch.zeros(()))
        self.register_buffer("known", torch.zeros((), dtype=torch.bool))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, returned in the same shape; a number within the range passes its gradient on."""
        if self.training:
            self._follow(x.detach())
        step = ((self.high - self.low) / 255).clamp(min=torch.finfo(x.dtype).eps)
        zero = (-self.low / step).round().clamp(0, 255).int()
        return torch.fake_quantize_per_tensor_affine(x, step, zero, 0, 255)

    def _follow(self, x: Tensor) -> None:
        # Zero is always on the grid: padding and masked numbers are exactly that.
        low, high = x.amin().clamp(max=0), x.amax().clamp(min=0)
        share = torch.where(self.known, KEPT, 0.0)
        self.low.copy_(torch.lerp(low, self.low, share))
        self.high.copy_(torch.lerp(high, self.high, share))
        self.known.fill_(True)


def watch(network: nn.Module) -> None:
    """Put a range before every product with weights, as the static file has them."""
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | CrossAttention):
            layer.add_module("ranges", nn.ModuleList(Range() for _ in range(_inputs(layer))))
            layer.register_forward_pre_hook(_through)


def unwatch(network: nn.Module) -> None:
    """Take the ranges out again."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | CrossAttention) and hasattr(layer, "ranges"):
            del layer.ranges
            layer._forward_pre_hooks.clear()


def _inputs(layer: nn.Module) -> int:
    return 3 if isinstance(layer, CrossAttention) else 1


def _through(layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    ranges: Any = layer.ranges
    return (*(each(x) for each, x in zip(ranges, inputs, strict=False)), *inputs[len(ranges) :])
