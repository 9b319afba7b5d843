"""Confidence intervals by drawing persons, not windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.judging.metrics import Floats, Predictions, Values

DRAWS = 2000
FEWEST_PERSONS = 10
"""Below this an interval says more about the method than about the data: points per person are shown instead."""


@dataclass(frozen=True)
class Estimate:
    """A metric with its 95 % interval."""

    value: float
    """NaN where the held-out persons lack a class."""
    low: float | None
    high: float | None
    draws: int
    """Draws that were asked for; 0 where there are too few persons for an interval."""
    lacking: int
    """Draws left out, since a class did not occur in them."""
    partial: int
    """Draws in which a fold was left out of the average, since a class did not occur in it."""


def draw_persons(n_persons: int, draws: int, seed: int) -> Floats:
    """How often each person is in each draw, shape (draws, persons); each row sums to the number of persons."""
    rng = np.random.default_rng([seed, n_persons, draws])
    return rng.multinomial(n_persons, np.full(n_persons, 1 / n_persons), size=draws).astype(np.float64)


def estimate(
    metric: Callable[[Predictions, Floats], Values],
    repeats: Sequence[Predictions],
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """A metric, and the percentile interval of its values over draws of persons with replacement.

    Parameters
    ----------
    metric : one of `zoo.judging.metrics.METRICS`
    repeats : sequence of Predictions
        Predictions of the same windows by models trained in the same way; the metric is their mean. Each draw takes
        as many of them with replacement, so that the interval knows of the spread over trainings too.
    draws, seed : int
        Two metrics estimated with the same seed see the same draws.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13, with persons as the units.
    """
    n_persons = repeats[0].n_persons
    value = float(np.mean([metric(each, np.ones((1, n_persons))).value[0] for each in repeats]))
    if n_persons < FEWEST_PERSONS:
        return Estimate(value, None, None, 0, 0, 0)
    times = draw_persons(n_persons, draws, seed)
    found = [metric(each, times) for each in repeats]
    share = np.random.default_rng([seed, len(found)]).multinomial(
        len(found), np.full(len(found), 1 / len(found)), draws
    )
    drawn = (np.stack([each.value for each in found], axis=1) * share).sum(axis=1) / len(found)
    known = drawn[np.isfinite(drawn)]
    partial = int(np.any([each.partial for each in found], axis=0).sum())
    if not len(known):
        return Estimate(value, None, None, draws, draws, partial)
    low, high = np.percentile(known, [2.5, 97.5])
    return Estimate(value, float(low), float(high), draws, draws - len(known), partial)
