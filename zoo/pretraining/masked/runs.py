"""Runs of hidden patches: where each begins, how long it is, and what is visible on either side."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Runs:
    """Runs of neighbouring hidden patches, by row and then by time; each tensor has shape (runs,)."""

    row: Tensor
    """Row of the mask."""
    first: Tensor
    """First hidden patch."""
    length: Tensor
    """Hidden patches."""
    left: Tensor
    """Whether a visible patch comes before."""
    right: Tensor
    """Whether a visible patch comes after."""

    @classmethod
    def of(cls, hidden: Tensor) -> Runs:
        """Find the runs of a mask of bool, shape (rows, patches)."""
        beside = torch.zeros_like(hidden[:, :1])
        steps = torch.diff(torch.cat([beside, hidden, beside], dim=1).int(), dim=1)
        row, first = torch.nonzero(steps == 1, as_tuple=True)
        _, end = torch.nonzero(steps == -1, as_tuple=True)
        return cls(row, first, end - first, first > 0, end < hidden.shape[1])
