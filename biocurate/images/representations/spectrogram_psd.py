"""Power spectral density over time, in decibels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from biocurate.images.representations.banded import BANDED, Banded
from biocurate.images.representations.stft import decibels, density
from biocurate.sensors import SensorType


class SpectrogramPsd(Banded, kind="spectrogram-psd"):
    """Short-time Fourier power of a window.

    Each window is cut into Hann frames of `segment` samples, `overlap` of which are shared by neighbours; the squared
    magnitude of each frame's Fourier transform, scaled to a one-sided density, is given in decibels as
    ``10 log10(density + floor)``. No mean or trend is taken out, unless frames are `centred`; rows are those of the
    bins from `low_hz` to `high_hz`.

    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., section 10.3; equals
    `scipy.signal.spectrogram(x, rate, window="hann", detrend=False, scaling="density")`, and
    `scipy.signal.ShortTimeFFT(..., scale_to="psd", fft_mode="onesided2X")` over whole frames, to 1e-4 dB.
    """

    usual: ClassVar[Mapping[SensorType, Mapping[str, object]]] = BANDED

    floor_db: Annotated[float, Field(ge=-300, le=300)] = -120.0
    """Density, in decibels, that is added: silence looks no darker."""

    def native(self, x: Tensor, rate: float) -> Tensor:
        """Draw windows at their native grid.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32, canonical unit u
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, frequencies, frames), float32, in dB re 1 u^2/Hz; low frequencies first

        Raises
        ------
        UsageError
            If a window is shorter than a frame.
        """
        segment, _ = self.frames(x.shape[1], rate)
        first = self.rows(x.shape[1], rate).start
        return decibels(density(self.in_band(x, rate), segment, rate, first), self.floor_db).transpose(1, 2)
