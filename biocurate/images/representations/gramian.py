"""Sums and differences of the angles of a window's points."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

from pydantic import Field
from torch import Tensor

from biocurate.images.drawing.registry import Representation
from biocurate.images.representations.decimation import between, decimate

LEAST = 4
"""Fewest points."""


class Gramian(Representation):
    """A window's points as cosines, and what two of them make."""

    points: Annotated[int, Field(ge=LEAST, le=512)] = 128
    """Points of a window; no more than it has samples."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Those of a cosine or sine."""
        return -1.0, 1.0

    def shortest(self, rate: float) -> int:
        """Four points."""
        return LEAST

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Points by points."""
        return (min(self.points, samples),) * 2

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Cosines and sines come from float64; what pixels make of them, two products and a difference of numbers up to
        1, is within 3e-7 in float32.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, points, points), float32, from -1 to 1
        """
        exact = between(decimate(x, self.points))
        cosine, sine = exact.float(), (1 - exact.square()).clamp_(min=0).sqrt_().float()
        up, down = self.factors(cosine, sine)
        # Single operations: a product of matrices, or one that adds at once, would round otherwise elsewhere.
        return (up[:, :, None] * cosine[:, None, :]).sub_(down[:, :, None] * sine[:, None, :])

    @abstractmethod
    def factors(self, cosine: Tensor, sine: Tensor) -> tuple[Tensor, Tensor]:
        """Of each row's point: what its pixels have of the column's cosine, and what less of its sine."""


class GramianSum(Gramian, kind="gramian-sum"):
    """Gramian angular summation field of a window.

    The window is low-passed, sampled at `points` points and brought to the range from -1 to 1, the cosines of angles;
    pixel (i, j) is the cosine of the sum of the angles of points i and j. Time runs to the right and upwards.

    Source: Wang & Oates, Imaging time-series to improve classification and imputation, IJCAI 2015, equation 3, to
    1e-6. Tests hold it to `pyts.image.GramianAngularField(method="summation")`, too, where pyts is installed.
    """

    def factors(self, cosine: Tensor, sine: Tensor) -> tuple[Tensor, Tensor]:
        """cos(a + b) = cos a cos b - sin a sin b."""
        return cosine, sine


class GramianDifference(Gramian, kind="gramian-difference"):
    """Gramian angular difference field of a window.

    As `gramian-sum`; pixel (i, j), row i and column j, is the sine of the angle of point i less that of point j.

    Source: Wang & Oates, Imaging time-series to improve classification and imputation, IJCAI 2015, equation 4, to
    1e-6. Tests hold it to `pyts.image.GramianAngularField(method="difference")`, too, where pyts is installed.
    """

    def factors(self, cosine: Tensor, sine: Tensor) -> tuple[Tensor, Tensor]:
        """sin(a - b) = sin a cos b - cos a sin b."""
        return sine, cosine
