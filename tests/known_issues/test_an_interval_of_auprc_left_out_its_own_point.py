"""The interval of AUPRC could leave out the very figure that it is of, most of all that of the majority.

The share of a rare label is the AUPRC of a score that knows nothing. Draws of persons without the label were left out,
so that the others had more of it: nearly all of them lay above the sample. Copies of a person lift AUPRC too, and the
calibration error adds up what no sample has.
"""

from __future__ import annotations

import numpy as np
import pytest

from zoo.judging.bootstrap import estimate
from zoo.judging.cautions import lifted
from zoo.judging.figures import METRICS, metrics_of
from zoo.judging.metrics import Predictions

SAMPLES = 30


def rare(seed, guess, persons=60, labels=10, rate=0.1, folds=5):
    """Four windows a person; each label is that of one person in ten, and scores know nothing of it."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(persons), 4)
    fold = person % folds
    truth = (rng.uniform(size=(persons, labels)) < rate)[person].astype(np.intp)
    if guess:
        said = np.stack([truth[fold != at].mean(axis=0) for at in range(folds)])[fold]
    else:
        said = rng.uniform(size=(persons, labels))[person] + rng.uniform(size=truth.shape)
    return Predictions(said, truth, person, fold)


@pytest.mark.parametrize("guess", [True, False], ids=["majority", "noise"])
def test_an_interval_holds_its_figure(guess):
    for seed in range(SAMPLES):
        given = rare(seed, guess)
        for name, metric in metrics_of(given).items():
            found = estimate(metric, [given], 200, seed)
            assert found.low <= found.value + 1e-12 and found.value <= found.high + 1e-12, name


def test_the_calibration_error_is_within_its_interval_and_never_below_zero():
    for seed in range(SAMPLES):
        rng = np.random.default_rng(seed)
        person = np.repeat(np.arange(22), 10)
        sure = rng.uniform(0.05, 0.95, len(person))
        truth = (rng.uniform(size=len(person)) < sure).astype(np.intp)
        given = Predictions(np.stack([1 - sure, sure], axis=1), truth, person, person % 5)
        found = estimate(METRICS["ece"], [given], 200, seed)
        assert 0 <= found.low <= found.value <= found.high


def test_the_share_of_a_label_is_in_the_interval_of_a_guess_in_most_samples():
    """A score that knows nothing has the share of the label, by the definition of precision."""
    held = plain = 0
    for seed in range(SAMPLES):
        given = rare(seed, guess=True, rate=0.2)
        found = estimate(metrics_of(given)["auprc"], [given], 200, seed)
        held += found.low <= 0.2 <= found.high
        plain += found.low + found.lifted <= 0.2 <= found.high + found.lifted
    assert held / SAMPLES > 0.85 > 0.7 > plain / SAMPLES


def test_the_report_says_so():
    given = rare(0, guess=True)
    found = {name: estimate(metric, [given], 200, 0) for name, metric in metrics_of(given).items()}
    assert "auprc by 0.0" in lifted(found)[0] and "auroc" not in lifted(found)[0]
    assert lifted({"auroc": found["auroc"]}) == []
