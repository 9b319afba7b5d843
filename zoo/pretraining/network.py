"""One network for all tasks, a head for each, and how much each counts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class MultiTask(nn.Module):
    """A backbone with a head a task, and a learned weight of each task's loss.

    The loss is the sum over tasks of ``exp(-s) L + s``: a task whose loss stays high comes to count less. A task of
    which a step sees nothing is left out with both terms, since ``s`` alone would fall for ever.

    Source: Kendall, Gal & Cipolla, Multi-task learning using uncertainty to weigh losses, CVPR 2018, with s for the
    logarithm of the variance.

    Parameters
    ----------
    backbone : Module
        With `embed`, from images to vectors.
    width : int
        Numbers of a vector.
    outputs : sequence of int
        Numbers that each head gives.
    losses : sequence of Module
    """

    def __init__(self, backbone: nn.Module, width: int, outputs: Sequence[int], losses: Sequence[nn.Module]) -> None:
        super().__init__()
        self.backbone = backbone
        self.heads = nn.ModuleList(nn.Sequential(nn.ELU(), nn.Linear(width, count)) for count in outputs)
        self.s = nn.Parameter(torch.zeros(len(outputs)))
        self.losses = nn.ModuleList(losses)

    def forward(self, images: Tensor, counts: Sequence[int], targets: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Compute the loss of a step.

        Parameters
        ----------
        images : Tensor, shape (batch, 1, size, size), uint8
            Those of the first task, then those of the second, and so on: norms over a batch see all of them.
        counts : sequence of int
            Images of each task.
        targets : sequence of Tensor
            Of each task.

        Returns
        -------
        loss : Tensor
            Of the step.
        each : list of Tensor
            Of each task by itself; of one that the step sees nothing of NaN.
        """
        vectors = self.backbone.embed(images).float().split(list(counts))  # type: ignore[operator]
        total, each = torch.zeros((), device=images.device), []
        for number, (mine, target) in enumerate(zip(vectors, targets, strict=True)):
            if not len(mine):
                each.append(torch.tensor(torch.nan))
                continue
            loss = self.losses[number](self.heads[number](mine), target)
            total = total + torch.exp(-self.s[number]) * loss + self.s[number]
            each.append(loss.detach())
        return total, each

    def task_loss(self, number: int, images: Tensor, target: Tensor) -> Tensor:
        """Compute the unweighted loss of one task's images."""
        vectors = self.backbone.embed(images).float()  # type: ignore[operator]
        found: Tensor = self.losses[number](self.heads[number](vectors), target)
        return found
