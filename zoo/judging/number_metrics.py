"""Metrics of predicted numbers, each computed for many resamples of the persons at once, as in `zoo.judging.metrics`.

Errors are in the label's own unit and can be counted over folds together. Ranks cannot: models of two folds may differ
by a shift, which a pooled rank would take for skill or for the lack of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from zoo.judging.metrics import CELLS, Codes, Floats, Predictions, Values, complete, divided, over_folds, rows_of


def rmse(predictions: Predictions, times: Floats) -> Values:
    """Root of the mean squared error, in the label's unit."""
    return complete(np.sqrt(_mean(predictions, times, _error(predictions) ** 2)))


def mae(predictions: Predictions, times: Floats) -> Values:
    """Mean absolute error, in the label's unit."""
    return complete(_mean(predictions, times, np.abs(_error(predictions))))


def r2(predictions: Predictions, times: Floats) -> Values:
    """Share of the squared error of the training windows' mean that is spared; 0 of that mean itself, and less below.

    The mean is that of what each fold's model was trained on: that of the held-out windows is known to nobody who
    predicts them, and a model is judged by what could be had without it.
    """
    off = predictions.truth - predictions.probability[:, 1]
    left, whole = (_mean(predictions, times, each**2) for each in (_error(predictions), off))
    return complete(1 - divided(left, whole))


def spearman(predictions: Predictions, times: Floats) -> Values:
    """Rank correlation within each fold, averaged over folds by their number of persons; never pooled over folds.

    It does not exist where all predictions of a fold, or all of its labels, are equal: such a fold is left out.
    """
    each = np.stack([ranked(predictions, times, rows) for rows in rows_of(predictions.fold)])
    return over_folds(predictions, times, each)


def ranked(predictions: Predictions, times: Floats, rows: Codes) -> Floats:
    """Rank correlation of some windows for each resample, shape (resamples,); NaN where either side is constant.

    Ties have the mean of their ranks, and copies of a person are ties: equal to
    `scipy.stats.spearmanr` of rows that are repeated.
    """
    out = np.empty(len(times))
    said, true = predictions.probability[rows, 0], np.asarray(predictions.truth[rows], dtype=np.float64)
    step = max(1, CELLS // max(len(rows), 1))
    for start in range(0, len(times), step):
        weight = times[start : start + step][:, predictions.person[rows]]
        a, b = (_centred_ranks(each, weight) for each in (said, true))
        above = (weight * a * b).sum(axis=1)
        spread = (weight * a**2).sum(axis=1) * (weight * b**2).sum(axis=1)
        out[start : start + step] = divided(above, np.sqrt(spread))
    return out


NUMBER_METRICS: Mapping[str, Callable[[Predictions, Floats], Values]] = MappingProxyType(
    {"rmse": rmse, "mae": mae, "r2": r2, "spearman": spearman}
)


def _error(predictions: Predictions) -> Floats:
    return np.asarray(predictions.probability[:, 0] - predictions.truth)


def _mean(predictions: Predictions, times: Floats, value: Floats) -> Floats:
    """Mean over windows of a figure, for each resample."""
    size = predictions.n_persons
    total = np.bincount(predictions.person, weights=value, minlength=size)
    count = np.bincount(predictions.person, minlength=size).astype(np.float64)
    return divided(times @ total, times @ count)


def _centred_ranks(value: Floats, weight: Floats) -> Floats:
    """Ranks of the values in each resample, less their mean, shape (resamples, windows)."""
    _, place = np.unique(value, return_inverse=True)
    held = _summed(weight, place)
    middle = np.cumsum(held, axis=1) - held / 2
    return np.asarray(middle[:, place] - weight.sum(axis=1, keepdims=True) / 2)


def _summed(weight: Floats, place: NDArray[np.intp]) -> Floats:
    """Weights of windows of one value, added up, shape (resamples, values)."""
    order = np.argsort(place, kind="stable")
    first = np.flatnonzero(np.diff(place[order], prepend=-1))
    return np.asarray(np.add.reduceat(weight[:, order], first, axis=1))
