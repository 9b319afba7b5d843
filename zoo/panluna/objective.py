"""What PanLUNA is pre-trained to do: say what hidden patches held, with queries that look at different channels."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

HIDDEN = 0.5
"""Share of the patches that is hidden."""

VISIBLE_WEIGHT = 0.05
"""Weight of what was not hidden in the loss."""

DISTINCT_WEIGHT = 0.8
"""Weight of the queries' likeness in the loss."""


class Loss(NamedTuple):
    """A loss and its parts."""

    total: Tensor
    hidden: Tensor
    visible: Tensor
    alike: Tensor


def hide(present: Tensor, patches: int, share: float = HIDDEN, generator: torch.Generator | None = None) -> Tensor:
    """Choose patches to hide, for each sample anew.

    Parameters
    ----------
    present : Tensor of bool, shape (batch, channels)
        Channels that are there; others are never hidden.
    patches : int
    share : float
        Of each sample's patches.
    generator : Generator, optional

    Returns
    -------
    Tensor of bool, shape (batch, channels, patches)
    """
    there = present[:, :, None].expand(-1, -1, patches).flatten(1)
    drawn = torch.rand(there.shape, generator=generator, device=present.device).masked_fill(~there, 2.0)
    rank = drawn.argsort(dim=1).argsort(dim=1)
    count = (share * there.sum(dim=1, keepdim=True)).round()
    return (rank < count).view(*present.shape, patches)


def reconstruction_loss(
    reconstruction: Tensor, x: Tensor, mask: Tensor, attention: Tensor, present: Tensor | None = None
) -> Loss:
    """Compare a reconstruction with what was there.

    Source: PanLUNA's published criterion and weights; smooth L1 with a beta of 1.

    Parameters
    ----------
    reconstruction, x : Tensor, shape (batch, channels, samples)
    mask : Tensor of bool, shape (batch, channels, samples)
        True where samples were hidden.
    attention : Tensor, shape (patches, queries, channels)
    present : Tensor of bool, shape (batch, channels), optional
        Channels that are there; all where left out.
    """
    each = smooth_l1_loss(reconstruction, x, reduction="none")
    there = torch.ones_like(mask) if present is None else present[:, :, None].expand_as(mask)
    hidden, visible = _mean(each, mask & there), _mean(each, ~mask & there)
    alike = likeness(attention)
    return Loss(hidden + VISIBLE_WEIGHT * visible + DISTINCT_WEIGHT * alike, hidden, visible, alike)


def likeness(attention: Tensor) -> Tensor:
    """How far queries look at the same channels: mean square of their products, each query's with itself left at 0.

    Parameters
    ----------
    attention : Tensor, shape (patches, queries, channels); each query's weights add up to 1
    """
    products = attention @ attention.transpose(1, 2)
    others = 1 - torch.eye(attention.shape[1], dtype=attention.dtype, device=attention.device)
    return (products * others).square().mean()


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    """Mean of the chosen values; 0 where there are none. No value is picked out, so that nothing waits for a count."""
    return torch.where(chosen, values, 0.0).sum() / chosen.count_nonzero().clamp(min=1)
