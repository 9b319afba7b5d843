"""Learners: a manifest's data in the form that a kind of model takes, and how such a model is fitted to rows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biocurate.engine import Progress, Silent
from biocurate.errors import ModelError, UsageError
from zoo.config import RunConfig
from zoo.folds import Fold
from zoo.registry import model_config

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.task import Task

Codes = NDArray[np.intp]
Advance = Callable[[float], None]


class Fitted(Protocol):
    """A model that has been fitted."""

    def predict(self, rows: Codes) -> NDArray[np.float64]:
        """Probabilities of rows of the learner's manifest, shape (rows, classes); NaN where it has no input."""
        ...

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Its weights, by name."""
        ...

    def about(self) -> dict[str, Any]:
        """What must be known to use the weights again."""
        ...


class Learner(Protocol):
    """Data of one manifest, prepared for one kind of model."""

    notes: list[str]
    """What a reader of the result must know about the data."""

    def fit(self, fold: Fold, codes: Codes, seed: int, log: Path, advance: Advance) -> Fitted:
        """Fit a new model.

        Parameters
        ----------
        fold : Fold
            Rows to train and to stop on.
        codes : array of int, shape (rows of the manifest,)
            Class of each row: the true ones, or permuted ones.
        seed : int
        log : Path
            Folder for the loss curve.
        advance : callable
            Is told what share of the work is done; the shares add up to 1.
        """
        ...

    def load(self, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> Fitted:
        """A model fitted before, ready for this manifest's rows."""
        ...


def prepare(store: Store, task: Task, config: RunConfig, bar: Progress = Silent()) -> Learner:
    """Read what the model takes for every window of the task.

    Raises
    ------
    ModelError
        Where model, sensors and images do not fit each other.
    """
    from biocurate.sensors import SensorType

    known = model_config(config.model)
    sensors = [SensorType.parse(sensor) for sensor in config.sensors]
    known.spec.check(config.model, sensors, task.window_s)
    if known.spec.input == "image":
        _require("torch", "lightning", "safetensors", "matplotlib")
        from zoo.learners.on_images import ImageLearner

        if config.images is None:
            raise ModelError("it takes images.", where=config.model, mend="Name their set: --images SET.")
        return ImageLearner(store, task, config, sensors)
    if config.images is not None:
        raise ModelError("it takes no images.", where=config.model, mend="Leave out --images.")
    _require("sklearn", "safetensors", "matplotlib")
    from zoo.learners.on_features import FeatureLearner

    return FeatureLearner(store, task, config, sensors or _all_sensors(task), bar)


def _require(*modules: str) -> None:
    """Refuse, before anything is read, what would fail for want of a package after it."""
    if missing := [name for name in modules if find_spec(name) is None]:
        mend = "pip install 'biocurate[zoo]'"
        raise UsageError(f"training needs {', '.join(missing)}, which is not installed.", mend=mend)


def _all_sensors(task: Task) -> list[Any]:
    """Every sensor type of the windows that has features."""
    from biocurate.sensors import SensorType
    from zoo.features import EXTRACTORS

    there = task.rows["sensor_types"].explode().unique().drop_nulls().sort()
    return [SensorType(name) for name in there if SensorType(name) in EXTRACTORS]
