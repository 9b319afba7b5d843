"""Learners, one for each kind of model: the one that a run's model needs is chosen here."""

from __future__ import annotations

from collections.abc import Container
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from biocurate.engine import Progress, Silent
from biocurate.errors import ModelError, UsageError
from biocurate.store.signal_reader import view_of
from zoo.learners.contract import Advance, Codes, Fitted, Learner
from zoo.models.found import found_in
from zoo.models.registry import ModelConfig, model_config
from zoo.runs.config import RunConfig
from zoo.runs.drawing import Drawing

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.task import Task

__all__ = ["Advance", "Codes", "Fitted", "Learner", "prepare"]

BRIDGES = ("biox-bridge", "biox-bridges")
"""What runs of `zoo bridge` and `zoo join` call their models: networks of the registry and what joins them."""


def prepare(store: Store, task: Task, config: RunConfig, bar: Progress = Silent()) -> Learner:
    """Read what the model takes for every window of the task.

    Raises
    ------
    ModelError
        Where model, sensors and images do not fit each other.
    """
    from biocurate.sensors import SensorType

    sensors = [SensorType.parse(sensor) for sensor in config.sensors]
    if config.model in BRIDGES:
        from zoo.learners.on_bridges import BridgeLearner

        return BridgeLearner(store, task, config, sensors)
    known = model_config(config.model)
    _check_kind(task, known)
    known.spec.check(config.model, sensors, task.window_s)
    if known.spec.streams or known.spec.view:
        asked = sensors or [each.sensor for each in known.spec.streams]
        known.spec.check_streams(config.model, found_in(store, task.rows, asked), view_of(task.rows))
    _check_tuning(config, known)
    if config.channels and known.spec.input != "window":
        mend = "Leave out --channels: they are chosen of a model of samples, or when vectors or images are made."
        raise ModelError("its channels cannot be chosen here.", where=config.model, mend=mend)
    if known.spec.input == "image":
        _require("torch", "lightning", "safetensors", "matplotlib")
        if config.training.tensorboard:
            _require("tensorboard")
        from zoo.learners.on_images import ImageLearner

        return ImageLearner(store, task, config, sensors)
    if config.images is not None or config.drawing != Drawing():
        mend = "Leave out --images and what is drawn."
        raise ModelError("it takes no images.", where=config.model, mend=mend)
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
        _require("torch", "lightning", "safetensors", "matplotlib")
        from zoo.learners.on_windows import WindowLearner

        chosen = sensors or _taken(task, known.spec.sensors)
        if not chosen:
            raise ModelError("it is not said what it is to take.", where=config.model, mend="Name it: --sensors EEG.")
        return WindowLearner(store, task, config, chosen)
    if config.parent is not None:
        raise ModelError("it is solved, and starts from no weights.", where=config.model, mend="Leave out --from.")
    _require("sklearn", "safetensors", "matplotlib")
    from zoo.learners.on_features import FeatureLearner

    return FeatureLearner(store, task, config, sensors or _all_sensors(task), bar)


def _check_kind(task: Task, known: ModelConfig) -> None:
    """Refuse a model of classes for numbers, and one of numbers for classes; a network's head gives either."""
    headed = known.spec.input != "features" and "num_classes" in known.options.model_fields
    if known.task == task.kind or (task.kind == "regression" and headed):
        return
    if task.kind == "regression":
        what, mend = "it tells classes, and the label is a number.", "Take features-ridge, or a network."
    else:
        what, mend = "it tells a number, and labels are names.", "Give the manifest's `label` kind: number."
    raise ModelError(what, where=known.name, mend=mend)


def _require(*modules: str) -> None:
    """Refuse, before anything is read, what would fail for want of a package after it."""
    if missing := [name for name in modules if find_spec(name) is None]:
        mend = "pip install tensorboard" if missing == ["tensorboard"] else "pip install 'biocurate[zoo]'"
        raise UsageError(f"training needs {', '.join(missing)}, which is not installed.", mend=mend)


def _all_sensors(task: Task) -> list[Any]:
    """Every sensor type of the windows that has features."""
    from zoo.features import EXTRACTORS

    return _taken(task, EXTRACTORS)


def _taken(task: Task, known: Container[Any]) -> list[Any]:
    """Sensor types of the windows that are among some."""
    from biocurate.sensors import SensorType

    there = task.rows["sensor_types"].explode().unique().drop_nulls().sort()
    return [SensorType(name) for name in there if SensorType(name) in known]


def _check_tuning(config: RunConfig, known: ModelConfig) -> None:
    """Refuse choices of a training that the model would leave unheard."""
    options = config.training
    partly = {"tune": options.tune != "full", "layer_decay": options.layer_decay != 1}
    thinned = {"drop_sensors": options.drop_sensors > 0, "drop_channels": options.drop_channels > 0}
    asked = [name for name, chosen in partly.items() if chosen and known.tuning is None]
    asked += [name for name, chosen in thinned.items() if chosen and known.spec.input != "window"]
    if asked:
        mend = "Leave them out, or take a model of windows: biocurate zoo list"
        raise ModelError(f"{', '.join(asked)} cannot be chosen for it.", where=config.model, mend=mend)
    if options.tune == "lora" and options.devices * options.nodes > 1:
        raise ModelError("low-rank tuning runs on one device.", where=config.model, mend="Leave out devices and nodes.")
