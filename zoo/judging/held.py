"""Held-out predictions as a table, and the table as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from zoo.data.task import coded, numbered
from zoo.judging.label_metrics import THRESHOLD
from zoo.judging.metrics import Floats, Predictions

PROBABILITY = "p_"
"""Columns of predictions: this and the class."""

TRAIN_MEAN = "train_mean"
"""Column of predicted numbers: the mean of what was trained on, which a model has to beat."""


def held_out(rows: pl.DataFrame, probability: Floats, classes: Sequence[str], fold: str) -> pl.DataFrame:
    """Predictions of some windows as a table; windows without a prediction are not in it.

    Parameters
    ----------
    rows : DataFrame
        Windows of a manifest.
    probability : array, shape (windows, classes), NaN where there is none
        Of numbers what is predicted and the training windows' mean, shape (windows, 2).
    classes : sequence of str
    fold : str
    """
    known = np.isfinite(probability).all(axis=1)
    kept = rows.select("window_id", "recording_id", "person", "label").filter(pl.Series(known))
    if kept["label"].dtype == pl.Float64:
        said = {"predicted": probability[known, 0], TRAIN_MEAN: probability[known, 1]}
        return kept.with_columns(fold=pl.lit(fold), **{name: pl.Series(each) for name, each in said.items()})
    return kept.with_columns(
        fold=pl.lit(fold),
        predicted=_decided(probability[known], classes, lists=kept["label"].dtype == pl.List(pl.String)),
        **{f"{PROBABILITY}{name}": probability[known, at] for at, name in enumerate(classes)},
    )


def classes_of(held: pl.DataFrame) -> list[str]:
    """The classes that predictions are of."""
    return [name.removeprefix(PROBABILITY) for name in held.columns if name.startswith(PROBABILITY)]


def predictions_of(held: pl.DataFrame, classes: Sequence[str]) -> Predictions:
    """Columns of predictions as numbers."""
    numeric = held["label"].dtype == pl.Float64
    said = ["predicted", TRAIN_MEAN] if numeric else [f"{PROBABILITY}{name}" for name in classes]
    return Predictions(
        probability=held.select(said).to_numpy().astype(np.float64),
        truth=coded(held["label"], classes),
        person=numbered(held["person"]),
        fold=numbered(held["fold"]),
    )


def _decided(probability: Floats, classes: Sequence[str], lists: bool) -> pl.Series:
    """The most probable class of each window, or every label that is more probable than not."""
    if not lists:
        return pl.Series([classes[at] for at in probability.argmax(axis=1)], dtype=pl.String)
    said = [pl.when(pl.Series(probability[:, at] >= THRESHOLD)).then(pl.lit(name)) for at, name in enumerate(classes)]
    return pl.select(pl.concat_list(said).list.drop_nulls()).to_series()
