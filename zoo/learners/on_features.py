"""Learning from one table of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zoo.data.scaling import Scalings, as_plain, fit_scalings, from_plain, scaled_in_training
from zoo.features.table import FeatureTable, extract
from zoo.features_logreg import FeaturesLogreg, per_subject
from zoo.features_ridge import FeaturesRidge
from zoo.learners.contract import Advance, Codes
from zoo.models.registry import create_model
from zoo.training.folds import Fold

if TYPE_CHECKING:
    from biocurate.engine import Progress
    from biocurate.sensors import SensorType
    from biocurate.store.store import Store
    from zoo.data.noise import Disturb
    from zoo.data.task import Task
    from zoo.runs.config import RunConfig

Line = FeaturesLogreg | FeaturesRidge
"""A straight line through features: to classes, or to a number."""


@dataclass(frozen=True)
class FittedFeatures:
    """A fitted model and the table that it predicts rows of."""

    model: Line
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: NDArray[np.float64]
    scalings: Scalings
    """Of sensor types that are normalised over what one trains on."""

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes), or a number and the training windows' mean, shape (rows, 2)."""
        return self.model.predict(self.values[rows])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Medians, means, scales, weights and biases."""
        return self.model.tensors()

    def about(self) -> dict[str, Any]:
        """Names and units of the features, in the order of the weights, and what samples were scaled by."""
        about: dict[str, Any] = {"features": list(self.names), "units": list(self.units)}
        return about | ({"scalings": as_plain(self.scalings)} if self.scalings else {})


class FeatureLearner:
    """The features of every window of a task, measured once for all folds.

    Features are measured window by window, so that measuring held-out windows with the others leaks nothing; every
    statistic over windows is learnt in `fit`. Where a view is normalised over what one trains on, the samples
    themselves depend on the fold, and features are measured anew in each.
    """

    def __init__(
        self, store: Store, task: Task, config: RunConfig, sensors: Sequence[SensorType], bar: Progress
    ) -> None:
        self.task = task
        self.model: Line = create_model(config.model, **config.options)
        self.store, self.sensors, self.bar = store, sensors, bar
        self.notes = [_scope(self.model)]
        self._scaled_in_training = scaled_in_training(store, task.rows, sensors)
        self._measured: tuple[Scalings, FeatureTable] | None = None
        self._disturb: Disturb | None = None
        if not self._scaled_in_training:
            self._table({})

    def fit(self, fold: Fold, codes: NDArray[Any], seed: int, log: Path, advance: Advance) -> FittedFeatures:
        """Fit on the training rows; there is nothing to stop early, so that validation rows are not used."""
        scalings = self._scalings(fold)
        table = self._table(scalings)
        values = self._scaled(table.values)
        person = self.task.person[fold.train]
        if isinstance(self.model, FeaturesRidge):
            model: Line = self.model.fit(values[fold.train], codes[fold.train], person)
        else:
            model = self.model.fit(values[fold.train], codes[fold.train], len(self.task.classes), person)
        self.notes += [note for note in _unlearnt(self.task, fold) if note not in self.notes]
        _write_log(log, fold, codes, model, values)
        advance(1.0)
        return FittedFeatures(model, table.names, table.units, values, scalings)

    def load(self, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> FittedFeatures:
        """Line this table's columns up with those that the model was trained on."""
        if isinstance(self.model, FeaturesRidge):
            model: Line = FeaturesRidge(self.model.options, **tensors)
        else:
            model = FeaturesLogreg(self.model.options, **tensors, multi_label=self.task.multi_label)
        scalings = from_plain(about.get("scalings", {}))
        values = self._scaled(self._table(scalings).aligned(about["features"]))
        return FittedFeatures(model, tuple(about["features"]), tuple(about["units"]), values, scalings)

    def disturb(self, by: Disturb | None) -> None:
        """Let samples go through something ahead of being measured: models that are loaded then see that."""
        self._disturb, self._measured = by, None

    def _scalings(self, fold: Fold) -> Scalings:
        if not self._scaled_in_training:
            return {}
        return fit_scalings(self.store, self.task.rows[fold.train], self._scaled_in_training)

    def _table(self, scalings: Scalings) -> FeatureTable:
        """Every window's features; the last table is kept, since a fold's controls are fitted on it too."""
        if self._measured is None or self._measured[0] != scalings:
            first = self._measured is None and self._disturb is None
            found = extract(self.store, self.task.rows, self.sensors, self.bar, scalings, self._disturb)
            self._measured = scalings, found
            if first:
                self.notes = [*_gaps(self._measured[1]), *self.notes]
        return self._measured[1]

    def _scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.model.options.normalisation == "subject":
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


def _unlearnt(task: Task, fold: Fold) -> list[str]:
    """Labels that a fold's training windows all have, or none of them."""
    if not task.multi_label:
        return []
    codes = task.codes[fold.train]
    names = [name for name, column in zip(task.classes, codes.T, strict=True) if column.min() == column.max()]
    return [f"{fold.name}: training windows do not differ in {', '.join(names)}, not learnt."] if names else []


def _scope(model: Line) -> str:
    if model.options.normalisation == "subject":
        return "Features are scaled per subject over all of the subject's windows, held-out ones too: transductive."
    return "Features are scaled by the training windows."


def _losses(model: Line, values: NDArray[np.float64], codes: NDArray[Any]) -> NDArray[np.float64]:
    """Log loss of each window, or of each of its labels; of numbers the squared error."""
    said = model.predict(values)
    if isinstance(model, FeaturesRidge):
        return np.asarray((said[:, 0] - codes) ** 2)
    given = np.where(codes == 1, said, 1 - said) if codes.ndim == 2 else said[np.arange(len(codes)), codes]
    return np.asarray(-np.log(np.maximum(given, 1e-12)))


def _write_log(log: Path, fold: Fold, codes: NDArray[Any], model: Line, values: NDArray[np.float64]) -> None:
    """One row: the loss on training rows, and on validation rows where there are some."""
    log.mkdir(parents=True, exist_ok=True)

    def loss(rows: Codes) -> float | None:
        if not len(rows):
            return None
        return float(_losses(model, values[rows], codes[rows]).mean())

    strength = None if model.strength is None else float(np.nanmean(model.strength))
    name = "penalty" if isinstance(model, FeaturesRidge) else "C"
    row = {"epoch": 0, "train_loss": loss(fold.train), "val_loss": loss(fold.val), name: strength}
    kinds = {"epoch": pl.Int64, "train_loss": pl.Float64, "val_loss": pl.Float64, name: pl.Float64}
    pl.DataFrame([row], schema=kinds).write_csv(log / "metrics.csv")
