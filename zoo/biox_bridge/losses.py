"""How far what a bridge leads to is from what the old model would have had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, l1_loss, mse_loss, normalize

from zoo.biox_bridge.bridge import alignment

Loss = Callable[[Tensor, Tensor], Tensor]
"""Of guess and target, each of shape (windows, tokens, width)."""


def moments(guess: Tensor, target: Tensor) -> Tensor:
    """How far a batch's mean tokens are from another's as a whole, in mean and covariance: no window has a partner.

    Source: Deep CORAL (Sun & Saenko, 2016, arXiv 1607.01719), equation 1, without its factor, and the means too.
    """
    found, true = (each.mean(dim=1) for each in (guess, target))
    off = [each - each.mean(dim=0) for each in (found, true)]
    spread, goal = (each.T @ each / max(1, len(each) - 1) for each in off)
    return mse_loss(found.mean(dim=0), true.mean(dim=0)) + mse_loss(spread, goal)


LOSSES: Mapping[str, Loss] = MappingProxyType({"cosine": alignment, "mse": mse_loss, "l1": l1_loss, "moments": moments})
"""Those without a parameter."""


def loss_named(name: str, temperature: float) -> Loss:
    """A loss by its name; the temperature is of ``infonce``."""
    return LOSSES[name] if name in LOSSES else lambda guess, target: infonce(guess, target, temperature)


def infonce(guess: Tensor, target: Tensor, temperature: float) -> Tensor:
    """How hard it is to tell a window's own target among those of its batch, by the mean of its tokens.

    A stand-in: the published script of one direction names this loss, and the published code has none of that name.

    Source: van den Oord et al., 2018, arXiv 1807.03748, equation 4, with cosines over a temperature.
    """
    found, true = (normalize(each.mean(dim=1), dim=1, eps=1e-8) for each in (guess, target))
    return cross_entropy(found @ true.T / temperature, torch.arange(len(found), device=found.device))


def distilled(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """How far a student's probabilities are from the teacher's, both softened; from logits (windows, classes).

    Source: Hinton et al., 2015, arXiv 1503.02531, section 2.
    """
    soft = (teacher / temperature).log_softmax(dim=1)
    return kl_div((student / temperature).log_softmax(dim=1), soft, reduction="batchmean", log_target=True) * (
        temperature**2
    )
