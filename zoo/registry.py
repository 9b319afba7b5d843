"""Models by name: what each takes, what it is, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from biocurate.errors import ModelError
from biocurate.sensors import SensorType

BUILT_IN = ("zoo.features_logreg", "zoo.image_cnn")
"""Modules that register models when imported; those of other packages join through the group `biocurate.models`."""

Made = TypeVar("Made")


class Options(BaseModel):
    """Base of every set of options: unknown keys are errors, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class SensorSpec:
    """What a model takes; it is checked before any sample is read."""

    input: Literal["features", "window", "image"]
    """What one input is: features of a window, its samples, or an image of one of its channels."""
    sensors: tuple[SensorType, ...] = ()
    """Sensor types that it can take; empty means any."""
    window_s: tuple[float, float] | None = None
    """Shortest and longest window, in seconds."""
    image: str = ""
    """For images: channels, size and type, in words."""

    def check(self, model: str, sensors: Iterable[SensorType], window_s: float) -> None:
        """Refuse data that the model is not made for.

        Raises
        ------
        ModelError
            A sensor type or window length that the model cannot take, with what to change.
        """
        foreign = [str(sensor) for sensor in sensors if self.sensors and sensor not in self.sensors]
        if foreign:
            takes = ", ".join(map(str, self.sensors))
            raise ModelError(f"it does not take {', '.join(foreign)}.", where=model, mend=f"--sensors can be {takes}.")
        if self.window_s and not self.window_s[0] <= window_s <= self.window_s[1]:
            low, high = self.window_s
            mend = f"Build windows of {low:g} to {high:g} s: biocurate windows build NAME --length …"
            raise ModelError(f"windows of {window_s:g} s do not suit it.", where=model, mend=mend)


@dataclass(frozen=True)
class ModelConfig:
    """Everything that is known of a model before it is made."""

    name: str
    family: str
    task: Literal["classification"]
    spec: SensorSpec
    options: type[Options]
    description: str
    licence: str
    paper: str | None = None


_CONFIGS: dict[str, ModelConfig] = {}
_FACTORIES: dict[str, Callable[[Any], object]] = {}


def register_model(config: ModelConfig) -> Callable[[Callable[[Any], Made]], Callable[[Any], Made]]:
    """Register a function or class that makes the model from its validated options.

    >>> @register_model(ModelConfig(name="mean", ..., options=MeanOptions))
    ... def mean(options: MeanOptions) -> Mean: ...
    """
    if config.name in _CONFIGS:
        raise ModelError("another model has this name already.", where=config.name, mend="Choose another name.")

    def join(factory: Callable[[Any], Made]) -> Callable[[Any], Made]:
        _CONFIGS[config.name] = config
        _FACTORIES[config.name] = factory
        return factory

    return join


def list_models(family: str | None = None) -> list[str]:
    """Names of the registered models, of one family or all."""
    _load()
    return sorted(name for name, config in _CONFIGS.items() if family in (None, config.family))


def model_config(name: str) -> ModelConfig:
    """One model's configuration; ModelError where there is none of that name."""
    _load()
    if name not in _CONFIGS:
        raise ModelError(
            "there is no model of this name.", where=name, mend=f"There are {', '.join(sorted(_CONFIGS))}."
        )
    return _CONFIGS[name]


def create_model(name: str, **options: Any) -> Any:  # noqa: ANN401
    """Make a model.

    Parameters
    ----------
    name : str
        A name of `list_models`.
    **options
        Fields of the model's `options`.

    Raises
    ------
    ModelError
        An unknown model, an unknown option, or a value that an option cannot have.
    """
    config = model_config(name)
    return _FACTORIES[name](validated(config.options, options, name))


def validated(kind: type[Options], values: dict[str, Any], where: str) -> Any:  # noqa: ANN401
    """Options from plain values; ModelError with every fault in one paragraph."""
    try:
        return kind(**values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        known = ", ".join(f"{key}={field.default!r}" for key, field in kind.model_fields.items())
        raise ModelError(f"{faults}.", where=where, mend=f"Options and defaults: {known or 'none'}.") from error


def _load() -> None:
    for module in BUILT_IN:
        import_module(module)
    for point in entry_points(group="biocurate.models"):
        point.load()
