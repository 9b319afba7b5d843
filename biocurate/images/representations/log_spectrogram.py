"""Power spectral density over time, in decibels, with octaves of equal height."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from biocurate.images.representations.bands import USUAL, Hertz, check_band
from biocurate.images.representations.framed import Framed
from biocurate.images.representations.stft import decibels, density, frame_length
from biocurate.sensors import SensorType


class LogSpectrogram(Framed, kind="log-spectrogram"):
    """Short-time Fourier power of a window in bands of equal width in octaves.

    The one-sided density of `spectrogram-psd`, each bin standing for the frequencies nearer to it than to its
    neighbours, is averaged over `bands` bands whose edges are equally far apart in octaves from `low_hz` to `high_hz`,
    and given in decibels as ``10 log10(mean + floor)``. A band that is narrower than a bin has the bin's density. The
    mean of each frame is taken out first, which would else fill the lowest octave; frames are longer than those of
    `spectrogram-psd`, to part that octave from the next, and overlap more.

    Source: the constant percentage bandwidth of IEC 61260-1 and Randall, Frequency Analysis, 3rd ed., chapter 4, by
    synthesis from a discrete transform; equals band means of
    `scipy.signal.spectrogram(..., window="hann", detrend="constant")` to 1e-4 dB.
    """

    usual: ClassVar[Mapping[SensorType, Mapping[str, object]]] = USUAL

    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.75
    """Share of a frame that is also its neighbour's."""
    floor_db: Annotated[float, Field(ge=-300, le=300)] = -120.0
    """Density, in decibels, that is added: silence looks no darker."""
    bands: Annotated[int, Field(ge=2, le=512)] = 64
    low_hz: Hertz | None = None
    """Lower edge of the lowest band; None: half a bin, as the bin that is next to 0 begins."""
    high_hz: Hertz | None = None
    """Upper edge of the highest band; None: half the rate."""

    def shortest(self, rate: float) -> int:
        """One frame."""
        check_band(self.kind, self.low_hz, self.high_hz, rate)
        return super().shortest(rate)

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Bands and frames."""
        return self.bands, super().grid(samples, rate)[1]

    def hertz(self, samples: int, rate: float) -> NDArray[np.float64]:
        """Middles of the bands."""
        low, high = self.edges(samples, rate)
        edges = np.geomspace(low, high, self.bands + 1)
        return np.sqrt(edges[1:] * edges[:-1])

    def edges(self, samples: int, rate: float) -> tuple[float, float]:
        """Lower edge of the lowest band and upper one of the highest, in hertz."""
        return self.low_hz or rate / self.frames(samples, rate)[0] / 2, self.high_hz or rate / 2

    def by_rule(self, samples: int) -> int:
        """The largest power of two <= a quarter of the window."""
        return frame_length(samples, longest=samples)

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32, canonical unit u
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, bands, frames), float32, in dB re 1 u^2/Hz; low frequencies first

        Raises
        ------
        UsageError
            If a window is shorter than a frame, or the rate does not reach the band.
        """
        check_band(self.kind, self.low_hz, self.high_hz, rate)
        segment, _ = self.frames(x.shape[1], rate)
        power = density(self.spectra(x, rate, centred=True), segment, rate)
        bin_hz = rate / segment
        low, high = self.edges(x.shape[1], rate)
        bins, shares = shares_of(segment, low / bin_hz, high / bin_hz, self.bands, x.device)
        mean = power.index_select(2, bins[0]).mul_(shares[0])
        for each, share in zip(bins[1:], shares[1:], strict=True):  # in a fixed order, which a matrix product has not
            mean.add_(power.index_select(2, each).mul_(share))
        return decibels(mean, self.floor_db).transpose(1, 2)


@lru_cache(maxsize=64)
def shares_of(segment: int, low: float, high: float, bands: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Which bins each band covers, and what share of the band each has.

    Parameters
    ----------
    segment : int, samples of a frame
    low, high : float
        Edges of the lowest and of the highest band, in bins.

    Returns
    -------
    bins : Tensor, shape (n, bands), int64, where n is the number of bins of the widest band
    shares : Tensor, shape (n, bands), float64, 0 where a band has fewer; those of a band add up to 1
    """
    edges = np.geomspace(low, high, bands + 1)
    first = np.floor(edges[:-1] + 0.5).astype(np.int64)
    widest = int(np.max(np.floor(edges[1:] + 0.5) - first)) + 1
    bins = first + np.arange(widest)[:, None]
    covered = np.minimum(edges[1:], bins + 0.5) - np.maximum(edges[:-1], bins - 0.5)
    shares = np.maximum(covered, 0.0) / np.diff(edges)
    used = int((shares.sum(axis=1) > 0).sum())
    kept = np.minimum(bins[:used], segment // 2)
    return torch.from_numpy(kept).to(device), torch.from_numpy(shares[:used]).to(device)
