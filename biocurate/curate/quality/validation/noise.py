"""Realistic noise of a known signal-to-noise ratio, the same for the same seed.

Every kind but ``dropout`` is added; its power over the window is the signal's by the ratio. Each is made from the
source alone, so that a ratio changes its size and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from biocurate.curate.quality.block import Floats
from biocurate.sensors import SensorType

SNR_DB = (24.0, 12.0, 6.0, 0.0, -6.0)
MAINS_HZ = 50.0
RAIL = 2.0
"""How far above a window's mean the amplifier's rail is put, in its standard deviations; of GSR, which a lost electrode
leaves without any conductance, it is 0 uS."""

WANDER_HZ = {SensorType.EEG: (0.05, 0.4), SensorType.RESP: (0.005, 0.05), SensorType.GSR: (0.0, 0.02)}
"""Band of the wander: slower than the signal. Else 0.05 to 0.4 Hz, breathing and electrodes."""
MUSCLE_HZ = (20.0, 250.0)
MOTION_HZ = {
    SensorType.ECG: (
        1.0,
        10.0,
    ),  # electrode motion looks like QRS complexes: Moody et al., CinC 1984 (noise stress test)
    SensorType.EEG: (0.5, 8.0),
    SensorType.PPG: (0.5, 5.0),
    SensorType.GSR: (0.3, 2.0),
    SensorType.RESP: (0.2, 3.0),
}


class Source(Protocol):
    """Random numbers of some windows."""

    @property
    def rows(self) -> int:
        """Windows."""

    def normal(self, samples: int) -> Floats:
        """Normal numbers, shape (rows, samples)."""

    def uniform(self, low: float, high: float, count: int = 1) -> Floats:
        """Numbers between two, shape (rows, count)."""


@dataclass(frozen=True)
class Drawn:
    """Numbers that are drawn one after the other: those of a window depend on the windows before it."""

    rows: int
    random: np.random.Generator

    def normal(self, samples: int) -> Floats:
        """Normal numbers, shape (rows, samples)."""
        return self.random.standard_normal((self.rows, samples))

    def uniform(self, low: float, high: float, count: int = 1) -> Floats:
        """Numbers between two, shape (rows, count)."""
        return self.random.uniform(low, high, (self.rows, count))


Maker = Callable[[int, float, SensorType, Source], Floats]
"""From the samples of a window, the rate in hertz, the sensor type and random numbers to noise of any size."""


def wander(samples: int, rate_hz: float, sensor: SensorType, random: Source) -> Floats:
    """Slow noise whose power falls with the square of frequency."""
    return _shaped(samples, rate_hz, *WANDER_HZ.get(sensor, (0.05, 0.4)), random, slope=1.0)


def muscle(samples: int, rate_hz: float, sensor: SensorType, random: Source) -> Floats:
    """Noise from 20 to 250 Hz, or as far as the rate reaches, in bursts over a floor."""
    noise = _shaped(samples, rate_hz, *MUSCLE_HZ, random)
    return noise * (0.3 + _bursts(samples, random, count=3))


def motion(samples: int, rate_hz: float, sensor: SensorType, random: Source) -> Floats:
    """One to three bursts of noise in the signal's own band."""
    noise = _shaped(samples, rate_hz, *MOTION_HZ.get(sensor, (0.5, 5.0)), random)
    return noise * _bursts(samples, random, count=2)


def mains(samples: int, rate_hz: float, sensor: SensorType, random: Source) -> Floats:
    """50 Hz, 0.1 % off, with its second and third harmonics at 0.3 and 0.2 of its amplitude."""
    time = np.arange(samples) / rate_hz
    hz = MAINS_HZ * (1 + random.uniform(-0.001, 0.001))
    phase = [random.uniform(0, 2 * np.pi) for _ in range(3)]
    tones = [
        size * np.sin(2 * np.pi * number * hz * time + phase[number - 1])
        for number, size in ((1, 1.0), (2, 0.3), (3, 0.2))
        if number * MAINS_HZ < 0.49 * rate_hz
    ]
    return np.asarray(sum(tones, np.zeros((random.rows, samples))))


def white(samples: int, rate_hz: float, sensor: SensorType, random: Source) -> Floats:
    """Gaussian noise of one power at every frequency."""
    return random.normal(samples)


ADDED: dict[str, Maker] = {"wander": wander, "muscle": muscle, "motion": motion, "mains": mains, "white": white}
KINDS = (*ADDED, "dropout")


def applies(kind: str, sensor: SensorType, rate_hz: float) -> bool:
    """Tell whether a kind of noise exists for a sensor type at a rate."""
    if kind == "mains":
        return rate_hz > 2 * MAINS_HZ
    if kind == "muscle":
        return sensor in (SensorType.ECG, SensorType.EEG) and 0.45 * rate_hz > MUSCLE_HZ[0] + 5
    return not (kind == "wander" and sensor is SensorType.GSR)


def noisy(x: Floats, kind: str, snr_db: float, rate_hz: float, sensor: SensorType, seed: int) -> Floats:
    """Windows with noise.

    Parameters
    ----------
    x : array, shape (windows, samples)
    kind : str
        One of `KINDS`.
    snr_db : float
        Power of the window about its mean over that of what is added, or, for dropout, of what is changed.
    rate_hz : float
    sensor : SensorType
    seed : int
        The same one gives the same noise; only its size goes with the ratio.
    """
    random = Drawn(len(x), np.random.default_rng(seed))
    level = x.mean(axis=1, keepdims=True)
    size = x.std(axis=1, keepdims=True)
    if kind == "dropout":
        rail = np.zeros_like(level) if sensor is SensorType.GSR else level + RAIL * size
        return dropped(x, rail, 10 ** (-snr_db / 10) / (1 + RAIL**2), random)
    made = ADDED[kind](x.shape[1], rate_hz, sensor, random)
    made = made - made.mean(axis=1, keepdims=True)
    made /= np.maximum(made.std(axis=1, keepdims=True), 1e-12)
    return np.asarray(x + made * size * 10 ** (-snr_db / 20))


def dropped(x: Floats, rail: Floats, share: float, random: Source) -> Floats:
    """Hold a share of each window at the rail, in one stretch: an electrode that is off, an amplifier that saturates.

    Parameters
    ----------
    x : array, shape (windows, samples)
    rail : array, shape (windows, 1)
    share : float
    random : Source
    """
    samples = x.shape[1]
    length = min(round(share * samples), samples)
    first = (random.uniform(0, 1) * (samples - length)).astype(int)
    place = np.arange(samples)
    return np.where((place >= first) & (place < first + length), rail, x)


def _shaped(samples: int, rate_hz: float, low: float, high: float, random: Source, slope: float = 0.0) -> Floats:
    """Gaussian noise between two frequencies, whose amplitude falls with frequency by a power."""
    # Made longer than the window: what is periodic in the window would have a spectrum of lines.
    longer = 4 * samples
    frequency = np.fft.rfftfreq(longer, 1 / rate_hz)
    gain = ((frequency >= low) & (frequency <= min(high, 0.5 * rate_hz)) & (frequency > 0)).astype(np.float64)
    gain[gain > 0] /= frequency[gain > 0] ** slope
    spectrum = np.fft.rfft(random.normal(longer), axis=1) * gain
    return np.asarray(np.fft.irfft(spectrum, longer, axis=1)[:, :samples])


def _bursts(samples: int, random: Source, count: int) -> Floats:
    """Envelopes of some Hann-shaped bursts, each a tenth to a half of the window long."""
    place = np.arange(samples) / samples
    middle = random.uniform(0.1, 0.9, count)[..., None]
    half = random.uniform(0.05, 0.25, count)[..., None]
    distance = np.minimum(np.abs(place - middle) / half, 1.0)
    return np.asarray((0.5 + 0.5 * np.cos(np.pi * distance)).max(axis=1))
