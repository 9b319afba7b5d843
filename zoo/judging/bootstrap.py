"""Confidence intervals by drawing persons, not windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from zoo.judging.figures import LIFTED, Metric
from zoo.judging.metrics import Floats, Predictions

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
    lifted: float = 0.0
    """By how much the draws of a figure of `LIFTED` lie above it in the mean; the interval has been moved back."""


def draw_persons(n_persons: int, draws: int, seed: int) -> Floats:
    """How often each person is in each draw, shape (draws, persons); each row sums to the number of persons."""
    rng = np.random.default_rng([seed, n_persons, draws])
    return rng.multinomial(n_persons, np.full(n_persons, 1 / n_persons), size=draws).astype(np.float64)


def estimate(
    metric: Metric,
    repeats: Sequence[Predictions],
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """A metric, and the expanded percentile interval of its values over draws of persons with replacement.

    Parameters
    ----------
    metric : one of `zoo.judging.figures.METRICS`
    repeats : sequence of Predictions
        Predictions of the same windows by models trained in the same way; the metric is their mean. Each draw takes
        as many of them with replacement, so that the interval knows of the spread over trainings too.
    draws, seed : int
        Two metrics estimated with the same seed see the same draws.

    The interval of a figure of `zoo.judging.figures.LIFTED` is moved by as much as the mean of its draws is off the
    figure: else it can leave the figure out, and holds the truth in fewer samples than promised
    (docs/decisions/metrics.md).

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13, with persons as the units.
    """
    value = float(np.mean([metric(each, np.ones((1, each.n_persons))).value[0] for each in repeats]))
    if repeats[0].n_persons < FEWEST_PERSONS:
        return Estimate(value, None, None, 0, 0, 0)
    found, partial = drawn(metric, repeats, draws, seed)
    known = found[np.isfinite(found)]
    if not len(known):
        return Estimate(value, None, None, draws, draws, partial)
    low, high = np.percentile(known, tails(repeats[0].n_persons))
    lifted = 0.0
    if metric in LIFTED and np.isfinite(value):
        lifted = float(known.mean()) - value
        low, high = np.clip((low - lifted, high - lifted), 0.0, 1.0)
    return Estimate(value, float(low), float(high), draws, draws - len(known), partial, lifted)


def tails(n_persons: int) -> tuple[float, float]:
    """Percentiles of the draws that a 95 % interval ends at: further out than 2.5 and 97.5 where persons are few.

    Draws with replacement spread less than samples by sqrt((n - 1) / n), and as a normal distribution where Student's
    is due.

    Source: Hesterberg, The American Statistician 69 (2015) 371, section 4.4, the expanded percentile interval.
    """
    reach = np.sqrt(n_persons / (n_persons - 1)) * t.ppf(0.975, n_persons - 1)
    out = 100 * float(norm.cdf(-reach))
    return out, 100 - out


def drawn(metric: Metric, repeats: Sequence[Predictions], draws: int = DRAWS, seed: int = 0) -> tuple[Floats, int]:
    """A metric of each draw, NaN where a class lacks, and in how many draws a fold was left out.

    Of two models of the same persons, the same seed draws the same persons: the draws can be taken from each other.
    """
    times = draw_persons(repeats[0].n_persons, draws, seed)
    found = [metric(each, times) for each in repeats]
    share = np.random.default_rng([seed, len(found)]).multinomial(
        len(found), np.full(len(found), 1 / len(found)), draws
    )
    values = (np.stack([each.value for each in found], axis=1) * share).sum(axis=1) / len(found)
    return values, int(np.any([each.partial for each in found], axis=0).sum())
