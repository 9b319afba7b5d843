"""Metrics of windows that have lists of labels: each label against its absence, then the mean over labels.

As in `zoo.judging.metrics`, each is computed for many resamples of the persons at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.judging.metrics import Codes, Floats, Predictions, Values, area, divided, over_folds, rows_of
from zoo.judging.precision import average_precision

THRESHOLD = 0.5
"""A label is predicted from this probability on."""

OfLabel = Callable[[Predictions, Floats, Codes, int], Floats]
"""Figure of one label in some windows, for each resample; NaN where all of them have it, or none."""


def auroc(predictions: Predictions, times: Floats) -> Values:
    """Area under the ROC curve of each label within each fold, averaged over folds by persons, then over labels.

    A label is left out of a fold, or of a resample, in which no window has it or none lacks it; such resamples are
    counted as partial.
    """
    return _macro(predictions, times, area)


def auprc(predictions: Predictions, times: Floats) -> Values:
    """Average precision, averaged as `auroc` is; for a score that knows nothing it is the share that has the label."""
    return _macro(predictions, times, average_precision)


def macro_f1(predictions: Predictions, times: Floats) -> Values:
    """Mean over labels of F1 at a probability of one half; decisions are counted over folds together."""
    said = predictions.probability >= THRESHOLD
    true = predictions.truth == 1
    right, said_in, true_in = (_by_person(predictions, part) for part in (said & true, said, true))
    score = divided(2 * (times @ right), times @ (said_in + true_in))[:, _labels(predictions)]
    known = np.isfinite(score)
    return Values(divided(np.where(known, score, 0).sum(axis=1), known.sum(axis=1)), np.asarray(~known.all(axis=1)))


LABEL_METRICS: Mapping[str, Callable[[Predictions, Floats], Values]] = MappingProxyType(
    {"auroc": auroc, "auprc": auprc, "macro_f1": macro_f1}
)


def per_label(predictions: Predictions, names: list[str]) -> list[dict[str, Any]]:
    """One row a label: how many windows and persons have it, and its own AUROC and average precision."""
    once = np.ones((1, predictions.n_persons))
    rows = []
    for at, name in enumerate(names):
        mine = predictions.holds(at)
        persons = len(np.unique(predictions.person[mine]))
        row: dict[str, Any] = {"label": name, "windows": int(mine.sum()), "persons": persons}
        for metric, of_label in (("auroc", area), ("auprc", average_precision)):
            value = float(_over_folds(predictions, once, of_label, at).value[0])
            row[metric] = None if np.isnan(value) else value
        rows.append(row)
    return rows


def within_persons(predictions: Predictions) -> Floats:
    """Each person's own AUROC over the labels that some of his windows have and others lack, shape (persons,)."""
    once = np.ones((1, predictions.n_persons))
    out = np.full(predictions.n_persons, np.nan)
    for person, rows in enumerate(rows_of(predictions.person)):
        each = np.array([area(predictions, once, rows, at)[0] for at in _labels(predictions)])
        if np.isfinite(each).any():
            out[person] = np.nanmean(each)
    return out


def _macro(predictions: Predictions, times: Floats, of_label: OfLabel) -> Values:
    found = [_over_folds(predictions, times, of_label, at) for at in _labels(predictions)]
    if not found:
        return Values(np.full(len(times), np.nan), np.zeros(len(times), dtype=bool))
    value, partial = (np.stack(part) for part in zip(*found, strict=True))
    known = np.isfinite(value)
    mean = divided(np.where(known, value, 0.0).sum(axis=0), known.sum(axis=0))
    return Values(mean, partial.any(axis=0) | ~known.all(axis=0))


def _over_folds(predictions: Predictions, times: Floats, of_label: OfLabel, at: int) -> Values:
    each = [of_label(predictions, times, rows, at) for rows in rows_of(predictions.fold)]
    return over_folds(predictions, times, np.stack(each))


def _labels(predictions: Predictions) -> Codes:
    """Labels that some windows have and others lack."""
    count = predictions.truth.sum(axis=0)
    return np.flatnonzero((count > 0) & (count < len(predictions.truth)))


def _by_person(predictions: Predictions, flags: NDArray[np.bool_]) -> Floats:
    """How many windows of each person are flagged, shape (persons, labels)."""
    out = np.zeros((predictions.n_persons, flags.shape[1]))
    np.add.at(out, predictions.person, flags)
    return out
