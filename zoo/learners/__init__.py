"""Learners, one for each kind of model: the one that a run's model needs is chosen here."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from biocurate.engine import Progress, Silent
from biocurate.errors import ModelError, UsageError
from biocurate.store.signal_reader import view_of
from zoo.learners.contract import Advance, Codes, Fitted, Learner
from zoo.models.found import found_in
from zoo.models.registry import model_config
from zoo.runs.config import RunConfig

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.task import Task

__all__ = ["Advance", "Codes", "Fitted", "Learner", "prepare"]


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
    if known.spec.streams or known.spec.view:
        asked = sensors or [each.sensor for each in known.spec.streams]
        known.spec.check_streams(config.model, found_in(store, task.rows, asked), view_of(task.rows))
    if known.spec.input == "image":
        _require("torch", "lightning", "safetensors", "matplotlib")
        if config.training.tensorboard:
            _require("tensorboard")
        from zoo.learners.on_images import ImageLearner

        if config.images is None:
            raise ModelError("it takes images.", where=config.model, mend="Name their set: --images SET.")
        return ImageLearner(store, task, config, sensors)
    if known.spec.input == "embedding":
        _require("torch", "lightning", "safetensors", "matplotlib")
        from zoo.learners.on_embeddings import EmbeddingLearner

        if not config.embeddings:
            mend = "Name their set: --embeddings NAME, of biocurate zoo embed."
            raise ModelError("it takes embeddings.", where=config.model, mend=mend)
        return EmbeddingLearner(store, task, config)
    if config.embeddings:
        raise ModelError("it takes no embeddings.", where=config.model, mend="Leave out --embeddings.")
    if known.spec.input == "window":
        mend = f"Train it from Python: zoo.create_model({config.model!r}) and zoo.WindowDataset."
        raise ModelError("it learns from samples, which this command cannot feed.", where=config.model, mend=mend)
    if config.images is not None:
        raise ModelError("it takes no images.", where=config.model, mend="Leave out --images.")
    if config.parent is not None:
        raise ModelError("it is solved, and starts from no weights.", where=config.model, mend="Leave out --from.")
    _require("sklearn", "safetensors", "matplotlib")
    from zoo.learners.on_features import FeatureLearner

    return FeatureLearner(store, task, config, sensors or _all_sensors(task), bar)


def _require(*modules: str) -> None:
    """Refuse, before anything is read, what would fail for want of a package after it."""
    if missing := [name for name in modules if find_spec(name) is None]:
        mend = "pip install tensorboard" if missing == ["tensorboard"] else "pip install 'biocurate[zoo]'"
        raise UsageError(f"training needs {', '.join(missing)}, which is not installed.", mend=mend)


def _all_sensors(task: Task) -> list[Any]:
    """Every sensor type of the windows that has features."""
    from biocurate.sensors import SensorType
    from zoo.features import EXTRACTORS

    there = task.rows["sensor_types"].explode().unique().drop_nulls().sort()
    return [SensorType(name) for name in there if SensorType(name) in EXTRACTORS]
