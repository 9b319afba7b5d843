"""What representations that are drawn from the angles of short-time Fourier transforms share."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from biocurate.images.drawing.render import Resizing
from biocurate.images.representations.banded import BANDED, Banded
from biocurate.images.representations.rows import angle
from biocurate.sensors import SensorType

TURN = 2 * math.pi


class Angled(Banded):
    """Each frame's angles against its first sample; there is nothing between two neighbouring pixels."""

    definition: ClassVar[int] = 2
    usual: ClassVar[Mapping[SensorType, Mapping[str, object]]] = BANDED
    resizing: ClassVar[Resizing] = "nearest"

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, frequencies, frames), float32, in radians; low frequencies first

        Raises
        ------
        UsageError
            If a window is shorter than a frame.
        """
        return self.drawn(angle(self.in_band(x, rate))).float().transpose(1, 2)

    @abstractmethod
    def drawn(self, angles: Tensor) -> Tensor:
        """Make of angles from -pi to pi, float64, shape (batch, frames, frequencies), what is drawn."""
