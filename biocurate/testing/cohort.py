"""A simulated cohort: persons at rest and under stress, each with traits of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biocurate.errors import UsageError
from biocurate.testing.physiology import POPULATION, Person, Span, Truth

CONDITIONS = ("rest", "stress")
FIRST_START = 978_339_600
"""Start of the first session: 2001-01-01 09:00 UTC."""


@dataclass(frozen=True)
class Cohort:
    """Persons, in order of their number."""

    people: tuple[Person, ...]


def simulate(subjects: int = 8, seed: int = 0, minutes: float = 2.0, truth: Truth = Truth()) -> Cohort:
    """Simulate a cohort; signals are made when they are asked for or written.

    Parameters
    ----------
    subjects : int
        Persons. Every second one begins with the stress condition, so that order tells nothing.
    seed : int
        The same seed gives the same bytes; a person does not depend on how many others there are.
    minutes : float
        Length of each condition; whole seconds.
    truth : Truth, optional
        How much the conditions do, how far the skin goes with the heart, and what betrays a label.

    Returns
    -------
    Cohort

    Raises
    ------
    UsageError
        Where there would be no persons, or conditions shorter than 20 s.
    """
    seconds = round(minutes * 60)
    if subjects < 1 or seconds < 20:
        raise UsageError(
            f"{subjects} persons with {seconds} s of each condition cannot be simulated.",
            mend="Ask for at least 1 person and 20 s.",
        )
    return Cohort(tuple(_person(number, seed, seconds, truth) for number in range(1, subjects + 1)))


def _person(number: int, seed: int, seconds: int, truth: Truth) -> Person:
    """Draw one person."""
    generator = np.random.default_rng([seed, number])
    order = CONDITIONS if number % 2 else CONDITIONS[::-1]
    spans = tuple(
        Span(condition, float(place * seconds), float((place + 1) * seconds)) for place, condition in enumerate(order)
    )
    return Person(
        subject=f"S{number:02d}",
        age=int(generator.integers(19, 65)),
        sex="F" if generator.integers(2) else "M",
        start_unix=FIRST_START + number * 86_400,
        spans=spans,
        traits={name: population.draw(generator) for name, population in POPULATION.items()},
        seed=(seed, number),
        truth=truth,
    )
