"""From held-out predictions to a report: every metric with its interval, its controls, and what weakens it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from biocurate.errors import ModelError
from zoo.bootstrap import DRAWS, FEWEST_PERSONS, Estimate, estimate
from zoo.controls import one_label_each
from zoo.metrics import METRICS, Floats, Predictions, balanced_accuracy, within
from zoo.task import numbered

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
    others = {name: [predictions_of(each, classes) for each in repeats] for name, repeats in controls.items()}
    return Report(
        model=model,
        classes=list(classes),
        windows=held.height,
        recordings=held["recording_id"].n_unique(),
        persons=own.n_persons,
        folds=held["fold"].unique().sort().to_list(),
        metrics={name: estimate(metric, [own], draws, seed) for name, metric in METRICS.items()},
        controls={
            control: {name: estimate(metric, repeats, draws, seed) for name, metric in METRICS.items()}
            for control, repeats in others.items()
        },
        per_person=_per_person(held, own),
        notes=list(notes),
        cautions=_cautions(held, own, classes),
    )


def predictions_of(held: pl.DataFrame, classes: Sequence[str]) -> Predictions:
    """Columns of predictions as numbers."""
    place = {name: at for at, name in enumerate(classes)}
    return Predictions(
        probability=held.select([f"{PROBABILITY}{name}" for name in classes]).to_numpy().astype(np.float64),
        truth=held["label"].replace_strict(place, return_dtype=pl.Int64).to_numpy().astype(np.intp),
        person=numbered(held["person"]),
        fold=numbered(held["fold"]),
    )


def _per_person(held: pl.DataFrame, own: Predictions) -> list[dict[str, Any]]:
    """Each person's own figures; an AUROC only where the person has every class that occurs."""
    alone = np.eye(own.n_persons)
    area = within(own, np.ones((1, own.n_persons)), own.person)[:, 0]
    recall = balanced_accuracy(own, alone).value
    return (
        held.group_by(person="person")
        .agg(
            windows=pl.len(),
            recordings=pl.col("recording_id").n_unique(),
            labels=pl.col("label").unique().sort().str.join(" "),
            accuracy=(pl.col("label") == pl.col("predicted")).mean(),
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
            "folds. Decisions (balanced accuracy, F1) are counted together."
        )
    if own.n_persons < FEWEST_PERSONS:
        notes.append(f"{own.n_persons} persons are too few for an interval: see the figures of each person.")
    if absent := [name for at, name in enumerate(classes) if at not in own.truth]:
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
    chosen = [classes[at] for at in probability[known].argmax(axis=1)]
    return kept.with_columns(
        fold=pl.lit(fold),
        predicted=pl.Series(chosen, dtype=pl.String),
        **{f"{PROBABILITY}{name}": probability[known, at] for at, name in enumerate(classes)},
    )
