"""One simulated person over time: what heart, breath, skin, muscle and brain do under rest and stress.

Everything that is measured of a person is drawn from the same processes, so that the beats in an ECG are those in a
pulse wave recorded by another device at another rate. (NeuroKit2's simulators each have a clock of their own; tests use
its detectors to check what comes out.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

GRID_HZ = 50
"""Rate of the processes behind the signals; they are interpolated to any sampling rate."""
ONSET_S = 6.0
"""Time constant with which a person enters a condition."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trait:
    """A quantity of a person: its level at rest, and its ratio under stress to that."""

    rest: float
    ratio: float


@dataclass(frozen=True)
class Population:
    """How a quantity is spread over persons, log-normal in both."""

    rest: float
    spread: float
    """Standard deviation of the logarithm of the level at rest."""
    ratio: float
    ratio_spread: float

    def draw(self, generator: np.random.Generator) -> Trait:
        """Draw a person's own."""
        rest, ratio = generator.standard_normal(2)
        return Trait(self.rest * np.exp(self.spread * rest), self.ratio * np.exp(self.ratio_spread * ratio))


POPULATION = {
    "heart_rate": Population(68.0, 0.11, 1.12, 0.05),  # beats a minute
    "breath_rate": Population(14.0, 0.14, 1.15, 0.08),  # breaths a minute
    "skin_level": Population(2.5, 0.50, 1.55, 0.15),  # uS, tonic
    "skin_responses": Population(3.0, 0.40, 2.4, 0.20),  # a minute
    "alpha": Population(9.0, 0.30, 0.75, 0.12),  # uV rms over the back of the head
    "beta": Population(2.6, 0.25, 1.22, 0.12),  # uV rms
    "muscle": Population(9.0, 0.40, 1.40, 0.15),  # uV rms
    "pulse": Population(1.0, 0.25, 0.85, 0.08),  # amplitude of the pulse wave
    "skin_temperature": Population(33.0, 0.02, 0.991, 0.004),  # degrees Celsius
}
"""Set so that one modality alone tells rest from stress of unseen persons in roughly three of four windows."""


SKIN = ("skin_level", "skin_responses", "skin_temperature")
"""Traits of the skin, which can be uncoupled from the rest of the person."""

HIDDEN_S = 30
"""Seconds for which what drives an uncoupled skin stays as it is."""


@dataclass(frozen=True)
class Truth:
    """What is planted in a cohort, so that a method can be asked to find it, or to find nothing."""

    effect: float = 1.0
    """Share of the conditions' effect on every trait; with 0 the labels say nothing of the signals."""
    coupling: float = 1.0
    """Share of what drives heart, breath, muscle and brain in what drives the skin. The rest is as strong, belongs to
    no condition, and is drawn for each person."""
    leak: float = 0.0
    """By how much the devices' noise is greater under stress: it tells the label, and nothing of the person."""


@dataclass(frozen=True)
class Span:
    """A stretch of one condition, in seconds from the start."""

    condition: str
    start_s: float
    stop_s: float


@dataclass(frozen=True)
class Person:
    """Traits and course of one person; every method gives the same values for the same arguments."""

    subject: str
    age: int
    sex: Literal["F", "M"]
    start_unix: int
    """Start of the session in seconds of Unix time."""
    spans: tuple[Span, ...]
    traits: dict[str, Trait]
    seed: tuple[int, ...]
    truth: Truth = Truth()

    def generator(self, *what: int | str) -> np.random.Generator:
        """Random numbers of their own for each purpose."""
        letters = [int.from_bytes(word.encode()[:8], "little") if isinstance(word, str) else word for word in what]
        return np.random.default_rng([*self.seed, *letters])

    @property
    def duration_s(self) -> float:
        """Length of the session."""
        return self.spans[-1].stop_s

    @cached_property
    def grid(self) -> Array:
        """Times of the processes, in seconds; shape (n,)."""
        return np.arange(round(self.duration_s * GRID_HZ) + 1) / GRID_HZ

    @cached_property
    def stress(self) -> Array:
        """How far a person is in the stress condition, 0 to 1, on the grid."""
        return smoothed(self.truth.effect * self.labelled(self.grid), ONSET_S)

    @cached_property
    def skin(self) -> Array:
        """What drives the skin: stress, and as far as it is not coupled, a course of its own; on the grid."""
        share = self.truth.coupling
        if share == 1:
            return self.stress
        blocks = np.arange(len(self.grid) // (HIDDEN_S * GRID_HZ) + 1) % 2.0
        hidden = np.repeat(self.generator("hidden").permutation(blocks), HIDDEN_S * GRID_HZ)[: len(self.grid)]
        return share * self.stress + (1 - share) * smoothed(self.truth.effect * hidden, ONSET_S)

    def labelled(self, times: Array) -> Array:
        """Return 1 where the label at a time, in seconds, is stress, else 0."""
        target = np.zeros_like(times)
        for span in self.spans:
            target[(times >= span.start_s) & (times < span.stop_s)] = span.condition == "stress"
        return target

    def floor(self, times: Array) -> Array:
        """Give the devices' noise at some times, by its usual level."""
        return 1 + self.truth.leak * self.labelled(times)

    def level(self, trait: str) -> Array:
        """A quantity over time: the person's own, in the condition of the moment, with slow wandering of 4 %."""
        own = self.traits[trait]
        wander = slow_noise(self.generator(trait), len(self.grid), 15.0)
        return own.rest * own.ratio ** self.driver(trait) * np.exp(0.04 * wander)

    def driver(self, trait: str) -> Array:
        """Give what drives a trait, on the grid."""
        return self.skin if trait in SKIN else self.stress

    @cached_property
    def breath(self) -> Array:
        """Breathing phase in cycles, on the grid."""
        rate = self.level("breath_rate") / 60 * np.exp(0.08 * slow_noise(self.generator("breath"), len(self.grid), 4.0))
        return integral(rate)

    @cached_property
    def heart(self) -> Array:
        """Cardiac phase in beats, on the grid: whole at each beat.

        The rate is modulated by breathing (less under stress) and by slow waves: integral pulse frequency modulation,
        Mateo & Laguna, IEEE Trans. Biomed. Eng. 47(8), 2000.
        """
        sinus = 0.05 * (1 - 0.4 * self.stress) * np.sin(2 * np.pi * self.breath)
        waves = 0.02 * slow_noise(self.generator("heart"), len(self.grid), 3.0)
        return integral(self.level("heart_rate") / 60 * (1 + sinus + waves)) + 0.5

    @cached_property
    def beats(self) -> Array:
        """Times of the beats, in seconds."""
        whole = np.arange(np.ceil(self.heart[0]), np.floor(self.heart[-1]) + 1)
        return np.interp(whole, self.heart, self.grid)

    def heart_rate(self, span: Span) -> float:
        """Mean heart rate of a span, in beats a minute."""
        within = self.beats[(self.beats >= span.start_s) & (self.beats < span.stop_s)]
        return float(60 / np.diff(within).mean())

    def times(self, rate_hz: float) -> Array:
        """Sampling times of the session, in seconds; shape (samples,)."""
        return np.arange(round(self.duration_s * rate_hz)) / rate_hz


def integral(rate: Array) -> Array:
    """Trapezoidal integral over the grid, from 0."""
    return np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / (2 * GRID_HZ))])


def smoothed(values: Array, seconds: float) -> Array:
    """Exponential approach on the grid, from the first value."""
    from scipy.signal import lfilter

    keep = np.exp(-1 / (seconds * GRID_HZ))
    return np.asarray(lfilter([1 - keep], [1, -keep], values, zi=[keep * values[0]])[0], np.float64)


def slow_noise(generator: np.random.Generator, n: int, seconds: float) -> Array:
    """Noise of unit variance with the correlation time given, on the grid; shape (n,)."""
    from scipy.signal import lfilter

    keep = np.exp(-1 / (seconds * GRID_HZ))
    start = generator.standard_normal()
    steps = np.sqrt(1 - keep**2) * generator.standard_normal(n)
    return np.asarray(lfilter([1], [1, -keep], steps, zi=[keep * start])[0], np.float64)
