"""Channels and sensor types left out at random in training, so that a network learns to do without them."""

from __future__ import annotations

import torch
from torch import Tensor


def thinned(
    present: Tensor,
    sensor: Tensor,
    sensors: float = 0.0,
    channels: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Leave out sensor types, and channels of those that stay; each window is drawn for by itself.

    No window loses its last channel: where every sensor type was drawn, or every channel, all of these stay.

    Parameters
    ----------
    present : Tensor of bool, shape (batch, channels)
    sensor : Tensor of int, shape (batch, channels)
        Rows of a table of sensor types.
    sensors, channels : float
        Chance of each to be left out.
    generator : Generator, optional
        On the device of `present`.

    Returns
    -------
    Tensor of bool, shape (batch, channels)
    """
    device = present.device
    if sensors:
        types = torch.rand(len(present), int(sensor.max()) + 1, generator=generator, device=device) >= sensors
        present = _or_all(present & types.gather(1, sensor), present)
    if channels:
        drawn = torch.rand(present.shape, generator=generator, device=device) >= channels
        present = _or_all(present & drawn, present)
    return present


def _or_all(kept: Tensor, before: Tensor) -> Tensor:
    """What was kept, or what there was before where nothing was kept."""
    return torch.where(kept.any(dim=1, keepdim=True), kept, before)
