"""Metrics against scikit-learn, and their intervals against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    roc_auc_score,
)

from zoo.judging.bootstrap import draw_persons, estimate, tails
from zoo.judging.calibration import ece
from zoo.judging.figures import METRICS
from zoo.judging.metrics import Predictions, auroc, balanced_accuracy, within


def predictions(classes=2, persons=15, windows=400, folds=1, seed=0, skill=1.0):
    """Scores of some skill with ties; each person has every class."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=windows)
    score = rng.standard_normal((windows, classes)) + skill * np.eye(classes)[truth]
    score = np.exp(score.round(1))
    person = np.arange(windows) % persons
    return Predictions(score / score.sum(axis=1, keepdims=True), truth, person, person % folds)


def ones(given):
    return np.ones((1, given.n_persons))


def area(truth, probability):
    if probability.shape[1] == 2:
        return roc_auc_score(truth, probability[:, 1])
    return roc_auc_score(truth, probability, multi_class="ovr")


def precision(truth, probability):
    if probability.shape[1] == 2:
        return average_precision_score(truth, probability[:, 1])
    return average_precision_score(np.eye(probability.shape[1])[truth], probability, average="macro")


def calibration_error(given, rows):
    """By its definition, window by window: bins of the whole sample, the error of the rows that are asked for."""
    confidence = given.probability.max(axis=1)
    edge = [int(np.sum(confidence < each)) * 10 // len(confidence) for each in confidence]
    error = 0.0
    for part in set(edge):
        mine = [row for row in rows if edge[row] == part]
        if mine:
            right = np.mean([given.predicted[row] == given.truth[row] for row in mine])
            error += len(mine) / len(rows) * abs(right - np.mean(confidence[mine]))
    return error


@pytest.mark.parametrize("classes", [2, 4])
def test_each_metric_is_scikit_learns(classes):
    given = predictions(classes)
    found = {name: metric(given, ones(given)).value[0] for name, metric in METRICS.items()}
    assert found == pytest.approx(
        {
            "balanced_accuracy": balanced_accuracy_score(given.truth, given.predicted),
            "macro_f1": f1_score(given.truth, given.predicted, average="macro"),
            "weighted_f1": f1_score(given.truth, given.predicted, average="weighted"),
            "kappa": cohen_kappa_score(given.truth, given.predicted),
            "auroc": area(given.truth, given.probability),
            "auprc": precision(given.truth, given.probability),
            "ece": calibration_error(given, np.arange(len(given.truth))),
        }
    )


def test_f1_counts_a_class_that_is_predicted_and_never_true():
    probability = np.eye(3)[[0, 1, 2, 1]]
    given = Predictions(probability, np.array([0, 1, 1, 1]), np.zeros(4, int), np.zeros(4, int))
    expected = f1_score(given.truth, given.predicted, average="macro")
    assert METRICS["macro_f1"](given, ones(given)).value[0] == pytest.approx(expected)


def test_auroc_is_the_mean_of_folds_by_persons_and_never_pooled():
    given = predictions(persons=7, folds=3)
    # A model of its own a fold: another scale, which would spoil a pooled AUROC and must change nothing here.
    score = np.where(given.fold == 1, 2.0**-7, 1.0) * given.probability[:, 1]
    shifted = Predictions(np.stack([1 - score, score], axis=1), given.truth, given.person, given.fold)
    each = [area(given.truth[given.fold == fold], given.probability[given.fold == fold]) for fold in range(3)]
    expected = np.average(each, weights=[3, 2, 2])
    assert auroc(given, ones(given)).value[0] == pytest.approx(expected)
    assert auroc(shifted, ones(given)).value[0] == pytest.approx(expected)


def area_without_copies(truth, probability, person, copy):
    """AUROC over every pair of windows but those of two copies of one person, pair by pair; one against the rest."""
    apart = (person[:, None] != person) | (copy[:, None] == copy)
    classes = range(probability.shape[1])
    areas = []
    for at in classes if len(classes) > 2 else [1]:
        pair = apart & ((truth == at)[:, None] & (truth != at))
        difference = np.sign(probability[:, at][:, None] - probability[:, at])
        areas.append((0.5 + 0.5 * difference)[pair].mean())
    return np.mean(areas)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("folds", [1, 3])
def test_interval_is_that_of_rows_copied_for_each_draw(classes, folds):
    """The weighted sums must give what rows that are really repeated give."""
    given = predictions(classes, persons=12, folds=folds, windows=180)
    times = draw_persons(12, 30, seed=3)
    brute = {name: [] for name in METRICS}
    for draw in times.astype(int):
        mine = [np.flatnonzero(given.person == who) for who in range(12)]
        rows = np.concatenate([np.tile(mine[who], n) for who, n in enumerate(draw)])
        copy = np.concatenate([np.repeat(np.arange(n), len(mine[who])) for who, n in enumerate(draw)])
        person = given.person[rows]
        truth, probability, fold = given.truth[rows], given.probability[rows], given.fold[rows]
        brute["balanced_accuracy"].append(balanced_accuracy_score(truth, given.predicted[rows]))
        brute["macro_f1"].append(f1_score(truth, given.predicted[rows], average="macro"))
        brute["weighted_f1"].append(f1_score(truth, given.predicted[rows], average="weighted"))
        brute["kappa"].append(cohen_kappa_score(truth, given.predicted[rows]))
        brute["ece"].append(calibration_error(given, rows))
        there = np.unique(fold)
        parts = [fold == number for number in there]
        each = [area_without_copies(truth[part], probability[part], person[part], copy[part]) for part in parts]
        weights = [draw[np.arange(12) % folds == number].sum() for number in there]
        brute["auroc"].append(np.average(each, weights=weights))
        brute["auprc"].append(
            np.average([precision(truth[part], probability[part]) for part in parts], weights=weights)
        )
    for name, metric in METRICS.items():
        np.testing.assert_allclose(metric(given, times).value, brute[name], rtol=1e-12)
        found = estimate(metric, [given], draws=30, seed=3)
        off = np.mean(brute[name]) - found.value if name in ("auprc", "ece") else 0.0
        np.testing.assert_allclose([found.low, found.high], np.percentile(brute[name], tails(12)) - off)
        assert found.lifted == pytest.approx(off)


def test_draws_take_persons_with_replacement_and_the_same_ones_for_a_seed():
    times = draw_persons(11, 500, seed=1)
    assert (times.sum(axis=1) == 11).all()
    assert times.mean() == pytest.approx(1)
    assert times.max() > 2
    np.testing.assert_array_equal(times, draw_persons(11, 500, seed=1))
    assert (times != draw_persons(11, 500, seed=2)).any()


def test_an_interval_counts_persons_not_windows():
    """Ten copies of each window tell nothing new: the interval must not shrink."""
    given = predictions(windows=150)
    copied = Predictions(*(np.repeat(column, 10, axis=0) for column in vars(given).values()))
    for metric in METRICS.values():
        one, ten = estimate(metric, [given], draws=200), estimate(metric, [copied], draws=200)
        assert (ten.value, ten.low, ten.high) == pytest.approx((one.value, one.low, one.high))


def test_draws_that_lack_a_class_are_left_out_and_counted():
    """One person of ten has the second class: a draw lacks it with probability 0.9 ** 10."""
    person = np.repeat(np.arange(10), 4)
    truth = (person == 0).astype(int)
    probability = np.random.default_rng(0).dirichlet([1, 1], size=40)
    given = Predictions(probability, truth, person, np.zeros(40, int))
    lacking = int((draw_persons(10, 2000, seed=0)[:, 0] == 0).sum())
    assert lacking == pytest.approx(2000 * 0.9**10, rel=0.1)
    for metric in METRICS.values():
        found = estimate(metric, [given])
        assert found.lacking == (0 if metric is ece else lacking)  # a confidence needs no second class to be judged
        assert np.isfinite([found.low, found.high]).all()


def test_a_fold_that_lacks_a_class_is_left_out_of_the_mean_and_the_draw_is_counted():
    given = predictions(persons=12, folds=2, windows=240)
    truth = np.where((given.fold == 1) & (given.person != 1), 0, given.truth)
    given = Predictions(given.probability, truth, given.person, given.fold)
    found = estimate(auroc, [given])
    without = draw_persons(12, 2000, seed=0)[:, 1] == 0
    assert found.partial == int(without.sum())
    assert found.lacking == 0


def test_under_ten_persons_there_is_no_interval():
    found = estimate(balanced_accuracy, [predictions(persons=9)])
    assert np.isfinite(found.value)
    assert (found.low, found.high, found.draws) == (None, None, 0)


def test_an_interval_of_a_mean_reaches_as_far_as_students():
    """Hesterberg (2015): the expanded percentiles of a mean's draws are those of the t interval, but for skewness."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(12)
    draws = draw_persons(12, 40_000, seed=0) @ x / 12
    low, high = np.percentile(draws, tails(12))
    reach = t.ppf(0.975, 11) * x.std(ddof=1) / np.sqrt(12)
    assert (high - low) / 2 == pytest.approx(reach, rel=0.03)
    assert tails(10_000)[0] == pytest.approx(2.5, abs=0.01)


def test_a_planted_null_has_an_auroc_whose_interval_covers_chance():
    """Of 40 experiments without an effect about 2 may miss 0.5; 7 or more would happen once in 200 times."""
    missed = 0
    for seed in range(40):
        found = estimate(auroc, [predictions(skill=0.0, persons=25, seed=seed)], draws=300, seed=seed)
        missed += not found.low <= 0.5 <= found.high
    assert missed < 7


def test_an_interval_over_repeated_trainings_knows_of_their_spread():
    one, other = predictions(skill=1.5, seed=1), predictions(skill=0.0, seed=1)
    other = Predictions(other.probability, one.truth, one.person, one.fold)
    alone, twice = estimate(auroc, [one], draws=400), estimate(auroc, [one, one], draws=400)
    assert (twice.value, twice.low, twice.high) == pytest.approx((alone.value, alone.low, alone.high))
    both = estimate(auroc, [one, other], draws=400)
    assert both.low < estimate(auroc, [other], draws=400).value + 0.05
    assert both.high > alone.value - 0.05


def test_auroc_of_a_person_needs_both_classes():
    truth = np.array([0, 1, 0, 0])
    given = Predictions(
        np.array([[0.8, 0.2], [0.4, 0.6], [0.5, 0.5], [0.5, 0.5]]), truth, np.array([0, 0, 1, 1]), np.zeros(4, int)
    )
    np.testing.assert_array_equal(within(given, ones(given), given.person)[:, 0], [1.0, np.nan])


def test_a_sample_with_one_class_has_no_figure_rather_than_a_wrong_one():
    given = predictions(persons=12)
    given = Predictions(given.probability, np.zeros_like(given.truth), given.person, given.fold)
    assert np.isnan(estimate(auroc, [given]).value)
