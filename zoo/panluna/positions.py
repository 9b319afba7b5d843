"""Where a channel is on the body, as numbers that a network can use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from biocurate.sensors import SensorType

SCALE_M = 0.1
"""Metres that count as one: electrodes of the head lie about as far from its middle."""

NOISE = 0.02
"""Standard deviation of the noise on places while a model is pre-trained."""

ANGLES = (SensorType.ECG,)
"""Sensor types whose places are two angles in radians, from the top and around the axis; all others' are metres."""

SILENT = (SensorType.PPG, SensorType.RESP, SensorType.GSR)
"""Sensor types whose place says nothing: they are all at the origin, and their sensor type tells them apart."""


def placed(
    locations: Tensor, sensor: Tensor | None, kinds: Sequence[SensorType], rule: Literal["fixed", "present"]
) -> Tensor:
    """Bring places of several sensor types to one scale.

    Parameters
    ----------
    locations : Tensor, shape (batch, channels, 2 or 3)
        Metres from the middle of the head, or two angles.
    sensor : Tensor of int, shape (batch, channels), optional
        Rows of `kinds`.
    kinds : sequence of SensorType
    rule : {"fixed", "present"}
        ``fixed``: each sensor type by a scale of its own, so that a place does not depend on what else was recorded.
        ``present``: from the least to the greatest of the channels present, as published, metres and radians alike.

    Returns
    -------
    Tensor, shape (batch, channels, 3), or that of `locations` where the rule is ``present``
    """
    if rule == "present":
        least, most = locations.amin(dim=1, keepdim=True), locations.amax(dim=1, keepdim=True)
        return (locations - least) / (most - least + 1e-8)
    at = pad(locations, (0, 3 - locations.shape[2]))
    if sensor is None or not kinds:
        return at / SCALE_M
    theta, phi = at[..., 0], at[..., 1]
    around = torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], dim=-1)
    angles, silent = (_among(sensor, kinds, chosen) for chosen in (ANGLES, SILENT))
    return torch.where(angles, around, at / SCALE_M).masked_fill(silent, 0.0)


def _among(sensor: Tensor, kinds: Sequence[SensorType], chosen: Sequence[SensorType]) -> Tensor:
    """Mark the channels of some sensor types, shape (batch, channels, 1)."""
    rows = torch.tensor([kind in chosen for kind in kinds], device=sensor.device)
    return rows[sensor][..., None]


def waves(at: Tensor, width: int) -> Tensor:
    """Write each coordinate as sines and cosines of its multiples by powers of two.

    Source: NeRF (Mildenhall et al., 2020, arXiv 2003.08934), equation 4, without its factor of pi.

    Parameters
    ----------
    at : Tensor, shape (..., coordinates)
    width : int

    Returns
    -------
    Tensor, shape (..., width): by power, then coordinate, then sine and cosine; zeros where numbers are left over
    """
    powers = width // (2 * at.shape[-1])
    angles = at[..., None, :] * 2.0 ** torch.arange(powers, dtype=at.dtype, device=at.device)[:, None]
    found = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-3)
    return pad(found, (0, width - found.shape[-1]))
