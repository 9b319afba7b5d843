"""Agreement of decisions with labels: confusion, F1 by support, kappa. Decisions are counted over folds together."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.judging.metrics import Floats, Predictions, Values, complete, confusions, divided, occurring


def weighted_f1(predictions: Predictions, times: Floats) -> Values:
    """Mean F1 of the classes, by the windows of each, as scikit-learn averages."""
    table = confusions(predictions, times)
    right, support = np.diagonal(table, axis1=1, axis2=2), table.sum(axis=2)
    score = divided(2 * right, table.sum(axis=1) + support, empty=0.0)
    return complete(_known(predictions, table, divided((score * support).sum(axis=1), support.sum(axis=1))))


def kappa(predictions: Predictions, times: Floats) -> Values:
    """Share of agreement beyond what the marginals alone would give.

    Source: Cohen, Educational and Psychological Measurement 20 (1960) 37.
    """
    table = confusions(predictions, times)
    total = table.sum(axis=(1, 2))
    observed = divided(np.trace(table, axis1=1, axis2=2), total)
    expected = divided((table.sum(axis=1) * table.sum(axis=2)).sum(axis=1), total**2)
    return complete(_known(predictions, table, divided(observed - expected, 1 - expected)))


def confusion(predictions: Predictions, classes: list[str]) -> list[dict[str, Any]]:
    """One row a true class: how many of its windows were taken for each class."""
    table = confusions(predictions, np.ones((1, predictions.n_persons)))[0].astype(int)
    return [
        {"label": name, **{f"as {said}": int(count) for said, count in zip(classes, row, strict=True)}}
        for name, row in zip(classes, table, strict=True)
    ]


def _known(predictions: Predictions, table: Floats, value: Floats) -> Floats:
    """NaN in resamples that lack a class which the sample has."""
    lacking = (table.sum(axis=2)[:, occurring(predictions)] == 0).any(axis=1)
    return np.where(lacking, np.nan, value)
