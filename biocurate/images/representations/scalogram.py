"""Amplitude over time and frequency, by a continuous wavelet transform."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import Representation
from biocurate.images.representations.bands import CYCLES, TOP, USUAL, Hertz, band, check_band
from biocurate.images.representations.rows import rfft, total
from biocurate.images.representations.wavelets import wavelets
from biocurate.sensors import SensorType

SIZE = 120
"""Largest power of two, up or down, by which a window is scaled."""
LEAST = 16
"""Fewest samples of a window."""


class Scalogram(Representation, kind="scalogram"):
    """Amplitude of a window's analytic Morlet wavelet transform, on frequencies equally far apart in octaves.

    The window without its mean, followed by zeros, is transformed; at a scale s its spectrum is weighted with
    ``2 exp(-(s w - omega0)^2 / 2)`` for positive frequencies w, so that a sine of amplitude a gives a where s is
    ``omega0 / w``. A pixel is the root of the mean square over its column's instants, whose number is a power of two
    and at least, over the whole transform, twice that of the bins of the scale's band: the work at a scale follows its
    band, not the rate.

    Source: Torrence & Compo, A practical guide to wavelet analysis, BAMS 79 (1998), equations 4 and 6, with their
    padding, and with the weights of one norm at each scale (L1) in place of one energy; equals these equations to
    1e-3 of an image's maximum, and `pywt.cwt` with the complex Morlet wavelet of the same width to 3e-2 below an eighth
    of the rate, above which that one's sampled wavelets lose amplitude.
    """

    definition: ClassVar[int] = 2
    usual: ClassVar[Mapping[SensorType, Mapping[str, object]]] = USUAL

    scales: Annotated[int, Field(ge=2, le=512)] = 128
    columns: Annotated[int, Field(ge=2, le=512)] = 128
    """Columns of the image; no more than the window has samples."""
    omega0: Annotated[float, Field(ge=5, le=40)] = 6.0
    """Radians of the wave in a deviation of its Gaussian: more tells frequencies better apart, and instants worse."""
    low_hz: Hertz | None = None
    """Lowest frequency; None: two cycles a window."""
    high_hz: Hertz | None = None
    """Highest frequency; None: 0.45 of the rate."""

    def shortest(self, rate: float) -> int:
        """Two cycles of the lowest frequency, or of an octave below the highest."""
        check_band(self.kind, self.low_hz, self.high_hz, rate)
        lowest = (self.high_hz or TOP * rate) / 2 if self.low_hz is None else self.low_hz
        return max(LEAST, math.ceil(CYCLES * rate / lowest))

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Scales and columns."""
        return self.scales, min(self.columns, samples)

    def hertz(self, samples: int, rate: float) -> NDArray[np.float64]:
        """Frequencies of the scales."""
        return np.geomspace(*band(self.low_hz, self.high_hz, samples, rate), self.scales)

    def numbers(self, samples: int, rate: float) -> int:
        """The window's: the image is made row by row."""
        return samples

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32, canonical unit u
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, scales, columns), float32, in u; low frequencies first

        Raises
        ------
        UsageError
            If a window is shorter than two cycles of the lowest frequency, or the rate does not reach the band.
        """
        samples = x.shape[1]
        if samples < self.shortest(rate):
            raise UsageError(
                f"A window of {samples} samples is shorter than {self.shortest(rate)}, which the band needs.",
                where=self.kind,
                mend="Take longer windows or a higher low_hz.",
            )
        low, high = (hertz / rate for hertz in band(self.low_hz, self.high_hz, samples, rate))
        height, width = self.grid(samples, rate)
        exact = x.double()
        exact -= total(exact)[:, None] / samples
        # Powers of two, which change no digit: else the squares of small windows would be zero in float32.
        size = torch.exp2(torch.frexp(exact.abs().amax(dim=1)).exponent.clamp(-SIZE, SIZE).double())
        exact /= size[:, None]
        found = wavelets(samples, width, low, high, height, self.omega0, x.device)
        spectra = {length: torch.view_as_real(rfft(exact, length)) for length in {each.length for each in found}}
        out = x.new_empty((len(x), height, width))
        for voices in found:
            out[:, voices.rows] = voices.amplitude(spectra[voices.length], width)
        return out.mul_(size.float()[:, None, None])
