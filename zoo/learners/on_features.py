"""Learning from one table of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zoo.features.table import FeatureTable, extract
from zoo.features_logreg import FeaturesLogreg, LogregOptions, per_subject
from zoo.folds import Fold
from zoo.learners.contract import Advance, Codes
from zoo.registry import create_model

if TYPE_CHECKING:
    from biocurate.engine import Progress
    from biocurate.sensors import SensorType
    from biocurate.store.store import Store
    from zoo.config import RunConfig
    from zoo.task import Task


@dataclass(frozen=True)
class FittedFeatures:
    """A fitted model and the table that it predicts rows of."""

    model: FeaturesLogreg
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: NDArray[np.float64]

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes)."""
        return self.model.predict(self.values[rows])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Medians, means, scales, weights and biases."""
        return self.model.tensors()

    def about(self) -> dict[str, Any]:
        """Names and units of the features, in the order of the weights."""
        return {"features": list(self.names), "units": list(self.units)}


class FeatureLearner:
    """The features of every window of a task, measured once for all folds.

    Features are measured window by window, so that measuring held-out windows with the others leaks nothing; every
    statistic over windows is learnt in `fit`.
    """

    def __init__(
        self, store: Store, task: Task, config: RunConfig, sensors: Sequence[SensorType], bar: Progress
    ) -> None:
        self.task = task
        self.options = dict(config.options)
        self.table = extract(store, task.rows, sensors, bar)
        self.notes = [*_gaps(self.table), _scope(self.options)]

    def fit(self, fold: Fold, codes: Codes, seed: int, log: Path, advance: Advance) -> FittedFeatures:
        """Fit on the training rows; there is nothing to stop early, so that validation rows are not used."""
        values = self._scaled(self.table.values)
        model: FeaturesLogreg = create_model("features-logreg", **self.options)
        person = self.task.person[fold.train]
        model = model.fit(values[fold.train], codes[fold.train], len(self.task.classes), person)
        _write_log(log, fold, codes, model, values)
        advance(1.0)
        return FittedFeatures(model, self.table.names, self.table.units, values)

    def load(self, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> FittedFeatures:
        """Line this table's columns up with those that the model was trained on."""
        model = FeaturesLogreg(LogregOptions(**self.options), **tensors)
        values = self._scaled(self.table.aligned(about["features"]))
        return FittedFeatures(model, tuple(about["features"]), tuple(about["units"]), values)

    def _scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if LogregOptions(**self.options).normalisation == "subject":
            return per_subject(values, self.task.person)
        return values


def _gaps(table: FeatureTable) -> list[str]:
    """Say what is unknown, and what stands in for it."""
    unknown = ~np.isfinite(table.values)
    notes = [f"{count} windows have no {sensor}." for sensor, count in table.missing.items() if count]
    notes += [
        f"{count} windows have several {sensor} streams; the first is used."
        for sensor, count in table.several.items()
        if count
    ]
    sensor = np.array([name.split(".")[0] for name in table.names])
    blind = {each: unknown[:, sensor == each] for each in table.missing if unknown[:, sensor == each].any()}
    if blind:
        shares = ", ".join(f"{values.mean():.1%} of {each}" for each, values in blind.items())
        notes.append(f"Features that cannot be told ({shares}) are replaced by the training median.")
    return notes


def _scope(options: Mapping[str, Any]) -> str:
    if LogregOptions(**options).normalisation == "subject":
        return "Features are scaled per subject over all of the subject's windows, held-out ones too: transductive."
    return "Features are scaled by the training windows."


def _write_log(log: Path, fold: Fold, codes: Codes, model: FeaturesLogreg, values: NDArray[np.float64]) -> None:
    """One row: the log loss on training rows, and on validation rows where there are some."""
    log.mkdir(parents=True, exist_ok=True)

    def loss(rows: Codes) -> float | None:
        if not len(rows):
            return None
        chosen = model.predict(values[rows])[np.arange(len(rows)), codes[rows]]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    row = {"epoch": 0, "train_loss": loss(fold.train), "val_loss": loss(fold.val), "C": float(model.strength or 0)}
    kinds = {"epoch": pl.Int64, "train_loss": pl.Float64, "val_loss": pl.Float64, "C": pl.Float64}
    pl.DataFrame([row], schema=kinds).write_csv(log / "metrics.csv")
