"""Amplitude over time and frequency, by a continuous wavelet transform."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from biocurate.errors import UsageError
from biocurate.images.registry import Representation
from biocurate.images.representations.bands import CYCLES, TOP, USUAL, Hertz, band, check_band
from biocurate.images.representations.rows import ifft, rfft, total
from biocurate.sensors import SensorType

REACH = 4.0
"""Deviations to which a wavelet's Gaussian is followed, in time and in frequency: there it is 3e-4 of its top."""
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
    1e-3 of an image's maximum, and `pywt.cwt` with the complex Morlet wavelet of the same width to 3e-2.
    """

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
        found = voices(samples, width, low, high, height, self.omega0, x.device)
        spectra = {length: torch.view_as_real(rfft(exact, length)) for length in {voice.length for voice in found}}
        out = x.new_empty((len(x), height, width))
        for row, voice in enumerate(found):
            out[:, row] = amplitude(spectra[voice.length], voice, width)
        return out


class Voice(NamedTuple):
    """The wavelet of one scale."""

    length: int
    """Samples of its transform: the window, and zeros for as long as the wavelet reaches."""
    first: int
    """Bin at which its band starts."""
    real: Tensor
    """Shape (bins,), float64: its weights, turned by half an instant."""
    imag: Tensor
    instants: int
    """Instants at which it is evaluated in the window and in the zeros after it."""
    within: int
    """Those in each column of the window; a power of two."""


def padded(samples: int, width: int, reach: float) -> int:
    """Samples of a transform in which what wraps around lies beyond a wavelet's reach.

    The window grows by 1, 2, 4 ... times a share of it, an eighth where that is whole in samples and columns: so few
    transforms serve all scales, and columns begin at instants.
    """
    share = math.gcd(samples, width, 8)
    times = 1
    while times * samples < reach * share:
        times *= 2
    return samples + times * samples // share


@lru_cache(maxsize=16)
def voices(
    samples: int, width: int, low: float, high: float, height: int, omega0: float, device: torch.device
) -> tuple[Voice, ...]:
    """Wavelets from the lowest frequency to the highest; these are in cycles a sample."""
    made = []
    for hertz in np.geomspace(low, high, height):
        length = padded(samples, width, REACH * omega0 / (2 * math.pi * hertz))
        centre, deviation = hertz * length, hertz * length / omega0
        first = max(1, math.ceil(centre - REACH * deviation))
        last = min(length // 2, math.floor(centre + REACH * deviation))
        bins = np.arange(first, max(last, first) + 1)
        within = 1
        while width * within * length < 2 * len(bins) * samples:  # the square's band is twice as wide
            within *= 2
        instants = width * within * length // samples
        weight = 2 * np.exp(-0.5 * ((bins - centre) / deviation) ** 2) * instants / length
        # An instant is the middle of its share of a column; where the band is moved to bin 0, its amplitude stays.
        turn = np.pi * (bins - first) / instants
        real, imag = (torch.from_numpy(weight * part).to(device) for part in (np.cos(turn), np.sin(turn)))
        made.append(Voice(length, first, real, imag, instants, within))
    return tuple(made)


def amplitude(spectrum: Tensor, voice: Voice, width: int) -> Tensor:
    """Root mean square of one scale in each column.

    Parameters
    ----------
    spectrum : Tensor, shape (batch, bins, 2), float64
    """
    band = spectrum[:, voice.first : voice.first + len(voice.real)]
    real, imag = band[..., 0], band[..., 1]
    # Single operations on real numbers: a complex product rounds differently at the end of a vector.
    turned = band.new_zeros((len(band), voice.instants, 2))
    turned[:, : len(voice.real), 0] = real * voice.real - imag * voice.imag
    turned[:, : len(voice.real), 1] = real * voice.imag + imag * voice.real
    wave = ifft(torch.view_as_complex(turned))[:, : width * voice.within]
    power = wave.real.square() + wave.imag.square()
    for _ in range(voice.within.bit_length() - 1):
        power = (power[:, ::2] + power[:, 1::2]) / 2
    return power.sqrt()
