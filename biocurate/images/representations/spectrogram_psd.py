"""Power spectral density over time, in decibels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor

from biocurate.errors import UsageError
from biocurate.images.registry import Representation
from biocurate.images.representations.stft import LEAST, frame_count, frame_length, hann, spectra


class SpectrogramPsd(Representation, kind="spectrogram-psd"):
    """Short-time Fourier power of a window.

    Each window is cut into Hann frames of `segment` samples, `overlap` of which are shared by neighbours; the squared
    magnitude of each frame's Fourier transform, scaled to a one-sided density, is given in decibels as
    ``10 log10(density + floor)``. No mean or trend is taken out.

    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., section 10.3; equals
    `scipy.signal.spectrogram(x, rate, window="hann", detrend=False, scaling="density")`, and
    `scipy.signal.ShortTimeFFT(..., scale_to="psd", fft_mode="onesided2X")` over whole frames, to 1e-4 dB.
    """

    segment: Annotated[int, Field(ge=2)] | None = None
    """Samples of a frame; None: the largest power of two <= a quarter of the window, from 32 to 256."""
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of a frame that is also its neighbour's."""
    floor_db: Annotated[float, Field(ge=-300, le=300)] = -120.0
    """Density, in decibels, that is added: silence looks no darker."""

    def shortest(self, rate: float) -> int:
        """One frame."""
        return self.segment or LEAST

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Frequencies from 0 to half the rate, and frames."""
        segment, hop = self._frames(samples)
        return segment // 2 + 1, frame_count(samples, segment, hop)

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32, canonical unit u
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, segment // 2 + 1, frames), float32, in dB re 1 u^2/Hz; low frequencies first

        Raises
        ------
        UsageError
            If a window is shorter than a frame.
        """
        segment, hop = self._frames(x.shape[1])
        if x.shape[1] < segment:
            raise UsageError(
                f"A window of {x.shape[1]} samples is shorter than a frame of {segment}.",
                where=self.kind,
                mend="Take longer windows or a shorter segment.",
            )
        spectrum = spectra(x, segment, hop)
        power = spectrum.real.square().add_(spectrum.imag.square())
        # One-sided: each bin stands for its negative frequency too, save 0 and, for an even length, half the rate.
        density = power.new_full((power.shape[2],), 2.0)
        density[0] = 1.0
        if segment % 2 == 0:
            density[-1] = 1.0
        density /= rate * hann(segment, x.device).square().sum()
        decibels = power.mul_(density).float().add_(10 ** (self.floor_db / 10)).log10_().mul_(10)
        return decibels.transpose(1, 2)

    def _frames(self, samples: int) -> tuple[int, int]:
        """Give the samples of a frame, and those from one frame's start to the next's."""
        segment = self.segment or frame_length(samples)
        return segment, segment - int(segment * self.overlap)
