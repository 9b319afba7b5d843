"""How far the states of a window are from each other."""

from __future__ import annotations

from typing import Annotated, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from biocurate.images.drawing.registry import Representation
from biocurate.images.representations.decimation import decimate

LEAST = 4
"""Fewest states."""


class Recurrence(Representation, kind="recurrence"):
    """Distances between all states of a window: a recurrence plot, or an unthresholded one.

    The window is low-passed and sampled at `points` points; a state is `dimension` of them, `delay` apart. Pixel
    (i, j) is the Euclidean distance of states i and j, or, with a `threshold`, 1 where that distance is at most this
    share of the image's largest, else 0. Time runs to the right and upwards.

    Source: Eckmann, Kamphorst & Ruelle, Recurrence plots of dynamical systems, Europhys. Lett. 4 (1987); Iwanski &
    Bradley, Chaos 8 (1998), for the unthresholded plot; states by Takens' delays; to 1e-6
    of the largest distance. Tests hold it to `pyts.image.RecurrencePlot(dimension, delay, threshold="distance",
    percentage=100 * threshold)`, too, where pyts is installed.
    """

    points: Annotated[int, Field(ge=LEAST, le=512)] = 128
    """Points of a window; no more than it has samples."""
    dimension: Annotated[int, Field(ge=1, le=16)] = 1
    """Points of a state: 1 compares values, 2 and more compare shapes."""
    delay: Annotated[int, Field(ge=1, le=256)] = 1
    """Points from one of a state to its next."""
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the largest distance below which states recur; None draws the distances themselves."""

    @model_validator(mode="after")
    def _has_states(self) -> Self:
        if self.points < self.shortest(1.0):
            raise ValueError(
                f"{self.points} points hold fewer than {LEAST} states of {self.dimension} points, {self.delay} apart"
            )
        return self

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Percentiles for distances; 0 and 1 with a threshold."""
        return None if self.threshold is None else (0.0, 1.0)

    def shortest(self, rate: float) -> int:
        """Samples of four states."""
        return LEAST + (self.dimension - 1) * self.delay

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """States by states."""
        states = min(self.points, samples) - (self.dimension - 1) * self.delay
        return states, states

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32, canonical unit u
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, states, states), float32, in u, or 0 and 1 with a threshold
        """
        points = decimate(x, self.points)
        if self.dimension == 1:
            # From the middle of its range a window's differences are exact to 2e-7 of the largest in float32.
            points = (points - (points.amin(dim=1, keepdim=True) + points.amax(dim=1, keepdim=True)) / 2).float()
        states = points.shape[1] - (self.dimension - 1) * self.delay
        first = points[:, :states]
        distance = (first[:, :, None] - first[:, None, :]).abs_()
        if self.dimension > 1:
            distance.square_()
            for place in range(1, self.dimension):
                each = points[:, place * self.delay : place * self.delay + states]
                distance.add_((each[:, :, None] - each[:, None, :]).square_())
            distance.sqrt_()
        if self.threshold is None:
            return distance.float()
        return (distance <= self.threshold * distance.amax(dim=(1, 2), keepdim=True)).to(torch.float32)
