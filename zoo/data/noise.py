"""Noise that is added to samples after they are read: how a model that stands is tried on worse recordings.

The noise of a channel of a window depends on the seed, the window and the channel alone, so that it is the same
whatever batch it is read in, and of several images of the channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.quality.validation.noise import ADDED, RAIL, applies, dropped
from biocurate.sensors import SensorType
from zoo.data.counted import Ints, uniform

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
Band = tuple[float, float]

NORMAL, UNIFORM = 16, 17
"""Purposes that random numbers are for; those of an augmentation are others, and each further call counts up."""

CHANNELS = 1024
"""More than a stream has."""

BANDS: Mapping[SensorType, Band] = MappingProxyType(
    {
        SensorType.EEG: (1.0, 45.0),
        SensorType.EOG: (0.3, 15.0),
        SensorType.ECG: (0.5, 40.0),  # monitoring bandwidth: Kligfield et al., Circulation 2007
        SensorType.EMG: (10.0, np.inf),
        SensorType.PPG: (0.5, 8.0),
        SensorType.ABP: (0.5, 12.0),
        SensorType.GSR: (0.0, 1.0),
        SensorType.RESP: (0.0, 2.0),
        SensorType.SPO2: (0.0, 0.4),
    }
)
"""Where a sensor type's signal is, in hertz; the mean is no part of it. All frequencies of a type that is not here."""

INSIDE = frozenset({"white", "muscle", "motion"})
"""Kinds that lie over the signal, of which the part within its band counts. Wander and mains lie beside it: all of
them counts."""


class Disturb(Protocol):
    """What samples go through after they are read, ahead of features, images and networks."""

    def __call__(self, x: NDArray[np.float32], item: Ints, rate_hz: float, sensor: SensorType) -> NDArray[np.float32]:
        """Other samples.

        Parameters
        ----------
        x : array, shape (n, time), NaN where there is no sample
        item : array of int, shape (n,)
            Of `items`.
        rate_hz : float
        sensor : SensorType

        Returns
        -------
        array, as ``x``, which is not changed
        """
        ...


def items(row: Ints, channel: Ints) -> Ints:
    """Numbers of channels of windows: by the window's place in its manifest, and the channel's in its stream."""
    return np.asarray(row * CHANNELS + channel, dtype=np.int64)


def disturbed(
    by: Disturb, x: NDArray[np.float32], row: Ints, rate_hz: float, sensor: SensorType
) -> NDArray[np.float32]:
    """Samples of whole windows, shape (windows, channels, time), after something was done to each channel."""
    windows, channels, samples = x.shape
    which = items(np.repeat(row, channels), np.tile(np.arange(channels), windows))
    return by(x.reshape(-1, samples), which, rate_hz, sensor).reshape(x.shape)


@dataclass
class Counted:
    """Random numbers of channels of windows that do not depend on what else is asked for.

    Source: `zoo.data.counted.uniform`; normal numbers by the inverse of their distribution.
    """

    seed: int
    item: Ints
    _calls: int = field(default=0, repr=False)

    @property
    def rows(self) -> int:
        """Channels of windows."""
        return len(self.item)

    def normal(self, samples: int) -> Floats:
        """Normal numbers, shape (rows, samples)."""
        from scipy.special import ndtri

        return np.asarray(ndtri(self._next(NORMAL, samples).clip(2.0**-54, None)))

    def uniform(self, low: float, high: float, count: int = 1) -> Floats:
        """Numbers between two, shape (rows, count)."""
        return low + (high - low) * self._next(UNIFORM, count)

    def _next(self, purpose: int, count: int) -> Floats:
        self._calls += 1
        return uniform(self.seed, self._calls, purpose, self.item, count)


@dataclass(frozen=True)
class Noise:
    """Noise of a kind at a ratio of powers, the signal's within its sensor type's band over the noise's.

    Of a kind in `INSIDE` the noise's power is that within the band too, else all of it. Of ``dropout`` it is that of
    what is changed: a stretch is held at the rail. Sensor types that have no such noise stay as they are.

    Source of the kinds: `biocurate.curate.quality.validation.noise`.

    Parameters
    ----------
    kind : str
    snr_db : float
        Infinite leaves every sample as it is.
    seed : int
    """

    kind: str
    snr_db: float
    seed: int = 0

    def __call__(self, x: NDArray[np.float32], item: Ints, rate_hz: float, sensor: SensorType) -> NDArray[np.float32]:
        """Samples with noise."""
        if np.isposinf(self.snr_db) or not applies(self.kind, sensor, rate_hz):
            return x
        known = np.isfinite(x)
        count = np.maximum(known.sum(axis=1, keepdims=True), 1)
        exact = np.where(known, x, 0.0).astype(np.float64)
        level = exact.sum(axis=1, keepdims=True) / count
        centred = np.where(known, exact - level, 0.0)
        random = Counted(self.seed, item)
        if self.kind == "dropout":
            size = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
            rail = np.zeros_like(level) if sensor is SensorType.GSR else level + RAIL * size
            made = dropped(centred + level, rail, 10 ** (-self.snr_db / 10) / (1 + RAIL**2), random)
        else:
            made = centred + level + self._sized(centred, rate_hz, sensor, random)
        return np.where(known, made, np.nan).astype(np.float32)

    def _sized(self, centred: Floats, rate_hz: float, sensor: SensorType, random: Counted) -> Floats:
        """Noise of the size that the ratio asks for; none where the signal has no power."""
        made = ADDED[self.kind](centred.shape[1], rate_hz, sensor, random)
        made = made - made.mean(axis=1, keepdims=True)
        band = BANDS.get(sensor, (0.0, np.inf))
        signal = power_within(centred, rate_hz, band)
        noise = power_within(made, rate_hz, band if self.kind in INSIDE else (0.0, np.inf))
        size = np.sqrt(signal / np.maximum(noise, 1e-30) * 10 ** (-self.snr_db / 10))
        return np.asarray(made * size[:, None])


def power_within(x: Floats, rate_hz: float, band: Band) -> Floats:
    """Mean square of what lies in a band, the mean left out, shape (n,), of signals of shape (n, time).

    Source: Parseval's theorem.
    """
    samples = x.shape[1]
    power = np.abs(np.fft.rfft(x, axis=1)) ** 2
    power[:, 1 : (samples + 1) // 2] *= 2  # frequencies below zero, which are not listed
    frequency = np.fft.rfftfreq(samples, 1 / rate_hz)
    inside = (frequency >= band[0]) & (frequency <= band[1]) & (frequency > 0)
    return np.asarray(power[:, inside].sum(axis=1) / samples**2)


@dataclass(frozen=True)
class OfImages:
    """A disturbance as images that are drawn take it: by their numbers."""

    by: Disturb
    item: Ints
    """Of each image's channel of a window."""
    sensor: NDArray[np.object_]
    """Sensor type of each."""

    @classmethod
    def of(cls, by: Disturb, images: pl.DataFrame) -> OfImages:
        """Of images that a dataset draws: ``window_row``, ``index`` of the channel and ``sensor_type`` of each."""
        item = items(images["window_row"].to_numpy(), images["index"].to_numpy())
        return cls(by, item, images["sensor_type"].to_numpy())

    def shift(self, at: Ints, rate: float, seed: int, epoch: int) -> Ints:
        """Windows stay where they are."""
        return np.zeros(len(at), dtype=np.int64)

    def change(self, x: NDArray[np.float32], at: Ints, rate: float, seed: int, epoch: int) -> NDArray[np.float32]:
        """Samples of images that share a sensor type, shape (n, time)."""
        return self.by(x, self.item[at], rate, SensorType(self.sensor[at[0]]))
