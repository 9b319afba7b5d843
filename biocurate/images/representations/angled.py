"""What representations that are drawn from the angles of short-time Fourier transforms share."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

from torch import Tensor

from biocurate.images.drawing.render import Resizing
from biocurate.images.representations.framed import Framed
from biocurate.images.representations.rows import angle

TURN = 2 * math.pi


class Angled(Framed):
    """Each frame's angles against its first sample; there is nothing between two neighbouring pixels."""

    resizing: ClassVar[Resizing] = "nearest"

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, segment // 2 + 1, frames), float32, in radians; low frequencies first

        Raises
        ------
        UsageError
            If a window is shorter than a frame.
        """
        return self.drawn(angle(self.spectra(x, rate))).float().transpose(1, 2)

    @abstractmethod
    def drawn(self, angles: Tensor) -> Tensor:
        """Make of angles from -pi to pi, float64, shape (batch, frames, frequencies), what is drawn."""
