"""Two predictions of the same windows: the difference of a figure, with its interval."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zoo.judging.bootstrap import FEWEST_PERSONS, Estimate, drawn, estimate, tails
from zoo.judging.figures import Metric
from zoo.judging.metrics import Predictions


def difference(metric: Metric, one: Predictions, other: Predictions, draws: int, seed: int) -> Estimate:
    """A figure of one less that of the other, over the same draws of persons.

    Parameters
    ----------
    metric : one of `zoo.judging.figures.METRICS`
    one, other : Predictions
        Of the same windows, in the same order.
    draws, seed : int
    """
    values = [estimate(metric, [each], 1, seed).value for each in (one, other)]
    none = Estimate(values[0] - values[1], None, None, 0, 0, 0)
    if one.n_persons < FEWEST_PERSONS:
        return none
    apart = drawn(metric, [one], draws, seed)[0] - drawn(metric, [other], draws, seed)[0]
    known = apart[np.isfinite(apart)]
    if not len(known):
        return replace(none, draws=draws, lacking=draws)
    low, high = np.percentile(known, tails(one.n_persons))
    return replace(none, low=float(low), high=float(high), draws=draws, lacking=draws - len(known))
