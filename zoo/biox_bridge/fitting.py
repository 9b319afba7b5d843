"""The one loop that bridges and baselines are trained in, so that their costs can be compared."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

Loss = Callable[[Tensor], Tensor]
"""From places of windows (int64) to their mean loss."""

MIB = 2**20


@dataclass(frozen=True)
class Budget:
    """How much training there is."""

    epochs: int
    batch_size: int
    lr: float


@dataclass(frozen=True)
class Fit:
    """What a training took, and its curve."""

    parameters: int
    """That were trained."""
    seconds: float
    """Of processor time, until the best epoch was over."""
    step_mib: float
    """What the first step held, in MiB: trained parameters with gradients and Adam's two means, and every tensor kept
    for the way back, weights of frozen blocks on that way among them."""
    best_epoch: int
    curve: list[tuple[float, float]] = field(default_factory=list)
    """Training and validation loss of each epoch."""


def fit(
    module: nn.Module, loss: Loss, train: int, validated: Loss, val: int, budget: Budget, seed: int, before: float = 0.0
) -> Fit:
    """Train a module in place by Adam; it ends with the weights of the epoch with the lowest validation loss.

    Adam has its default betas; nothing decays, nothing is clipped, as in the published scripts.

    Parameters
    ----------
    module : Module
        Its parameters that want gradients are trained.
    loss, validated : callable
        Of training and validation windows, by their places.
    train, val : int
        How many of each there are.
    budget : Budget
    seed : int
        Of the order of windows.
    before : float
        Seconds that were needed before, which count too.

    Source: BioX-Bridge, algorithm 1; published code, revision 3a84fba. Which epoch is reported is not published.
    """
    trained = [each for each in module.parameters() if each.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=budget.lr)
    order = torch.Generator().manual_seed(seed)
    best, best_epoch, seconds, weights = math.inf, 0, before, _copied(module)
    curve: list[tuple[float, float]] = []
    count = sum(each.numel() for each in trained)
    held, started = 0, time.process_time()
    for epoch in range(budget.epochs):
        module.train()
        total = 0.0
        for at in torch.split(torch.randperm(train, generator=order), budget.batch_size):
            optimiser.zero_grad(set_to_none=True)
            held, value = (held, loss(at)) if held else _counted(loss, at)
            torch.autograd.backward(value)
            optimiser.step()
            total += float(value.detach()) * len(at)
        found = mean_loss(module, validated, val, budget.batch_size)
        curve.append((total / train, found))
        if found < best:
            best, best_epoch, weights = found, epoch, _copied(module)
            seconds = before + time.process_time() - started
    module.load_state_dict(weights)
    module.eval()
    return Fit(count, seconds, (held + 16 * count) / MIB, best_epoch, curve)


@torch.no_grad()
def mean_loss(module: nn.Module, loss: Loss, count: int, batch_size: int) -> float:
    """Mean over windows, in evaluation mode."""
    module.eval()
    parts = torch.split(torch.arange(count), batch_size)
    return sum(float(loss(at)) * len(at) for at in parts) / count


def _counted(loss: Loss, at: Tensor) -> tuple[int, Tensor]:
    """A loss, and the bytes that are kept for its way back; what shares memory counts once."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        value = loss(at)
    return max(1, sum(kept.values())), value


def _copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
