"""Which of several bridges to trust for a window, learnt from the old model's answers; no label is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zoo.biox_bridge.fitting import Budget, Fit, fit

LEAST = 1e-8
"""Of a probability, so that its logarithm exists."""


@dataclass(frozen=True)
class Heard:
    """What several bridges answer for the same windows; zeros where one of them has no input."""

    probability: Tensor
    """Shape (windows, bridges, classes)."""
    pooled: tuple[Tensor, ...]
    """By bridge what it was given: its new model's mean token; shape (windows, width)."""
    has: Tensor
    """Which bridges have an input, shape (windows, bridges), bool; one at least of each window."""

    def of(self, at: Tensor) -> Heard:
        """Some of the windows."""
        return Heard(self.probability[at], tuple(each[at] for each in self.pooled), self.has[at])

    def without(self, gone: Sequence[int]) -> Heard:
        """Some bridges taken away: as if their sensors were not there."""
        has = self.has.clone()
        has[:, list(gone)] = False
        return Heard(self.probability, self.pooled, has)


class Gate(nn.Module):
    """Weights of bridges for a window, one score a bridge from what its own new model found; at first all are equal.

    A bridge without an input has no weight, and the others share it as they would without that bridge. Ours: the paper
    (arXiv 2510.02276) names several modalities as future work.

    Parameters
    ----------
    heard : Heard
        Of training windows: features are scaled by their mean and deviation there.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, heard: Heard) -> None:
        super().__init__()
        seen = [each[heard.has[:, at]] for at, each in enumerate(heard.pooled)]
        self.widths = [each.shape[1] for each in heard.pooled]
        self.register_buffer("mean", torch.cat([_column(each.mean(dim=0)) for each in seen]))
        spread = torch.cat([_column(each.std(dim=0, unbiased=False)) for each in seen])
        self.register_buffer("deviation", torch.where(spread > 0, spread, torch.ones_like(spread)))
        self.slope = nn.Parameter(torch.zeros(sum(self.widths)))
        self.level = nn.Parameter(torch.zeros(len(self.widths)))

    def forward(self, heard: Heard) -> Tensor:
        """Weights, shape (windows, bridges); they add up to 1."""
        scaled = (torch.cat(heard.pooled, dim=1) - self.mean) / self.deviation
        parts = torch.split(scaled * self.slope, self.widths, dim=1)
        score = torch.stack([part.mean(dim=1) for part in parts], dim=1) + self.level
        return score.masked_fill(~heard.has, -torch.inf).softmax(dim=1)


def alike(heard: Heard) -> Tensor:
    """Equal weights of all bridges that have an input, shape (windows, bridges)."""
    return heard.has / heard.has.sum(dim=1, keepdim=True)


def mixed(heard: Heard, weights: Tensor) -> Tensor:
    """Probabilities by all bridges together, shape (windows, classes)."""
    return (heard.probability * weights[..., None]).sum(dim=1)


def learn_gate(pair: tuple[Heard, Tensor], val: tuple[Heard, Tensor], budget: Budget, seed: int) -> tuple[Gate, Fit]:
    """Train a gate until the bridges together answer as the old model does.

    Parameters
    ----------
    pair, val : (Heard, Tensor)
        Of windows to learn from and to choose the epoch on, with the old model's probabilities (windows, classes).
    budget : Budget
    seed : int
    """
    torch.manual_seed(seed)
    gate = Gate(pair[0])

    def loss(part: tuple[Heard, Tensor], at: Tensor) -> Tensor:
        heard, told = part[0].of(at), part[1][at]
        return -(told * mixed(heard, gate(heard)).clamp_min(LEAST).log()).sum(dim=1).mean()

    sizes = [len(part[1]) for part in (pair, val)]
    return gate, fit(gate, lambda at: loss(pair, at), sizes[0], lambda at: loss(val, at), sizes[1], budget, seed)


def _column(found: Tensor) -> Tensor:
    """Zeros where there was nothing to take a mean of."""
    return found.nan_to_num(0.0)
