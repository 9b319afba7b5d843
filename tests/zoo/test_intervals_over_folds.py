"""Intervals of cross-validated models where there is nothing to find: how often they hold chance, by number of folds.

`pytest tests/zoo/test_intervals_over_folds.py -m slow -s` prints the table of docs/decisions/metrics.md.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from zoo.judging.bootstrap import Estimate, estimate
from zoo.judging.cautions import CROSSED, crossed
from zoo.judging.metrics import Predictions, auroc

PERSONS, EACH, FEATURES = 24, 8, 5


def cohort(rng, design):
    """Persons who differ, from each other or in what a label does to them, and none of it holds for the next one."""
    person = np.repeat(np.arange(PERSONS), EACH)
    own = rng.standard_normal((PERSONS, FEATURES))[person]
    if design == "within":
        truth = np.tile(np.arange(EACH) % 2, PERSONS)
        own = own * (truth - 0.5)[:, None]
    else:
        truth = (rng.permutation(PERSONS) % 2)[person]
    return person, truth, own + rng.standard_normal(own.shape)


def judged(rng, person, truth, values, folds):
    """Held-out predictions; where a person has one label, each fold has as many persons of both."""
    order = rng.permutation(PERSONS)
    order = order[np.argsort(truth[order * EACH], kind="stable")] if np.ptp(truth[:EACH]) == 0 else order
    fold = np.argsort(order)[person] % folds
    said = np.empty(len(person))
    for at in range(folds):
        model = LogisticRegression(C=0.1).fit(values[fold != at], truth[fold != at])
        said[fold == at] = model.predict_proba(values[fold == at])[:, 1]
    return Predictions(np.stack([1 - said, said], axis=1), truth, person, fold)


def held(design, folds, samples, draws=300):
    """Shares of cohorts whose interval holds one half, as it is and when it is as wide as `crossed` asks."""
    as_it_is = wider = 0
    for seed in range(samples):
        rng = np.random.default_rng([seed, folds])
        found = estimate(auroc, [judged(rng, *cohort(rng, design), folds)], draws, seed)
        as_it_is += found.low <= 0.5 <= found.high
        low, high = (found.value + CROSSED * (end - found.value) for end in (found.low, found.high))
        wider += low <= 0.5 <= high
    return as_it_is / samples, wider / samples


@pytest.mark.slow
def test_where_nothing_is_intervals_are_too_narrow_whatever_the_number_of_folds():
    rows = []
    for design in ("within", "between"):
        for folds in (2, 3, 5, 10):
            alone, wider = held(design, folds, 300)
            rows.append({"label differs": f"{design} persons", "folds": folds, "holds 0.5": alone, "1.4 times": wider})
    print(pl.DataFrame(rows))
    assert all(0.7 < row["holds 0.5"] < 0.95 for row in rows)
    assert all(row["1.4 times"] > 0.88 for row in rows)
    assert abs(rows[0]["holds 0.5"] - rows[2]["holds 0.5"]) < 0.1


def test_two_folds_are_as_wrong_as_five():
    """Of 40 cohorts, an interval that held what it says would leave out six or more once in sixty times."""
    for folds in (2, 5):
        alone, wider = held("within", folds, 40, draws=200)
        assert alone < 0.9 < wider + 0.05


@pytest.mark.parametrize(
    ("low", "folds", "said"), [(0.51, 5, True), (0.56, 5, False), (0.49, 5, False), (0.51, 1, False)]
)
def test_a_report_says_so_where_chance_is_only_just_left_out(low, folds, said):
    found = {"auroc": Estimate(0.6, low, 0.7, 200, 0, 0), "kappa": Estimate(0.1, 0.0, 0.2, 200, 0, 0)}
    assert bool(crossed(found, folds)) == said


def test_below_chance_it_is_the_upper_end():
    assert "leaves 0 out" in crossed({"spearman": Estimate(-0.3, -0.5, -0.05, 200, 0, 0)}, 2)[0]
    assert not crossed({"spearman": Estimate(-0.3, None, None, 0, 0, 0)}, 2)
