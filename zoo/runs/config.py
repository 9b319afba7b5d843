"""What a training run is: every choice, validated, in one file that can be run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import yaml
from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
)

from biocurate.curate.leakage.kinds import Kind
from biocurate.errors import ModelError, UsageError
from biocurate.sensors import SensorType
from zoo.models.registry import ModelConfig, Options, validated
from zoo.runs.drawing import Drawing


class Training(Options):
    """How a network is trained; models that are solved, not trained, ignore it."""

    epochs: PositiveInt = 30
    batch_size: PositiveInt = 64
    lr: PositiveFloat = 1e-3
    weight_decay: NonNegativeFloat = 0.01
    patience: PositiveInt = 6
    """Epochs without a better validation loss before training stops."""
    class_weight: Literal["balanced", "none"] = "balanced"
    workers: NonNegativeInt = 0
    """Processes that read ahead."""
    order: Literal["auto", "items", "blocks"] = "auto"
    """Items are shuffled one by one, or by blocks that are read together; auto: by blocks what memory does not hold."""
    precision: Literal["32-true", "16-mixed", "bf16-mixed"] = "32-true"
    """Of the arithmetic; weights stay in float32."""
    accumulate: PositiveInt = 1
    """Batches to a step of the optimiser."""
    clip_norm: NonNegativeFloat = 0.0
    """Greatest norm of a step's gradient; 0 leaves it."""
    devices: PositiveInt = 1
    """Devices of a machine that train together, each on its part of the batches."""
    nodes: PositiveInt = 1
    """Machines that train together; the same command is started on each."""
    keep_s: PositiveFloat = 600.0
    """Seconds between two states to go on from within an epoch; one is kept after each epoch too."""
    tune: Literal["full", "frozen", "lora"] = "full"
    """What is trained: all, the head alone, or the head and low-rank changes."""
    layer_decay: float = Field(default=1.0, gt=0.0, le=1.0)
    """Learning rate of a block, by that of the one above it."""
    drop_sensors: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Chance that a window loses a sensor type in training, though never its last one."""
    drop_channels: float = Field(default=0.0, ge=0.0, lt=1.0)
    """The same for each channel."""
    tensorboard: bool = False
    """Write the losses for TensorBoard too, beside the CSV file."""


class Primary(Options):
    """The one comparison that is declared before results are seen; whatever else is compared is exploratory."""

    against: str
    """The other run: the name of its folder, or of its model."""
    metric: Literal["balanced_accuracy", "accuracy", "auroc", "mae"] = "balanced_accuracy"
    """Of each person, then the mean over persons."""


class Evaluation(Options):
    """How a result is judged."""

    draws: PositiveInt = 2000
    """Draws of the bootstrap over persons."""
    permutations: NonNegativeInt | None = None
    """Trainings on permuted labels, the control that shows what this pipeline finds where there is nothing; None is 5
    for models that are solved at once and 1 for networks."""
    val_share: float = Field(default=0.2, ge=0.0, lt=1.0)
    """Share of training persons set aside to stop on, where the manifest sets none aside; 0 for models that are solved
    at once."""
    primary: Primary | None = None
    """The comparison that this run is made for."""


class RunConfig(Options):
    """Everything that a run depends on, beside the store."""

    model: str
    manifest: str
    sensors: tuple[str, ...] = ()
    """Sensor types used; for images, empty means all of the set."""
    channels: dict[str, tuple[str, ...]] | None = None
    """Names by sensor type, as far as a recording has them, for models of samples; all of a sensor type left out."""
    images: str | None = None
    """Image set, for models of images."""
    drawing: Drawing = Drawing()
    embeddings: tuple[str, ...] = ()
    """Sets of embeddings, for heads on them."""
    folds: tuple[str, ...] = ()
    """Folds held out in turn; empty means every fold of the manifest."""
    seed: NonNegativeInt = 0
    parent: str | None = None
    """Checkpoint, or folder of a run that has one, that training starts from; its persons may not be judged on."""
    allow_leakage: tuple[Kind, ...] = ()
    """Kinds of leak between splits that are let pass; what was found is recorded."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The model's own options."""
    training: Training = Training()
    evaluation: Evaluation = Evaluation()

    @field_validator("sensors")
    @classmethod
    def _by_their_names(cls, sensors: tuple[str, ...]) -> tuple[str, ...]:
        """Aliases are sensor types too: EDA is GSR."""
        return tuple(str(SensorType.parse(sensor)) for sensor in sensors)

    @field_validator("channels")
    @classmethod
    def _of_their_sensors(
        cls, channels: dict[str, tuple[str, ...]] | None, info: ValidationInfo
    ) -> dict[str, tuple[str, ...]] | None:
        if channels is None:
            return None
        found = {str(SensorType.parse(sensor)): names for sensor, names in channels.items()}
        sensors = info.data.get("sensors", ())
        if foreign := [sensor for sensor in found if sensors and sensor not in sensors]:
            raise ValueError(f"{', '.join(foreign)} is not among the sensors")
        if empty := [sensor for sensor, names in found.items() if not names]:
            raise ValueError(f"no channel of {', '.join(empty)} is named")
        return found

    def but_for_chance(self) -> RunConfig:
        """The choices without those that only say which draw of a result this is, or how many stand beside it.

        Runs that share these differ in their seed, and in the number of trainings on permuted labels, alone.
        """
        evaluation = self.evaluation.model_copy(update={"permutations": None})
        return self.model_copy(update={"seed": 0, "evaluation": evaluation})


def settings(
    config: ModelConfig, pairs: Sequence[str], base: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """Sort `key=value` pairs into the model's options, training, evaluation and drawing.

    Values are read as YAML: ``lr=1e-4``, ``normalisation=subject``.

    Parameters
    ----------
    config : ModelConfig
    pairs : sequence of str
    base : mapping, optional
        ``options``, ``training``, ``evaluation`` and ``drawing`` as mappings, which the pairs change.

    Returns
    -------
    dict with ``options``, ``training``, ``evaluation`` and ``drawing``, validated

    Raises
    ------
    UsageError
        Where a pair is no pair.
    ModelError
        Where no option has the key, or it cannot have the value.
    """
    kinds: dict[str, type[Options]] = {
        "options": config.options,
        "training": Training,
        "evaluation": Evaluation,
        "drawing": Drawing,
    }
    return sort_settings(kinds, pairs, config.name, base)


def sort_settings(
    kinds: Mapping[str, type[Options]],
    pairs: Sequence[str],
    where: str,
    base: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Sort `key=value` pairs into the first of several kinds of options that has the key, and validate each.

    Parameters
    ----------
    kinds : mapping of str to type of Options
    pairs : sequence of str
    where : str
        What the options are of, for errors.
    base : mapping, optional
        By part of ``kinds`` a mapping, which the pairs change.

    Raises
    ------
    UsageError, ModelError
        As of `settings`.
    """
    sorted_in = {part: _mapping(base.get(part), part) for part in kinds}
    for pair in pairs:
        key, value = setting(pair)
        part = next((part for part, kind in kinds.items() if key in kind.model_fields), None)
        if part is None:
            known = ", ".join(name for kind in kinds.values() for name in kind.model_fields)
            raise ModelError(f"there is no option {key!r}.", where=where, mend=f"There are {known}.")
        sorted_in[part][key] = value
    return {part: validated(kind, sorted_in[part], where) for part, kind in kinds.items()}


def setting(pair: str) -> tuple[str, Any]:
    """Key and value of ``key=value``, the value read as YAML; UsageError where it is no pair."""
    key, equals, text = pair.partition("=")
    if not equals:
        raise UsageError(f"{pair!r} sets nothing.", where="--set", mend="Write key=value.")
    return key, _value(text)


def _mapping(part: Any, name: str) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(part, Mapping | None):
        raise UsageError(f"{part!r} holds no choices.", where=name, mend="Write `key: value` lines below it.")
    return dict(part or {})


def _value(text: str) -> Any:  # noqa: ANN401
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return text if value is None else _number(value)


def _number(value: Any) -> Any:  # noqa: ANN401
    """YAML 1.1 reads 1e-4 as text, since it has no point."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
