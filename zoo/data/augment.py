"""What signals go through before they are drawn, and images after: anew in each epoch, the same for the same seed.

Times are never turned round: a heart beat or a skin response played backwards is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from biocurate.errors import UsageError
from zoo.data.counted import Ints, uniform

if TYPE_CHECKING:
    from torch import Tensor

Share = Annotated[float, Field(ge=0, le=1)]

AMPLITUDE, SHIFT, NOISE, BAND, DROP, MASK, SAMPLES = range(7)
"""Purposes that random numbers are for; each has its own, so that to add one changes no other."""

FLANK_HZ = 1.0
"""Width of a stopped band's flanks, half a cosine."""


class Augmentation(BaseModel):
    """Changes of signals. All are off until asked for; each is made to a window with the same `probability`.

    Sources: Mohsenvand, Izadi & Maes, Contrastive representation learning for electroencephalogram classification,
    ML4H (PMLR 136), 2020, for scaled amplitudes, shifts, noise and stopped bands; Rommel et al., Data augmentation for
    learning predictive models on EEG: a systematic comparison, J. Neural Eng. 19 (2022), for these and dropped
    channels; Um et al., Data augmentation of wearable sensor data for Parkinson's disease monitoring using
    convolutional neural networks, ICMI 2017, for scaling and jitter of wearables' signals.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    probability: Share = 0.5
    amplitude: Annotated[float, Field(ge=1, le=100)] = 1.0
    """Signals are multiplied by up to this, or divided. Images that are scaled each by itself hardly show it."""
    shift_s: Annotated[float, Field(ge=0)] = 0.0
    """Seconds that a window begins earlier or later at most, within its segment: other samples, none made up."""
    noise: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Standard deviation of white noise at most, as a share of the window's own."""
    band_hz: Annotated[float, Field(ge=0)] = 0.0
    """Width of a band, anywhere below half the rate, that is taken out."""
    drop: Share = 0.0
    """Share of windows whose channel is dropped: their image is black, whatever `probability` says."""
    horizontal_flip: bool = False
    """Refused."""

    @model_validator(mode="after")
    def _time_has_a_direction(self) -> Augmentation:
        if self.horizontal_flip:
            raise UsageError(
                "Images are not flipped horizontally: time has a direction.",
                where="Augmentation",
                mend="Leave horizontal_flip out; shift_s moves windows in time.",
            )
        return self

    def shift(self, item: Ints, rate: float, seed: int, epoch: int) -> Ints:
        """Samples by which windows begin later."""
        by = self._drawn(SHIFT, item, seed, epoch, self.shift_s > 0)
        return np.rint(by * self.shift_s * rate).astype(np.int64)

    def change(self, x: NDArray[np.float32], item: Ints, rate: float, seed: int, epoch: int) -> NDArray[np.float32]:
        """Change windows; what is not asked for leaves every bit as it is.

        Parameters
        ----------
        x : array, shape (n, time), float32
            NaN stays NaN.
        item : array of int, shape (n,)
            Numbers of the images.
        rate : float, in hertz
        seed, epoch : int
        """
        if self.amplitude > 1:
            by = self._drawn(AMPLITUDE, item, seed, epoch)
            x = np.where(by[:, None] != 0, x * np.power(self.amplitude, by)[:, None], x).astype(np.float32)
        if self.band_hz:
            x = self._without_band(x, item, rate, seed, epoch)
        if self.noise:
            x = self._with_noise(x, item, seed, epoch)
        if self.drop:
            dropped = uniform(seed, epoch, DROP, item, 1)[:, 0] < self.drop
            x = np.where(dropped[:, None], np.float32(0), x)
        return x

    def _drawn(self, purpose: int, item: Ints, seed: int, epoch: int, wanted: bool = True) -> NDArray[np.float64]:
        """A number from -1 to 1 of each item; 0 where nothing is to be done."""
        if not wanted:
            return np.zeros(len(item))
        number = uniform(seed, epoch, purpose, item, 2)
        return np.where(number[:, 0] < self.probability, 2 * number[:, 1] - 1, 0.0)

    def _with_noise(self, x: NDArray[np.float32], item: Ints, seed: int, epoch: int) -> NDArray[np.float32]:
        from scipy.special import ndtri

        by = np.abs(self._drawn(NOISE, item, seed, epoch))
        mine = np.flatnonzero(by)
        if not len(mine):
            return x
        exact = x[mine].astype(np.float64)
        centred = exact - exact.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True))
        white = ndtri(uniform(seed, epoch, SAMPLES, item[mine], x.shape[1]).clip(2.0**-54, None))
        out = x.copy()
        out[mine] = exact + self.noise * by[mine, None] * spread * white
        return out

    def _without_band(
        self, x: NDArray[np.float32], item: Ints, rate: float, seed: int, epoch: int
    ) -> NDArray[np.float32]:
        centre = self._drawn(BAND, item, seed, epoch)
        mine = np.flatnonzero(centre)
        if not len(mine):
            return x
        frequency = np.fft.rfftfreq(x.shape[1], 1 / rate)
        middle = (centre[mine] + 1) / 2 * rate / 2
        beyond = np.abs(frequency - middle[:, None]) - self.band_hz / 2
        kept = 0.5 - 0.5 * np.cos(np.pi * (beyond / FLANK_HZ).clip(0, 1))
        exact = x[mine].astype(np.float64)
        # The mean is no band: without it, a slow signal such as skin conductance would lose its level.
        mean = exact.mean(axis=1, keepdims=True)
        out = x.copy()
        out[mine] = np.fft.irfft(np.fft.rfft(exact - mean) * kept, x.shape[1]) + mean
        return out


class MaskOut(BaseModel):
    """A part of each image is blackened.

    Sources: DeVries & Taylor, Improved regularization of convolutional neural networks with cutout, arXiv 1708.04552
    (2017), for a rectangle; Park et al., SpecAugment, Interspeech 2019, for a band of rows and one of columns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    probability: Share = 0.5
    shape: Literal["rectangle", "bands"] = "rectangle"
    rows: Share = 0.25
    """Share of an image's rows that are masked, at most."""
    columns: Share = 0.25
    """Share of its columns."""

    def apply(self, images: Tensor, item: Ints, seed: int, epoch: int) -> Tensor:
        """Mask images in place.

        Parameters
        ----------
        images : Tensor, shape (n, channels, size, size), uint8
        item : array of int, shape (n,)
        seed, epoch : int
        """
        import torch

        size = images.shape[-1]
        number = uniform(seed, epoch, MASK, item, 5)
        chosen = number[:, 0] < self.probability
        inside = []
        for share, length, place in ((self.rows, 1, 2), (self.columns, 3, 4)):
            extent = np.where(chosen, np.rint(number[:, length] * share * size), 0)
            first = np.floor(number[:, place] * (size - extent + 1))
            at = torch.arange(size, device=images.device)
            begin, end = (torch.from_numpy(each).to(images.device)[:, None] for each in (first, first + extent))
            inside.append((at >= begin) & (at < end))
        rows, columns = inside[0][:, :, None], inside[1][:, None, :]
        masked = rows & columns if self.shape == "rectangle" else rows | columns
        return images.masked_fill_(masked[:, None], 0)
