"""Hidden samples on the line between the visible ones beside them: what a network has to be better than."""

from __future__ import annotations

import torch
from torch import Tensor


def interpolated(x: Tensor, hidden: Tensor) -> Tensor:
    """Fill hidden samples by linear interpolation over time.

    Before the first visible sample and after the last one the nearest holds; where nothing is visible all is 0, the
    mean of a standardised channel.

    Parameters
    ----------
    x : Tensor, shape (..., samples)
        What is hidden is not looked at.
    hidden : Tensor of bool, shape (..., samples)

    Returns
    -------
    Tensor, shape (..., samples); visible samples are those of `x`
    """
    samples = x.shape[-1]
    at = torch.arange(samples, device=x.device).expand(x.shape)
    before = torch.where(hidden, -1, at).cummax(dim=-1).values
    after = torch.where(hidden, samples, at).flip(-1).cummin(dim=-1).values.flip(-1)
    known = torch.where(hidden, 0.0, x)
    left = known.gather(-1, torch.where(before < 0, after.clamp(max=samples - 1), before))
    right = known.gather(-1, torch.where(after == samples, before.clamp(min=0), after))
    share = (at - before).to(x.dtype) / (after - before).clamp(min=1)
    return torch.where(hidden, left + share * (right - left), x)
