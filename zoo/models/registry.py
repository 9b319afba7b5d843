"""Models by name: what each takes, what it is, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from biocurate.errors import ModelError
from zoo.models.spec import ImageSpec, SensorSpec, StreamSpec
from zoo.models.tuning import Tuning

__all__ = [
    "ImageSpec",
    "ModelConfig",
    "Options",
    "Result",
    "SensorSpec",
    "StreamSpec",
    "Tuning",
    "Weights",
    "create_model",
    "list_models",
    "model_config",
    "register_model",
    "validated",
]

BUILT_IN = (
    "zoo.features_logreg",
    "zoo.features_ridge",
    "zoo.image_cnn",
    "zoo.tiny_biomoe",
    "zoo.embeddings_head",
    "zoo.panluna",
)
"""Modules that register models when imported; those of other packages join through the group `biocurate.models`."""

Made = TypeVar("Made")


class Options(BaseModel):
    """Base of every set of options: unknown keys are errors, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Weights:
    """A set of published weights of a model."""

    name: str
    source: str
    """Where it is published."""
    sha256: str | None
    """Of the published file; None where it was never at hand, so that `import` compares nothing."""
    licence: str
    trained_on: str
    """In words, with hours and persons where they are known."""


@dataclass(frozen=True)
class Result:
    """A figure of a model: the paper's, or one that a command of this repository prints."""

    task: str
    metric: str
    value: float
    source: str
    """The paper's table, or the command."""


@dataclass(frozen=True)
class ModelConfig:
    """Everything that is known of a model before it is made."""

    name: str
    family: str
    task: Literal["classification", "regression"]
    spec: SensorSpec
    options: type[Options]
    description: str
    licence: str
    paper: str | None = None
    parameters: int | None = None
    """Of the network with default options, as its paper or tables count them; the contract test counts again."""
    example: Callable[[Any, int, Any], dict[str, Any]] | None = None
    """From options, a number of items and a torch generator to a batch by the names of `forward`'s arguments; images
    need none."""
    stages: Callable[[Any], Any] | None = None
    """From a network to its blocks, as `zoo.models.staged.Staged`: what bridges and probes need."""
    tuning: Tuning | None = None
    """Its parts, where it can be tuned in part or layer by layer."""
    only_pretrained: tuple[str, ...] = ()
    """Parameters that pre-training alone trains, such as what stands for hidden patches."""
    weights: tuple[Weights, ...] = ()
    results: tuple[Result, ...] = ()
    particular: tuple[str, ...] = ()
    """What it asks of its windows beyond `spec`, and how it differs from what was published; a sentence each."""


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
        known = ", ".join(_with_default(key, field) for key, field in kind.model_fields.items())
        raise ModelError(f"{faults}.", where=where, mend=f"Options and defaults: {known or 'none'}.") from error


def _with_default(key: str, field: FieldInfo) -> str:
    if field.is_required():
        return f"{key} (needed)"
    return f"{key}={field.get_default(call_default_factory=True, validated_data={})!r}"


def _load() -> None:
    for module in BUILT_IN:
        import_module(module)
    for point in entry_points(group="biocurate.models"):
        point.load()
