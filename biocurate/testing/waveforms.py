"""What devices measure of a simulated person, at any sampling rate."""

from __future__ import annotations

import numpy as np

from biocurate.testing.physiology import Array, Person, slow_noise

EEG_CHANNELS = {"Fz": 0.45, "C3": 0.6, "C4": 0.6, "Pz": 0.9, "O1": 1.0, "O2": 1.0}
"""EEG electrodes with the share of the alpha rhythm that each sees."""
MAINS_HZ = 50.0

# time from the R peak in s, width in s, amplitude in mV; the T wave is moved with the square root of the beat interval
_WAVES = {
    "II": ((-0.16, 0.025, 0.13), (-0.03, 0.009, -0.09), (0.0, 0.011, 1.1), (0.03, 0.011, -0.18), (0.29, 0.05, 0.28)),
    "V5": ((-0.16, 0.025, 0.09), (-0.03, 0.009, -0.12), (0.0, 0.011, 1.4), (0.03, 0.011, -0.30), (0.29, 0.05, 0.35)),
}


def ecg(person: Person, rate_hz: float, lead: str) -> Array:
    """Electrocardiogram in mV; shape (samples,).

    A sum of Gaussians for P, Q, R, S and T around each beat, after McSharry et al., IEEE Trans. Biomed. Eng. 50(3),
    2003, in seconds and not in phase, so that the QRS complex keeps its width at any heart rate.
    """
    times = person.times(rate_hz)
    phase = np.interp(times, person.grid, person.heart)
    interval = 1 / np.interp(times, person.grid, np.gradient(person.heart, person.grid))
    since = (phase - np.round(phase)) * interval
    generator = person.generator("ecg", lead, round(rate_hz))
    signal = 0.012 * person.floor(times) * generator.standard_normal(len(times)) + 0.006 * np.sin(
        2 * np.pi * MAINS_HZ * times
    )
    signal += 0.06 * np.interp(times, person.grid, slow_noise(person.generator("ecg", lead), len(person.grid), 2.0))
    for place, width, height in _WAVES[lead]:
        centre = place * np.sqrt(interval) if place > 0.1 else place
        signal += height * np.exp(-0.5 * ((since - centre) / width) ** 2)
    return signal


def ppg(person: Person, rate_hz: float) -> Array:
    """Pulse wave at the finger, 0.22 s after the beat, without unit; shape (samples,)."""
    times = person.times(rate_hz)
    phase = np.interp(times - 0.22, person.grid, person.heart) % 1.0
    wave = np.exp(-0.5 * ((phase - 0.18) / 0.09) ** 2) + 0.35 * np.exp(-0.5 * ((phase - 0.48) / 0.11) ** 2)
    breath = 1 + 0.08 * np.sin(2 * np.pi * np.interp(times, person.grid, person.breath))
    height = np.interp(times, person.grid, person.level("pulse"))
    noise = person.generator("ppg", round(rate_hz)).standard_normal(len(times))
    return (wave - 0.3) * breath * height + 0.02 * person.floor(times) * noise


def respiration(person: Person, rate_hz: float) -> Array:
    """Chest movement, without unit; shape (samples,)."""
    times = person.times(rate_hz)
    depth = 1 + 0.15 * np.interp(times, person.grid, slow_noise(person.generator("depth"), len(person.grid), 6.0))
    noise = person.generator("respire", round(rate_hz)).standard_normal(len(times))
    return depth * np.sin(2 * np.pi * np.interp(times, person.grid, person.breath)) + 0.02 * noise


def eda(person: Person, rate_hz: float) -> Array:
    """Skin conductance in uS; shape (samples,).

    A tonic level and responses of a Bateman shape (rise 0.75 s, decay 2 s), after Benedek & Kaernbach, J. Neurosci.
    Methods 190(1), 2010.
    """
    generator = person.generator("eda")
    density = person.level("skin_responses") / 60 / person.grid.size * person.duration_s
    responses = generator.poisson(density) * generator.lognormal(-1.2, 0.4, len(person.grid))
    kernel_times = person.grid[person.grid < 30.0]
    kernel = np.exp(-kernel_times / 2.0) - np.exp(-kernel_times / 0.75)
    tonic = person.level("skin_level")
    driven = np.convolve(responses, kernel / kernel.max())[: len(person.grid)]
    times = person.times(rate_hz)
    noise = person.generator("eda", round(rate_hz)).standard_normal(len(times))
    conductance: Array = np.interp(times, person.grid, tonic + driven * np.sqrt(tonic / 2.5))
    conductance += 0.004 * person.floor(times) * noise
    return conductance


def emg(person: Person, rate_hz: float) -> Array:
    """Surface electromyogram of the trapezius in uV; shape (samples,)."""
    times = person.times(rate_hz)
    noise = band_noise(person.generator("emg"), len(times), rate_hz, 20.0, min(220.0, rate_hz / 2))
    bursts = np.exp(0.5 * slow_noise(person.generator("bursts"), len(person.grid), 1.5))
    return noise * np.interp(times, person.grid, person.level("muscle") * bursts)


def eeg(person: Person, rate_hz: float) -> dict[str, Array]:
    """Electroencephalogram in uV by electrode, each of shape (samples,).

    A background whose power falls with frequency, an alpha rhythm that waxes and wanes, common to all electrodes in
    part and strongest at the back, and beta activity.
    """
    times = person.times(rate_hz)
    n = len(times)
    waxing = np.exp(0.4 * slow_noise(person.generator("waxing"), len(person.grid), 0.8))
    alpha_level = np.interp(times, person.grid, person.level("alpha") * waxing)
    beta_level = np.interp(times, person.grid, person.level("beta"))
    common = band_noise(person.generator("alpha"), n, rate_hz, 8.5, 11.5)
    signals = {}
    for place, (name, share) in enumerate(EEG_CHANNELS.items()):
        generator = person.generator("eeg", place)
        alpha = 0.8 * common + 0.6 * band_noise(generator, n, rate_hz, 8.5, 11.5)
        beta = band_noise(generator, n, rate_hz, 15.0, 28.0)
        background = 9.0 * pink_noise(generator, n, rate_hz)
        mains = 0.8 * np.sin(2 * np.pi * MAINS_HZ * times)
        signals[name] = background + share * alpha_level * alpha + beta_level * beta + mains
    return signals


def temperature(person: Person, rate_hz: float) -> Array:
    """Skin temperature in degrees Celsius; shape (samples,)."""
    times = person.times(rate_hz)
    noise = person.generator("degrees", round(rate_hz)).standard_normal(len(times))
    own = person.traits["skin_temperature"]
    wander = 0.15 * slow_noise(person.generator("skin"), len(person.grid), 40.0)
    return (
        np.interp(times, person.grid, own.rest * own.ratio ** person.driver("skin_temperature") + wander) + 0.01 * noise
    )


def acceleration(person: Person, rate_hz: float) -> Array:
    """Acceleration of the wrist in g; shape (3, samples)."""
    times = person.times(rate_hz)
    restless = np.exp(1.2 * slow_noise(person.generator("restless"), len(person.grid), 2.0)) * 0.01
    moved = person.generator("wrist", round(rate_hz)).standard_normal((3, len(times)))
    axes = np.stack([slow_noise(person.generator("axis", axis), len(person.grid), 30.0) for axis in range(3)])
    gravity = np.array([[0.1], [0.3], [0.95]]) + 0.1 * axes
    gravity /= np.linalg.norm(gravity, axis=0)
    sampled = np.stack([np.interp(times, person.grid, axis) for axis in gravity])
    return sampled + moved * np.interp(times, person.grid, restless)


def band_noise(generator: np.random.Generator, n: int, rate_hz: float, low_hz: float, high_hz: float) -> Array:
    """Noise of unit variance between two frequencies; shape (n,)."""
    frequencies = np.fft.rfftfreq(n, 1 / rate_hz)
    return _shaped(generator, n, ((frequencies >= low_hz) & (frequencies <= high_hz)).astype(np.float64))


def pink_noise(generator: np.random.Generator, n: int, rate_hz: float) -> Array:
    """Noise of unit variance whose power falls as 1/f above 1 Hz; shape (n,)."""
    frequencies = np.fft.rfftfreq(n, 1 / rate_hz)
    return _shaped(generator, n, np.where(frequencies > 0, np.maximum(frequencies, 1.0) ** -0.5, 0.0))


def _shaped(generator: np.random.Generator, n: int, amplitude: Array) -> Array:
    """Noise of unit variance with an amplitude spectrum."""
    noise = np.fft.irfft(np.fft.rfft(generator.standard_normal(n)) * amplitude, n)
    return np.asarray(noise / noise.std(), np.float64)
