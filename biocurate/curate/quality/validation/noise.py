"""Realistic noise of a known signal-to-noise ratio, the same for the same seed.

Every kind but ``dropout`` is added; its power over the window is the signal's by the ratio. Each is made from the
generator alone, so that a ratio changes its size and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

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
Generator = np.random.Generator
Maker = Callable[[tuple[int, int], float, SensorType, Generator], Floats]


def wander(shape: tuple[int, int], rate_hz: float, sensor: SensorType, random: Generator) -> Floats:
    """Slow noise whose power falls with the square of frequency."""
    return _shaped(shape, rate_hz, *WANDER_HZ.get(sensor, (0.05, 0.4)), random, slope=1.0)


def muscle(shape: tuple[int, int], rate_hz: float, sensor: SensorType, random: Generator) -> Floats:
    """Noise from 20 to 250 Hz, or as far as the rate reaches, in bursts over a floor."""
    noise = _shaped(shape, rate_hz, *MUSCLE_HZ, random)
    return noise * (0.3 + _bursts(shape, rate_hz, random, count=3))


def motion(shape: tuple[int, int], rate_hz: float, sensor: SensorType, random: Generator) -> Floats:
    """One to three bursts of noise in the signal's own band."""
    noise = _shaped(shape, rate_hz, *MOTION_HZ.get(sensor, (0.5, 5.0)), random)
    return noise * _bursts(shape, rate_hz, random, count=2)


def mains(shape: tuple[int, int], rate_hz: float, sensor: SensorType, random: Generator) -> Floats:
    """50 Hz, 0.1 % off, with its second and third harmonics at 0.3 and 0.2 of its amplitude."""
    rows, samples = shape
    time = np.arange(samples) / rate_hz
    hz = MAINS_HZ * (1 + random.uniform(-0.001, 0.001, (rows, 1)))
    phase = random.uniform(0, 2 * np.pi, (3, rows, 1))
    tones = [
        size * np.sin(2 * np.pi * number * hz * time + phase[number - 1])
        for number, size in ((1, 1.0), (2, 0.3), (3, 0.2))
        if number * MAINS_HZ < 0.49 * rate_hz
    ]
    return np.asarray(sum(tones, np.zeros(shape)))


def white(shape: tuple[int, int], rate_hz: float, sensor: SensorType, random: Generator) -> Floats:
    """Gaussian noise of one power at every frequency."""
    return random.standard_normal(shape)


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
    random = np.random.default_rng(seed)
    level = x.mean(axis=1, keepdims=True)
    size = x.std(axis=1, keepdims=True)
    if kind == "dropout":
        rail = np.zeros_like(level) if sensor is SensorType.GSR else level + RAIL * size
        return _dropped(x, rail, 10 ** (-snr_db / 10) / (1 + RAIL**2), random)
    made = ADDED[kind]((len(x), x.shape[1]), rate_hz, sensor, random)
    made = made - made.mean(axis=1, keepdims=True)
    made /= np.maximum(made.std(axis=1, keepdims=True), 1e-12)
    return np.asarray(x + made * size * 10 ** (-snr_db / 20))


def _dropped(x: Floats, rail: Floats, share: float, random: Generator) -> Floats:
    """Hold a stretch at the rail: an electrode that is off, an amplifier that saturates."""
    samples = x.shape[1]
    length = min(round(share * samples), samples)
    first = (random.uniform(0, 1, (len(x), 1)) * (samples - length)).astype(int)
    place = np.arange(samples)
    return np.where((place >= first) & (place < first + length), rail, x)


def _shaped(
    shape: tuple[int, int], rate_hz: float, low: float, high: float, random: Generator, slope: float = 0.0
) -> Floats:
    """Gaussian noise between two frequencies, whose amplitude falls with frequency by a power."""
    # Made longer than the window: what is periodic in the window would have a spectrum of lines.
    samples = 4 * shape[1]
    frequency = np.fft.rfftfreq(samples, 1 / rate_hz)
    gain = ((frequency >= low) & (frequency <= min(high, 0.5 * rate_hz)) & (frequency > 0)).astype(np.float64)
    gain[gain > 0] /= frequency[gain > 0] ** slope
    spectrum = np.fft.rfft(random.standard_normal((shape[0], samples)), axis=1) * gain
    return np.asarray(np.fft.irfft(spectrum, samples, axis=1)[:, : shape[1]])


def _bursts(shape: tuple[int, int], rate_hz: float, random: Generator, count: int) -> Floats:
    """Envelopes of some Hann-shaped bursts, each a tenth to a half of the window long."""
    rows, samples = shape
    place = np.arange(samples) / samples
    middle = random.uniform(0.1, 0.9, (rows, count, 1))
    half = random.uniform(0.05, 0.25, (rows, count, 1))
    distance = np.minimum(np.abs(place - middle) / half, 1.0)
    return np.asarray((0.5 + 0.5 * np.cos(np.pi * distance)).max(axis=1))
