"""How likely a window's values follow each other."""

from __future__ import annotations

from typing import Annotated, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from biocurate.images.drawing.registry import Representation
from biocurate.images.representations.decimation import decimate


class MarkovTransition(Representation, kind="markov-transition"):
    """Markov transition field of a window.

    The window is low-passed and sampled at `points` points, each of which falls into one of `bins` quantile bins, an
    edge belonging to the bin below it. Pixel (i, j), row i and column j, is the share of the points in the bin of
    point i that are followed at once by one in the bin of point j. Time runs to the right and upwards.

    Source: Wang & Oates, Imaging time-series to improve classification and imputation, IJCAI 2015, equation 6, to
    1e-6. Tests hold it to `pyts.image.MarkovTransitionField(strategy="quantile")`, too, where pyts is installed.
    """

    points: Annotated[int, Field(ge=4, le=512)] = 128
    """Points of a window; no more than it has samples."""
    bins: Annotated[int, Field(ge=2, le=64)] = 8

    @model_validator(mode="after")
    def _fills_bins(self) -> Self:
        if self.points < 2 * self.bins:
            raise ValueError(f"{self.points} points are fewer than two for each of {self.bins} bins")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Those of a probability."""
        return 0.0, 1.0

    def shortest(self, rate: float) -> int:
        """Two points a bin."""
        return 2 * self.bins

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Points by points."""
        return (min(self.points, samples),) * 2

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, points, points), float32, from 0 to 1
        """
        points = decimate(x, self.points)
        state = torch.searchsorted(quantiles(points, self.bins), points)
        n, bins = len(points), self.bins
        pair = state[:, :-1] * bins + state[:, 1:]
        counts = pair.new_zeros((n, bins * bins)).scatter_add_(1, pair, torch.ones_like(pair)).view(n, bins, bins)
        likely = (counts.double() / counts.sum(dim=2, keepdim=True).clamp(min=1)).float()
        # Rows first, then their columns: each is a copy along memory or nearly so.
        rows = likely.gather(1, state[:, :, None].expand(-1, -1, bins))
        return rows.gather(2, state[:, None, :].expand(-1, state.shape[1], -1))


def quantiles(points: Tensor, bins: int) -> Tensor:
    """Inner edges of equally full bins: (batch, bins - 1), as `numpy.percentile` interpolates them."""
    order = points.sort(dim=1).values
    position = torch.arange(1, bins, dtype=torch.float64, device=points.device) * (points.shape[1] - 1) / bins
    below = position.floor().long()
    lower, upper = order[:, below], order[:, (below + 1).clamp(max=points.shape[1] - 1)]
    return lower + (upper - lower) * (position - below)
