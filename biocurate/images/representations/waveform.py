"""The trace of a window, as it would be plotted."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from biocurate.images.drawing.registry import Representation


class Waveform(Representation, kind="waveform"):
    """A window's trace, anti-aliased, from its least value at the bottom to its largest on top.

    Samples are joined by straight lines and the window's first and last fill the width. In each column the trace covers
    the rows from its least to its largest value there, and half of `thickness` more on either side; a pixel is the
    share of its height that is covered. No sample is skipped: a spike of one sample reaches its full height.

    Source: the exact area coverage of Catmull, A hidden-surface algorithm with anti-aliasing, SIGGRAPH 1978, of each
    column's range of values.
    """

    height: Annotated[int, Field(ge=16, le=512)] = 128
    width: Annotated[int, Field(ge=16, le=512)] = 128
    thickness: Annotated[float, Field(gt=0, le=16)] = 1.5
    """Rows that a level trace covers."""

    @property
    def bounds(self) -> tuple[float, float]:
        """None of a pixel, and all of it."""
        return 0.0, 1.0

    def shortest(self, rate: float) -> int:
        """One line."""
        return 2

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """As the parameters say."""
        return self.height, self.width

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, height, width), float32, from 0 to 1; low values first
        """
        exact = x.double()
        least, most = exact.amin(dim=1, keepdim=True), exact.amax(dim=1, keepdim=True)
        spread = most - least
        margin = self.thickness / 2
        rows = (exact - least) / spread.where(spread > 0, 1.0) * (self.height - 2 * margin) + margin
        traced, before, share = columns(x.shape[1], self.width, x.device)
        edges = rows[:, before] + (rows[:, before + 1] - rows[:, before]) * share
        within = torch.cat([rows, edges], dim=1)[:, traced]
        low, high = within.amin(dim=2) - margin, within.amax(dim=2) + margin
        floor = torch.arange(self.height, dtype=torch.float64, device=x.device)[:, None]
        covered = torch.minimum(high[:, None], floor + 1) - torch.maximum(low[:, None], floor)
        return covered.clamp_(0, 1).float()


@lru_cache(maxsize=16)
def columns(samples: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Where columns end, and what the trace passes in each.

    Returns
    -------
    traced : Tensor, shape (width, n), int64
        The samples in each column and its two edges, which are counted on from the last sample; some of them twice.
    before, share : Tensor, shape (width + 1,)
        The sample before each edge, and how far the edge lies towards the next.
    """
    edges = np.linspace(0, samples - 1, width + 1)
    before = np.minimum(np.floor(edges).astype(np.int64), samples - 2)
    first, last = np.ceil(edges[:-1]).astype(np.int64), np.floor(edges[1:]).astype(np.int64)
    left = samples + np.arange(width)[:, None]
    inside = first[:, None] + np.arange(max(1, math.ceil((samples - 1) / width) + 1))
    traced = np.hstack([np.where(inside <= last[:, None], inside, left), left, left + 1])
    return (
        torch.from_numpy(traced).to(device),
        torch.from_numpy(before).to(device),
        torch.from_numpy(edges - before).to(device),
    )
