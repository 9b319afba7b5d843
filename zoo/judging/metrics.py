"""Metrics of held-out predictions, each computed for many resamples of the persons at once.

A resample is a row of `times`: how often each person is in it. The figures of the sample itself are those of a row of
ones. Nothing is resampled below the person, since windows of one person are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

CELLS = 4_000_000
"""Numbers held at once while resampling, to bound memory."""


@dataclass(frozen=True)
class Predictions:
    """Probabilities of held-out windows with what is true of them; everything is a column."""

    probability: Floats
    """Shape (windows, classes), rows sum to 1; of lists of labels each on its own.

    Of numbers no probability: what is predicted and the mean of the training windows, shape (windows, 2).
    """
    truth: Codes
    """Class of each window, shape (windows,); of lists of labels 1 where a window has one, shape (windows, labels).

    Of numbers the number, shape (windows,), float64.
    """
    person: Codes
    """Number of each window's person, from 0 without a hole."""
    fold: Codes
    """Number of the model that each window was held out from, from 0 without a hole."""

    @property
    def n_persons(self) -> int:
        """How many persons were held out."""
        return int(self.person.max(initial=-1)) + 1

    @property
    def numeric(self) -> bool:
        """Whether numbers are predicted, and not classes."""
        return self.truth.dtype.kind == "f"

    @property
    def n_classes(self) -> int:
        """Classes that the model knows."""
        return int(self.probability.shape[1])

    def holds(self, at: int) -> NDArray[np.bool_]:
        """Which windows are of a class, or have a label."""
        return np.asarray(self.truth[:, at] == 1 if self.truth.ndim == 2 else self.truth == at)

    @property
    def predicted(self) -> Codes:
        """The most probable class; the first of equals."""
        return np.asarray(self.probability.argmax(axis=1))


class Values(NamedTuple):
    """A metric of each resample."""

    value: Floats
    """NaN where the resample lacks a class, so that the metric does not exist."""
    partial: NDArray[np.bool_]
    """True where a fold was left out of the average since it lacked a class."""


def balanced_accuracy(predictions: Predictions, times: Floats) -> Values:
    """Mean recall of the classes that occur.

    Hard decisions may be counted over folds together, unlike the scores behind an AUROC.
    """
    table = confusions(predictions, times)
    occurs = occurring(predictions)
    right = np.diagonal(table, axis1=1, axis2=2)[:, occurs]
    return complete(divided(right, table.sum(axis=2)[:, occurs]).mean(axis=1))


def macro_f1(predictions: Predictions, times: Floats) -> Values:
    """Mean F1 of the classes that occur or are predicted, as scikit-learn averages."""
    table = confusions(predictions, times)
    counted = np.union1d(predictions.truth, predictions.predicted)
    right = np.diagonal(table, axis1=1, axis2=2)
    score = divided(2 * right, table.sum(axis=1) + table.sum(axis=2), empty=0.0)[:, counted].mean(axis=1)
    lacking = (table.sum(axis=2)[:, occurring(predictions)] == 0).any(axis=1)
    return complete(np.where(lacking, np.nan, score))


def auroc(predictions: Predictions, times: Floats) -> Values:
    """Area under the ROC curve within each fold, averaged over folds by their number of persons.

    Scores of different models have no common scale, so that no pair of windows from two folds is ever compared.
    With more than two classes: one against the rest, mean over classes. A fold that lacks a class is left out.
    """
    return over_folds(predictions, times, within(predictions, times, predictions.fold))


def over_folds(predictions: Predictions, times: Floats, each: Floats) -> Values:
    """Mean over folds of a figure, shape (folds, resamples), by their number of persons; NaN is left out."""
    first = np.unique(predictions.person, return_index=True)[1]
    holds = np.zeros((predictions.n_persons, len(each)))
    holds[np.arange(len(first)), predictions.fold[first]] = 1.0
    weight = times @ holds
    known = np.isfinite(each.T)
    total = np.where(known, weight, 0.0).sum(axis=1)
    value = divided(np.where(known, each.T * weight, 0.0).sum(axis=1), total)
    return Values(value, np.isfinite(value) & ((weight > 0) & ~known).any(axis=1))


def within(predictions: Predictions, times: Floats, group: Codes) -> Floats:
    """AUROC within each group of windows, for each resample, shape (groups, resamples); NaN where a class lacks.

    A person who is drawn twice is compared with the others twice, and each copy with itself, but not one copy with the
    other: windows of one person are told apart more easily than those of two, and such pairs, which no sample has,
    would lift every draw above the sample.
    """
    against = against_rest(predictions)
    parts = rows_of(group)
    out = np.full((len(parts), len(times)), np.nan)
    for number, rows in enumerate(parts):
        if len(against):
            out[number] = np.mean([area(predictions, times, rows, at) for at in against], axis=0)
    return out


def rows_of(group: Codes) -> list[Codes]:
    """Rows of each group, in the order of their numbers."""
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(int(group.max(initial=-1)) + 2))
    return [order[start:stop] for start, stop in pairwise(bounds)]


def against_rest(predictions: Predictions) -> Codes:
    """Classes to tell from the rest; with two, the second one's curve is the first one's mirrored."""
    occurs = occurring(predictions)
    if len(occurs) < 2:
        return occurs[:0]
    return occurs[1:] if predictions.n_classes == 2 else occurs


def area(predictions: Predictions, times: Floats, rows: Codes, at: int) -> Floats:
    """Share of pairs (a window of the class, another) that are in the right order, for each resample."""
    score, positive = predictions.probability[rows, at], predictions.holds(at)[rows]
    person = predictions.person[rows]
    right, pairs = np.empty(len(times)), np.empty(len(times))
    step = max(1, CELLS // max(len(rows), 1))
    for start in range(0, len(times), step):
        some = slice(start, start + step)
        right[some], pairs[some] = _pairs(score, positive, times[some][:, person])
    # Of m copies of a person the sums hold m * m pairs of copies, of which m are a copy with itself.
    persons, count = np.unique(person, return_counts=True)
    by_person = np.argsort(person, kind="stable")
    own = [_pairs(score[mine], positive[mine], np.ones((1, len(mine)))) for mine in _parts(by_person, count)]
    copies = times[:, persons] ** 2 - times[:, persons]
    right -= copies @ np.array([each[0][0] for each in own])
    pairs -= copies @ np.array([each[1][0] for each in own])
    return divided(right, pairs)


def _pairs(score: Floats, positive: NDArray[np.bool_], weight: Floats) -> tuple[Floats, Floats]:
    """Weighted pairs (positive, negative) in the right order, ties counting half, and all such pairs."""
    order = np.argsort(score, kind="stable")
    ordered, positive, weight = score[order], positive[order], weight[:, order]
    ties = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    up = np.add.reduceat(weight * positive, ties, axis=1)
    down = np.add.reduceat(weight * ~positive, ties, axis=1)
    below = np.cumsum(down, axis=1) - down
    return (up * (below + 0.5 * down)).sum(axis=1), up.sum(axis=1) * down.sum(axis=1)


def _parts(order: Codes, count: Codes) -> list[Codes]:
    """Rows of each person, where `order` sorts them by person."""
    return np.split(order, np.cumsum(count)[:-1])


def confusions(predictions: Predictions, times: Floats) -> Floats:
    """Windows by true and predicted class, shape (resamples, classes, classes)."""
    size = predictions.n_classes
    cell = (predictions.person * size + predictions.truth) * size + predictions.predicted
    each = np.bincount(cell, minlength=predictions.n_persons * size * size).reshape(-1, size * size)
    return np.asarray((times @ each).reshape(-1, size, size))


def occurring(predictions: Predictions) -> Codes:
    """Classes that some window is of."""
    return np.unique(predictions.truth)


def complete(value: Floats) -> Values:
    """Figures from which no fold was left out."""
    return Values(value, np.zeros(len(value), dtype=bool))


def divided(over: Floats, under: Floats, empty: float = np.nan) -> Floats:
    """Quotients; `empty` where nothing is divided by."""
    return np.asarray(np.divide(over, under, out=np.full(np.shape(over), empty), where=under > 0))
