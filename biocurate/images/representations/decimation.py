"""Windows brought to a few points: low-passed, then sampled at the middles of equal shares of the window."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from biocurate.images.representations.polyphase import stretches
from biocurate.images.representations.rows import total

LOBES = 3
"""Zero crossings of the sinc on either side."""


def decimate(x: Tensor, points: int) -> Tensor:
    """Low-pass windows below half their new rate, and sample them.

    Each point is a mean of the samples around it, weighted by a Lanczos kernel as wide as six points; at the ends the
    weights that lie within the window add up to one. Windows of no more samples than `points` stay as they are.

    Source: Turkowski, Filters for common resampling tasks, Graphics Gems I (1990).

    Parameters
    ----------
    x : Tensor, shape (batch, time)
    points : int

    Returns
    -------
    Tensor, shape (batch, min(points, time)), float64
    """
    exact = x.double()
    if x.shape[1] <= points:
        return exact
    first, index, weight = kernel(x.shape[1], points, x.device)
    if x.shape[1] % points:
        return total(exact[:, index] * weight)
    # Where a point stands for a whole number of samples, those around it are a view, and nothing is gathered.
    if x.device.type == "cpu":
        return torch.from_numpy(stretches(exact.numpy(), first, weight.numpy()))
    width, step = weight.shape[1], x.shape[1] // points
    after = max(first + (points - 1) * step + width - x.shape[1], 0)
    return total(pad(exact, (-first, after)).unfold(1, width, step) * weight)


@lru_cache(maxsize=16)
def kernel(samples: int, points: int, device: torch.device) -> tuple[int, Tensor, Tensor]:
    """Where the first point's samples begin, which make each, and their weights: both of shape (points, taps)."""
    ratio = samples / points
    middle = (np.arange(points)[:, None] + 0.5) * ratio - 0.5
    index = np.ceil(middle - LOBES * ratio).astype(np.int64) + np.arange(int(2 * LOBES * ratio) + 1)
    away = (index - middle) / ratio
    weight = np.where(np.abs(away) < LOBES, np.sinc(away) * np.sinc(away / LOBES), 0.0)
    weight[(index < 0) | (index >= samples)] = 0.0
    weight /= weight.sum(axis=1, keepdims=True)
    inside = index.clip(0, samples - 1)
    return int(index[0, 0]), torch.from_numpy(inside).to(device), torch.from_numpy(weight).to(device)


def between(x: Tensor) -> Tensor:
    """Bring each row to the range from -1 to 1; all -1 where it has one value only."""
    least, most = x.amin(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)
    spread = most - least
    return ((x - least) / spread.where(spread > 0, 1.0)).mul_(2).sub_(1)
