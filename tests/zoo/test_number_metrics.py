"""Metrics of numbers against scikit-learn and SciPy, and their intervals against rows that are really repeated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from zoo.judging.bootstrap import draw_persons, estimate
from zoo.judging.comparing.by_person import mae as mae_of_persons
from zoo.judging.figures import METRICS, metrics_of
from zoo.judging.metrics import Predictions
from zoo.judging.number_metrics import NUMBER_METRICS, spearman


def predictions(persons=15, windows=300, folds=1, seed=0, skill=1.0):
    """Numbers with ties; each fold has a training mean of its own."""
    rng = np.random.default_rng(seed)
    person = np.arange(windows) % persons
    fold = person % folds
    truth = (10 + 3 * rng.standard_normal(windows)).round(1)
    said = (10 + skill * (truth - 10) + rng.standard_normal(windows)).round(1)
    return Predictions(np.stack([said, 9.5 + fold], axis=1), truth, person, fold)


def ones(given):
    return np.ones((1, given.n_persons))


def by_definition(given, rows):
    said, true, mean = given.probability[rows, 0], given.truth[rows], given.probability[rows, 1]
    folds = np.unique(given.fold[rows])
    of_fold = [rows[given.fold[rows] == fold] for fold in folds]
    persons = [len(np.unique(given.person[part])) for part in of_fold]
    ranks = [spearmanr(given.probability[part, 0], given.truth[part]).statistic for part in of_fold]
    return {
        "rmse": root_mean_squared_error(true, said),
        "mae": mean_absolute_error(true, said),
        "r2": 1 - ((said - true) ** 2).sum() / ((true - mean) ** 2).sum(),
        "spearman": np.average(ranks, weights=persons),
    }


@pytest.mark.parametrize("folds", [1, 3])
def test_each_metric_is_scikit_learns_or_scipys(folds):
    given = predictions(folds=folds)
    assert metrics_of(given) is NUMBER_METRICS
    found = {name: metric(given, ones(given)).value[0] for name, metric in NUMBER_METRICS.items()}
    assert found == pytest.approx(by_definition(given, np.arange(300)))


def test_r2_is_scikit_learns_where_the_training_mean_is_that_of_the_test():
    given = predictions()
    same = np.stack([given.probability[:, 0], np.full(300, given.truth.mean())], axis=1)
    given = Predictions(same, given.truth, given.person, given.fold)
    expected = r2_score(given.truth, same[:, 0])
    assert NUMBER_METRICS["r2"](given, ones(given)).value[0] == pytest.approx(expected)


def test_the_training_mean_itself_has_an_r2_of_0_and_no_ranks():
    given = predictions(folds=3)
    mean = np.repeat(given.probability[:, 1:], 2, axis=1)
    given = Predictions(mean, given.truth, given.person, given.fold)
    assert NUMBER_METRICS["r2"](given, ones(given)).value[0] == 0
    assert np.isnan(spearman(given, ones(given)).value[0])


def test_interval_is_that_of_rows_copied_for_each_draw():
    given = predictions(persons=12, windows=180)
    times = draw_persons(12, 25, seed=3)
    mine = [np.flatnonzero(given.person == who) for who in range(12)]
    brute = [
        by_definition(given, np.concatenate([np.tile(mine[who], n) for who, n in enumerate(draw)]))
        for draw in times.astype(int)
    ]
    for name, metric in NUMBER_METRICS.items():
        np.testing.assert_allclose(metric(given, times).value, [each[name] for each in brute], rtol=1e-10)


def test_spearman_is_never_pooled_over_folds():
    """A shift of one fold's model changes no rank within it; pooled ranks would change."""
    given = predictions(folds=3)
    shifted = given.probability + 50.0 * (given.fold == 1)[:, None]
    other = Predictions(shifted, given.truth, given.person, given.fold)
    one, two = (spearman(each, ones(given)).value[0] for each in (given, other))
    assert two == pytest.approx(one)
    assert spearmanr(shifted[:, 0], given.truth).statistic < 0.7 * one


def test_a_fold_of_one_number_is_left_out_of_spearman_and_the_draws_are_counted():
    given = predictions(persons=12, folds=2, windows=240)
    truth = np.where((given.fold == 1) & (given.person != 1), 7.0, given.truth)
    given = Predictions(given.probability, truth, given.person, given.fold)
    found = estimate(spearman, [given])
    assert found.partial == int((draw_persons(12, 2000, seed=0)[:, 1] == 0).sum())
    assert found.lacking == 0


def test_where_nothing_is_known_the_interval_of_spearman_covers_0():
    """Of 40 experiments about 2 may miss 0; 7 or more would happen once in 200 times."""
    missed = 0
    for seed in range(40):
        found = estimate(spearman, [predictions(persons=25, skill=0.0, seed=seed)], draws=300, seed=seed)
        missed += not found.low <= 0 <= found.high
    assert missed < 7


def test_errors_of_persons_are_scikit_learns_person_by_person():
    given = predictions()
    said, true = given.probability[:, 0], given.truth
    rows = [given.person == who for who in range(15)]
    np.testing.assert_allclose(mae_of_persons(given), [mean_absolute_error(true[mine], said[mine]) for mine in rows])


@pytest.mark.parametrize("classes", [2, 4])
def test_metrics_of_classes_are_those_of_torchmetrics(classes):
    """The design names torchmetrics; ours take weights of persons, which it does not, and are equal where all are 1."""
    torch = pytest.importorskip("torch")
    measured = pytest.importorskip("torchmetrics.functional.classification")
    rng = np.random.default_rng(1)
    truth = rng.integers(classes, size=400)
    score = np.exp((rng.standard_normal((400, classes)) + np.eye(classes)[truth]).round(1))
    chance = score / score.sum(axis=1, keepdims=True)
    given = Predictions(chance, truth, np.arange(400) % 15, np.zeros(400, int))
    said, true = torch.from_numpy(chance), torch.from_numpy(truth)
    of = {"num_classes": classes}
    asked = {
        "balanced_accuracy": measured.multiclass_accuracy(said, true, average="macro", **of),
        "macro_f1": measured.multiclass_f1_score(said, true, average="macro", **of),
        "weighted_f1": measured.multiclass_f1_score(said, true, average="weighted", **of),
        "kappa": measured.multiclass_cohen_kappa(said, true, **of),
        "auroc": measured.multiclass_auroc(said, true, average="macro", **of)
        if classes > 2
        else measured.binary_auroc(said[:, 1], true),
        "auprc": measured.multiclass_average_precision(said, true, average="macro", **of)
        if classes > 2
        else measured.binary_average_precision(said[:, 1], true),
    }
    found = {name: METRICS[name](given, ones(given)).value[0] for name in asked}
    assert set(METRICS) - set(asked) == {"ece"}  # torchmetrics has bins of equal width alone
    assert found == pytest.approx({name: float(value) for name, value in asked.items()}, abs=1e-6)


def test_metrics_of_numbers_are_those_of_torchmetrics():
    torch = pytest.importorskip("torch")
    measured = pytest.importorskip("torchmetrics.functional")
    given = predictions()
    said, true = torch.from_numpy(given.probability[:, 0].copy()), torch.from_numpy(given.truth)
    asked = {
        "rmse": measured.mean_squared_error(said, true, squared=False),
        "mae": measured.mean_absolute_error(said, true),
        "spearman": measured.spearman_corrcoef(said, true),
    }
    found = {name: NUMBER_METRICS[name](given, ones(given)).value[0] for name in asked}
    assert found == pytest.approx({name: float(value) for name, value in asked.items()}, abs=1e-6)
