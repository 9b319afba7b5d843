"""From held-out predictions to a report: every metric with its interval, its controls, and what weakens it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl

from biocurate.errors import ModelError
from zoo.data.task import coded, numbered
from zoo.judging.bootstrap import DRAWS, FEWEST_PERSONS, Estimate, estimate
from zoo.judging.controls import one_label_each
from zoo.judging.label_metrics import LABEL_METRICS, THRESHOLD, per_label, within_persons
from zoo.judging.metrics import METRICS, Floats, Predictions, balanced_accuracy, within

PROBABILITY = "p_"
"""Columns of predictions: this and the class."""


@dataclass(frozen=True)
class Report:
    """How well a model did on persons that it never saw."""

    model: str
    classes: list[str]
    windows: int
    recordings: int
    persons: int
    folds: list[str]
    metrics: dict[str, Estimate]
    controls: dict[str, dict[str, Estimate]]
    """By control, then by metric."""
    per_person: list[dict[str, Any]]
    notes: list[str]
    """About the data, from whoever prepared it."""
    cautions: list[str]
    """About the figures, from the predictions themselves."""
    per_label: list[dict[str, Any]] = field(default_factory=list)
    """Where windows have lists of labels: each label's own figures."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; what does not exist is null."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    def table(self) -> pl.DataFrame:
        """One row a metric: value, interval, persons, and the controls beside it."""
        rows = []
        for name, found in self.metrics.items():
            row: dict[str, Any] = {"metric": name, "value": _number(found.value), "95 % CI": _interval(found)}
            for control, metrics in self.controls.items():
                row[control] = _with_interval(metrics[name])
            rows.append(row | {"persons": self.persons, "windows": self.windows})
        return pl.DataFrame(rows)

    def labels_table(self) -> pl.DataFrame:
        """One row a label, where windows have lists of them."""
        return pl.DataFrame(self.per_label)

    def persons_table(self) -> pl.DataFrame:
        """One row a person."""
        return pl.DataFrame(self.per_person)


def report(
    held: pl.DataFrame,
    controls: Mapping[str, Sequence[pl.DataFrame]],
    classes: Sequence[str],
    model: str,
    notes: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> Report:
    """Judge held-out predictions.

    Parameters
    ----------
    held : DataFrame
        One row a held-out window: ``window_id, recording_id, person, fold, label, predicted`` and a column of
        probabilities ``p_<class>`` for each class.
    controls : mapping of str to DataFrames
        The same windows predicted by each control, once or several times.
    classes : sequence of str
    model : str
    notes : sequence of str
        What is to stand beside the figures.
    draws, seed : int
        Of the bootstrap over persons.

    Raises
    ------
    ModelError
        Where there is nothing to judge.
    """
    if held.is_empty():
        raise ModelError("no held-out window was predicted.", where=model)
    own = predictions_of(held, classes)
    judged_by = LABEL_METRICS if own.truth.ndim == 2 else METRICS
    others = {name: [predictions_of(each, classes) for each in repeats] for name, repeats in controls.items()}
    return Report(
        model=model,
        classes=list(classes),
        windows=held.height,
        recordings=held["recording_id"].n_unique(),
        persons=own.n_persons,
        folds=held["fold"].unique().sort().to_list(),
        metrics={name: estimate(metric, [own], draws, seed) for name, metric in judged_by.items()},
        controls={
            control: {name: estimate(metric, repeats, draws, seed) for name, metric in judged_by.items()}
            for control, repeats in others.items()
        },
        per_person=_per_person(held, own),
        notes=list(notes),
        cautions=_cautions(held, own, classes),
        per_label=per_label(own, list(classes)) if own.truth.ndim == 2 else [],
    )


def predictions_of(held: pl.DataFrame, classes: Sequence[str]) -> Predictions:
    """Columns of predictions as numbers."""
    return Predictions(
        probability=held.select([f"{PROBABILITY}{name}" for name in classes]).to_numpy().astype(np.float64),
        truth=coded(held["label"], classes),
        person=numbered(held["person"]),
        fold=numbered(held["fold"]),
    )


def _per_person(held: pl.DataFrame, own: Predictions) -> list[dict[str, Any]]:
    """Each person's own figures; an AUROC only where the person has every class that occurs.

    Of lists of labels a window is right where all of its labels are; AUROC is over labels that the person's windows
    differ in, and there is no balanced accuracy.
    """
    labels = pl.col("label")
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


def _cautions(held: pl.DataFrame, own: Predictions, classes: Sequence[str]) -> list[str]:
    """What a reader must know before believing the figures."""
    notes = []
    recordings = held["recording_id"].n_unique()
    if one_label_each(own.truth, numbered(held["recording_id"])) and held.height > recordings:
        notes.append(
            f"The label is constant within recordings: n counts {recordings} recordings of {own.n_persons} persons, "
            f"not {held.height:,} windows, and whatever tells recordings apart can pass for the label."
        )
    folds = held["fold"].n_unique()
    if folds > 1:
        notes.append(
            f"AUROC is computed within each of {folds} folds and averaged by persons; scores are never pooled over "
            "folds. Decisions (accuracy, F1) are counted together."
        )
    if own.n_persons < FEWEST_PERSONS:
        notes.append(f"{own.n_persons} persons are too few for an interval: see the figures of each person.")
    if own.truth.ndim == 2:
        notes.append(
            "Figures are means over labels, each against its absence; auprc of a score that knows nothing is the share "
            f"of windows with the label, {own.truth.mean():.3f} on average."
        )
    if absent := [name for at, name in enumerate(classes) if not own.holds(at).any()]:
        notes.append(f"No held-out window is labelled {', '.join(absent)}.")
    return notes


def _interval(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return "-"
    left_out = f", {found.lacking} draws lack a class" if found.lacking else ""
    partial = f", a fold was left out of {found.partial}" if found.partial else ""
    return f"{found.low:.3f} to {found.high:.3f}{left_out}{partial}"


def _with_interval(found: Estimate) -> str:
    value = "-" if math.isnan(found.value) else f"{found.value:.3f}"
    return value if found.low is None or found.low == found.high else f"{value} ({found.low:.3f} to {found.high:.3f})"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def held_out(rows: pl.DataFrame, probability: Floats, classes: Sequence[str], fold: str) -> pl.DataFrame:
    """Predictions of some windows as a table; windows without a prediction are not in it.

    Parameters
    ----------
    rows : DataFrame
        Windows of a manifest.
    probability : array, shape (windows, classes), NaN where there is none
    classes : sequence of str
    fold : str
    """
    known = np.isfinite(probability).all(axis=1)
    kept = rows.select("window_id", "recording_id", "person", "label").filter(pl.Series(known))
    return kept.with_columns(
        fold=pl.lit(fold),
        predicted=_decided(probability[known], classes, lists=kept["label"].dtype == pl.List(pl.String)),
        **{f"{PROBABILITY}{name}": probability[known, at] for at, name in enumerate(classes)},
    )


def _decided(probability: Floats, classes: Sequence[str], lists: bool) -> pl.Series:
    """The most probable class of each window, or every label that is more probable than not."""
    if not lists:
        return pl.Series([classes[at] for at in probability.argmax(axis=1)], dtype=pl.String)
    said = [pl.when(pl.Series(probability[:, at] >= THRESHOLD)).then(pl.lit(name)) for at, name in enumerate(classes)]
    return pl.select(pl.concat_list(said).list.drop_nulls()).to_series()
