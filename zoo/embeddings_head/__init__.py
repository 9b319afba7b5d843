"""`embeddings-head`: a head on cached embeddings, which fuses representations and sensor types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt, field_validator

from biocurate.sensors import SensorType
from zoo.models.registry import ModelConfig, Options, SensorSpec, register_model

if TYPE_CHECKING:
    from torch import Generator

    from zoo.embeddings_head.model import EmbeddingsHead

Fusion = Literal["mean", "concat", "gate"]


class HeadOptions(Options):
    """Options of `embeddings-head`."""

    num_classes: PositiveInt = 2
    within: Fusion = "concat"
    """How the representations of a sensor type are fused."""
    across: Fusion = "concat"
    """How sensor types are fused."""
    absent: tuple[str, ...] = ()
    """Sensor types that windows lack when they are predicted, whatever was trained on."""
    representations: tuple[str, ...] = ()
    """Kinds of images whose vectors are used, such as scalogram; all of the set where left out."""
    width: PositiveInt = 192
    """Numbers of a vector; of the set where one is trained."""
    slots: tuple[tuple[str, str], ...] = Field(default=(("A", "x"), ("A", "y"), ("B", "x")), min_length=1)
    """Sensor type and representation of each vector; of the set where one is trained."""

    @field_validator("absent")
    @classmethod
    def _by_their_names(cls, absent: tuple[str, ...]) -> tuple[str, ...]:
        """Aliases are sensor types too: EDA is GSR."""
        return tuple(str(SensorType.parse(sensor)) for sensor in absent)


class SmallOptions(HeadOptions):
    """Options of `test-embeddings-head`."""

    width: PositiveInt = 16


def _config(name: str, description: str, options: type[HeadOptions]) -> ModelConfig:
    return ModelConfig(
        name=name,
        family="embeddings-head",
        task="classification",
        spec=SensorSpec(input="embedding"),
        options=options,
        description=description,
        licence="Apache-2.0",
        example=_example,
    )


def _example(options: Any, items: int, generator: Generator) -> dict[str, Any]:  # noqa: ANN401
    import torch

    return {"vectors": torch.randn(items, len(options.slots), options.width, generator=generator)}


@register_model(_config("test-embeddings-head", "embeddings-head in small, for tests", SmallOptions))
@register_model(
    _config(
        "embeddings-head",
        "ELU and a linear layer on cached embeddings, fused over representations and over sensor types",
        HeadOptions,
    )
)
def embeddings_head(options: HeadOptions) -> EmbeddingsHead:
    """Make the network; torch is imported here, so that listing models stays quick."""
    from zoo.embeddings_head.model import EmbeddingsHead

    return EmbeddingsHead(options.num_classes, options.slots, options.width, options.within, options.across)
