"""Average precision: the area under the curve of precision over recall."""

from __future__ import annotations

import numpy as np

from zoo.judging.metrics import CELLS, Codes, Floats, Predictions, Values, against_rest, divided, over_folds, rows_of


def auprc(predictions: Predictions, times: Floats) -> Values:
    """Average precision within each fold, averaged over folds by their number of persons, as `auroc` is.

    Of two classes it is that of the second; of more the mean of each against the rest. A score that knows nothing has
    the share of the class.
    """
    against = against_rest(predictions)
    parts = rows_of(predictions.fold)
    each = np.full((len(parts), len(times)), np.nan)
    for number, rows in enumerate(parts):
        if len(against):
            each[number] = np.mean([average_precision(predictions, times, rows, at) for at in against], axis=0)
    return over_folds(predictions, times, each)


def average_precision(predictions: Predictions, times: Floats, rows: Codes, at: int) -> Floats:
    """Mean precision over the windows that have a label, shape (resamples,); windows of equal score come together.

    Source: `sklearn.metrics.average_precision_score` with persons' counts as weights of their windows.
    """
    order = rows[np.argsort(-predictions.probability[rows, at], kind="stable")]
    score = predictions.probability[order, at]
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    positive = predictions.holds(at)[order].astype(np.float64)
    out = np.empty(len(times))
    step = max(1, CELLS // max(len(rows), 1))
    for start in range(0, len(times), step):
        weight = times[start : start + step][:, predictions.person[order]]
        found = np.cumsum(weight * positive, axis=1)[:, last]
        precision = divided(found, np.cumsum(weight, axis=1)[:, last], empty=0.0)
        gained = np.diff(found, axis=1, prepend=0.0)
        value = divided((gained * precision).sum(axis=1), found[:, -1])
        out[start : start + step] = np.where(weight.sum(axis=1) > found[:, -1], value, np.nan)
    return out
