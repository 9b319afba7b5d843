"""From held-out predictions to a report: every metric with its interval, its controls, and what weakens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from biocurate.errors import ModelError
from zoo.judging.aggregated import LEVELS, aggregated, mixed
from zoo.judging.agreement import confusion
from zoo.judging.bootstrap import DRAWS, estimate
from zoo.judging.calibration import reliability
from zoo.judging.cautions import cautions, crossed, lifted
from zoo.judging.controls.explained import explained
from zoo.judging.detectable import detectable
from zoo.judging.figures import metrics_of
from zoo.judging.held import predictions_of
from zoo.judging.label_metrics import THRESHOLD, per_label, within_persons
from zoo.judging.metrics import Predictions, balanced_accuracy, within
from zoo.judging.number_persons import errors_of_persons
from zoo.judging.report import Report


def report(
    held: pl.DataFrame,
    controls: Mapping[str, Sequence[pl.DataFrame]],
    classes: Sequence[str],
    model: str,
    notes: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
    again: Sequence[pl.DataFrame] = (),
) -> Report:
    """Judge held-out predictions.

    Parameters
    ----------
    held : DataFrame
        One row a held-out window: ``window_id, recording_id, person, fold, label, predicted`` and a column of
        probabilities ``p_<class>`` for each class; of numbers ``train_mean`` in place of these.
    controls : mapping of str to DataFrames
        The same windows predicted by each control, once or several times.
    classes : sequence of str
    model : str
    notes : sequence of str
        What is to stand beside the figures.
    draws, seed : int
        Of the bootstrap over persons.
    again : sequence of DataFrame, optional
        The same windows predicted by other trainings of the same model: figures are means over all, and intervals
        know of the spread between them. What is drawn, and each person's figures, are of `held`.

    Raises
    ------
    ModelError
        Where there is nothing to judge.
    """
    if held.is_empty():
        raise ModelError("no held-out window was predicted.", where=model)
    own = predictions_of(held, classes)
    repeats = [own, *(predictions_of(each, classes) for each in again)]
    lists = own.truth.ndim == 2
    of_classes = not (lists or own.numeric)
    judged_by = metrics_of(own)
    metrics = {name: estimate(metric, repeats, draws, seed) for name, metric in judged_by.items()}
    others = {name: [predictions_of(each, classes) for each in repeats] for name, repeats in controls.items()}
    return Report(
        model=model,
        classes=list(classes),
        windows=held.height,
        recordings=held["recording_id"].n_unique(),
        persons=own.n_persons,
        folds=held["fold"].unique().sort().to_list(),
        metrics=metrics,
        controls={
            control: {name: estimate(metric, repeats, draws, seed) for name, metric in judged_by.items()}
            for control, repeats in others.items()
        },
        per_person=_per_person(held, own),
        notes=list(notes),
        cautions=[
            *cautions(held, own, classes),
            *crossed(metrics, held["fold"].n_unique()),
            *lifted(metrics),
            *_of_levels(held, own),
            *explained(repeats, others, draws, seed),
        ],
        per_label=per_label(own, list(classes)) if lists else [],
        levels={
            level: {name: estimate(metric, wholes, draws, seed) for name, metric in judged_by.items()}
            for level, wholes in _wholes([held, *again], own, classes).items()
        },
        detectable={name: detectable(metric, repeats) for name, metric in judged_by.items()},
        confusion=confusion(own, list(classes)) if of_classes else [],
        reliability=reliability(own) if of_classes else [],
    )


def _wholes(tables: Sequence[pl.DataFrame], own: Predictions, classes: Sequence[str]) -> dict[str, list[Predictions]]:
    """Predictions of whole recordings and persons, where these are fewer than the windows; not of lists of labels."""
    if own.truth.ndim == 2:
        return {}
    wholes = {level: [aggregated(each, level, classes) for each in tables] for level in LEVELS}
    return {
        level: [predictions_of(each, classes) for each in found]
        for level, found in wholes.items()
        if found[0].height < tables[0].height
    }


def _of_levels(held: pl.DataFrame, own: Predictions) -> list[str]:
    """Say where a whole is less than a recording, or a person, or has the mean of several numbers."""
    split = [] if own.truth.ndim == 2 else [level for level in LEVELS if mixed(held, level)]
    if own.numeric:
        return [f"By {level}: the mean of its predictions is held against the mean of its numbers." for level in split]
    return [f"By {level}: those windows of a {level} are averaged that share their label." for level in split]


def _per_person(held: pl.DataFrame, own: Predictions) -> list[dict[str, Any]]:
    """Each person's own figures; an AUROC only where the person has every class that occurs.

    Of lists of labels a window is right where all of its labels are; AUROC is over labels that the person's windows
    differ in, and there is no balanced accuracy.
    """
    labels = pl.col("label")
    if own.numeric:
        return errors_of_persons(held, own)
    if own.truth.ndim == 2:
        right = ((own.probability >= THRESHOLD) == (own.truth == 1)).all(axis=1)
        area, recall, labels = within_persons(own), np.full(own.n_persons, np.nan), labels.explode()
    else:
        right = own.predicted == own.truth
        area = within(own, np.ones((1, own.n_persons)), own.person)[:, 0]
        recall = balanced_accuracy(own, np.eye(own.n_persons)).value
    return (
        held.with_columns(right=pl.Series(right))
        .group_by(person="person")
        .agg(
            windows=pl.len(),
            recordings=pl.col("recording_id").n_unique(),
            labels=labels.drop_nulls().unique().sort().str.join(" "),
            accuracy=pl.col("right").mean(),
        )
        .sort(pl.col("person").cast(pl.String))
        .with_columns(
            balanced_accuracy=pl.Series(recall, dtype=pl.Float64).fill_nan(None),
            auroc=pl.Series(area, dtype=pl.Float64).fill_nan(None),
        )
        .to_dicts()
    )
