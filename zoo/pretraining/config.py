"""Every choice of a pre-training on tasks, and what pre-trainings have in common."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from biocurate.curate.leakage.kinds import Kind
from zoo.models.registry import Options


class TaskConfig(Options):
    """One task: windows with labels, and their images."""

    manifest: str
    images: str | None = None
    """Set of stored images; or `draw`."""
    draw: tuple[str, ...] = ()
    """Representations that are drawn on the fly."""
    sensors: tuple[str, ...] = ()
    """Sensor types; all of the set where left out, and needed to draw."""
    name: str = ""
    """The manifest's where left out."""

    @model_validator(mode="after")
    def _one_source(self) -> TaskConfig:
        if (self.images is None) == (not self.draw):
            raise ValueError("name a set of `images`, or what to `draw`")
        if self.draw and not self.sensors:
            raise ValueError("name the `sensors` that are drawn")
        return self

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or self.manifest


class Pretraining(Options):
    """How a network is pre-trained. Defaults follow the notes on the model, since the paper's are not known."""

    steps: PositiveInt = 2000
    batch_size: PositiveInt = 32
    """Images of a step, of all tasks."""
    lr: PositiveFloat = 1e-4
    weight_decay: NonNegativeFloat = 0.05
    """Not of norms, biases and task weights."""
    warm_up: float = Field(default=0.05, ge=0.0, lt=1.0)
    """Share of the steps in which the rate rises; then it falls by a cosine to a hundredth."""
    clip_norm: NonNegativeFloat = 1.0
    power: float = Field(default=0.5, ge=0.0, le=1.0)
    """A task is drawn by its number of images to this power: 1 by size, 0 all alike."""
    val_share: float = Field(default=0.2, gt=0.0, lt=1.0)
    """Share of the persons of each task who are held out."""
    val_images: PositiveInt = 2000
    """Held-out images of a task that a loss is taken over, at most; evenly spaced."""
    evaluate: PositiveInt = 500
    """Steps between two looks at the held-out loss."""
    keep: PositiveInt = 100
    """Steps between two states that a killed run goes on from."""
    keep_best: bool = False
    """Keep the weights of the lowest held-out loss, too; the last ones stay what a run's folder stands for."""
    precision: Literal["float32", "bfloat16"] = "float32"
    device: str = "cpu"


class PretrainConfig(Options):
    """Everything that a pre-training depends on, beside the store."""

    model: str
    tasks: tuple[TaskConfig, ...] = Field(min_length=1)
    seed: NonNegativeInt = 0
    allow_leakage: tuple[Kind, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict)
    """The model's own."""
    pretraining: Pretraining = Pretraining()

    @model_validator(mode="after")
    def _apart(self) -> PretrainConfig:
        names = [task.called for task in self.tasks]
        if len(set(names)) < len(names):
            raise ValueError("give tasks of one manifest a `name` each")
        return self

    @property
    def manifests(self) -> list[str]:
        """What its windows are of."""
        return [task.manifest for task in self.tasks]
