"""One figure a person, so that two models can be compared on the same persons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from zoo.judging.label_metrics import THRESHOLD, within_persons
from zoo.judging.metrics import Floats, Predictions, divided, within


def accuracy(predictions: Predictions) -> Floats:
    """Share of each person's windows that is right; of lists of labels, right in all of them."""
    if predictions.truth.ndim == 2:
        right = ((predictions.probability >= THRESHOLD) == (predictions.truth == 1)).all(axis=1)
    else:
        right = predictions.predicted == predictions.truth
    return _share(predictions, right, np.ones(len(right), dtype=bool))


def balanced_accuracy(predictions: Predictions) -> Floats:
    """Mean recall of the classes that each person has; of lists of labels, of each label and its absence."""
    if predictions.truth.ndim == 2:
        said = predictions.probability >= THRESHOLD
        recalls = [
            _share(predictions, said[:, at] == holds, predictions.holds(at) == holds)
            for at in range(predictions.n_classes)
            for holds in (True, False)
        ]
    else:
        right = predictions.predicted == predictions.truth
        recalls = [_share(predictions, right, predictions.holds(at)) for at in range(predictions.n_classes)]
    each = np.stack(recalls)
    known = np.isfinite(each)
    return divided(np.where(known, each, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))


def auroc(predictions: Predictions) -> Floats:
    """AUROC within each person; NaN where the person lacks a class."""
    if predictions.truth.ndim == 2:
        return within_persons(predictions)
    return within(predictions, np.ones((1, predictions.n_persons)), predictions.person)[:, 0]


def mae(predictions: Predictions) -> Floats:
    """Mean absolute error of each person's numbers, in the label's unit."""
    off = np.abs(predictions.probability[:, 0] - predictions.truth)
    return np.bincount(predictions.person, weights=off) / np.bincount(predictions.person)


BY_PERSON: Mapping[str, Callable[[Predictions], Floats]] = MappingProxyType(
    {"balanced_accuracy": balanced_accuracy, "accuracy": accuracy, "auroc": auroc, "mae": mae}
)
"""Each of shape (persons,)."""

OF_NUMBERS = ("mae",)
"""Those of predicted numbers; the others are of classes."""


def _share(predictions: Predictions, right: np.ndarray, among: np.ndarray) -> Floats:
    size = predictions.n_persons
    count = np.bincount(predictions.person[among], minlength=size).astype(np.float64)
    return divided(np.bincount(predictions.person[among & right], minlength=size).astype(np.float64), count)
