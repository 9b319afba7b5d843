"""What spectrograms that are drawn bin by bin share: the band that is drawn, and frames by sensor type."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from biocurate.images.representations.bands import USUAL, Hertz, check_band
from biocurate.images.representations.framed import Framed
from biocurate.sensors import SensorType

SLOW: Mapping[str, object] = {"overlap": 0.9, "low_hz": 0.05}
FRAMES: Mapping[SensorType, Mapping[str, object]] = {
    SensorType.EEG: {"frame_s": 1.0, "overlap": 0.75},  # a bin a hertz: theta, alpha and beta apart
    SensorType.EOG: {"frame_s": 2.0, "overlap": 0.75},
    SensorType.ECG: {"frame_s": 0.25, "overlap": 0.75},  # between two R waves of 150 a minute: each is a line
    SensorType.EMG: {"frame_s": 0.25},  # bursts, and the shape of their spectrum
    SensorType.PPG: {"frame_s": 4.0, "overlap": 0.9},  # four beats: the heart rate and its harmonics are lines
    SensorType.ABP: {"frame_s": 4.0, "overlap": 0.9},
    SensorType.GSR: {"frame_s": 10.0, **SLOW},  # as long as a response, from onset to half recovery
    SensorType.RESP: {"frame_s": 16.0, **SLOW},  # four breaths
    SensorType.CO2: {"frame_s": 16.0, **SLOW},
    SensorType.SPO2: {"frame_s": 30.0, **SLOW, "low_hz": 0.01},  # a desaturation
    SensorType.TEMP: {"frame_s": 30.0, **SLOW, "low_hz": 0.01},
}
"""Frames by sensor type, and where the band of a slow signal begins."""

BANDED: Mapping[SensorType, Mapping[str, object]] = {
    sensor: {**USUAL[sensor], "centred": True, **of_its_own} for sensor, of_its_own in FRAMES.items()
}
"""Parameters by sensor type.

Frames are as long as what an expert reads in it needs: an R wave stands by itself in a quarter of a second, an alpha
wave's frequency is told in one second, a pulse's in four, a breath's in 16.
"""


class Banded(Framed):
    """Bins from a lowest to a highest frequency."""

    low_hz: Hertz | None = None
    """Lowest frequency that is drawn."""
    high_hz: Hertz | None = None
    """Highest; where the rate does not reach it, half the rate."""
    centred: bool = False
    """Take each frame's mean out, as where a level says nothing and is far above what does."""

    def shortest(self, rate: float) -> int:
        """One frame, or two of the shortest where windows limit them."""
        reached = self.high_hz if self.high_hz is not None and self.high_hz < rate / 2 else None
        check_band(self.kind, self.low_hz, reached, rate)
        return super().shortest(rate)

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Frequencies of the band, and frames."""
        rows = self.rows(samples, rate)
        return rows.stop - rows.start, super().grid(samples, rate)[1]

    def hertz(self, samples: int, rate: float) -> NDArray[np.float64]:
        """Frequencies of the bins."""
        rows = self.rows(samples, rate)
        return np.arange(rows.start, rows.stop) * rate / self.frames(samples, rate)[0]

    def rows(self, samples: int, rate: float) -> slice:
        """Bins from the lowest frequency to the highest; the one below where there is none between."""
        segment, _ = self.frames(samples, rate)
        bins = segment // 2 + 1
        stop = bins if self.high_hz is None else min(math.floor(self.high_hz * segment / rate) + 1, bins)
        return slice(min(math.ceil((self.low_hz or 0) * segment / rate), stop - 1), stop)

    def in_band(self, x: Tensor, rate: float) -> Tensor:
        """Fourier transforms of a batch's frames at the band's bins.

        Returns
        -------
        Tensor, shape (batch, frames, bins), complex128

        Raises
        ------
        UsageError
            If a window is shorter than a frame.
        """
        return self.spectra(x, rate, centred=self.centred)[:, :, self.rows(x.shape[1], rate)]
