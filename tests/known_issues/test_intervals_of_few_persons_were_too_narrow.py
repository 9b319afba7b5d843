"""The plain percentiles of draws over 10 to 20 persons were called a 95 % interval, and missed more than that.

On 40 simulated cohorts of 16 persons without any effect they left out chance 10 times (tests/zoo/test_planted_truth.py,
slow). Draws with replacement spread less than samples, and a normal distribution less than Student's.
"""

from __future__ import annotations

import numpy as np

from zoo.judging.bootstrap import drawn, tails
from zoo.judging.figures import METRICS
from zoo.judging.metrics import Predictions

PERSONS, WINDOWS, SAMPLES = 10, 8, 400


def sample(seed):
    """Decisions that are right for each person's own share of windows, one half in the mean."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(PERSONS), WINDOWS)
    truth = np.tile(np.arange(WINDOWS) % 2, PERSONS)
    share = np.clip(0.5 + 0.25 * rng.standard_normal(PERSONS), 0, 1)[person]
    said = np.where(rng.uniform(size=len(truth)) < share, truth, 1 - truth)
    return Predictions(np.eye(2)[said], truth, person, np.zeros_like(person))


def test_the_interval_of_ten_persons_misses_chance_about_one_time_in_twenty():
    ours = plain = 0
    for seed in range(SAMPLES):
        values, _ = drawn(METRICS["balanced_accuracy"], [sample(seed)], draws=400, seed=seed)
        low, high = np.percentile(values, tails(PERSONS))
        ours += not low <= 0.5 <= high
        low, high = np.percentile(values, [2.5, 97.5])
        plain += not low <= 0.5 <= high
    assert ours / SAMPLES < 0.07 < 0.08 < plain / SAMPLES
