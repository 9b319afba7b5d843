"""`image-cnn`: a small convolutional network on images of single channels. The yardstick for image models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from zoo.models.registry import ImageSpec, ModelConfig, Options, SensorSpec, register_model

if TYPE_CHECKING:
    from zoo.image_cnn.model import SmallCnn
    from zoo.models.staged import StagedModule


class CnnOptions(Options):
    """Options of `image-cnn`."""

    num_classes: PositiveInt = 2
    size: int = Field(default=112, ge=32, le=1024, multiple_of=8)
    """Side of the images, in pixels. Stored images hold fewer numbers than 112 x 112, and training is six times as
    fast as at 224."""
    width: int = Field(default=24, ge=4, le=128, multiple_of=4)
    """Channels of the first stage; each later one doubles them up to four times."""
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)


class SmallOptions(CnnOptions):
    """Options of `test-image-cnn`."""

    size: int = Field(default=32, ge=32, le=1024, multiple_of=8)
    width: int = Field(default=8, ge=4, le=128, multiple_of=4)


def _config(name: str, description: str, options: type[CnnOptions]) -> ModelConfig:
    return ModelConfig(
        name=name,
        family="baseline",
        task="classification",
        spec=SensorSpec(input="image", image=ImageSpec(channels=1)),
        options=options,
        description=description,
        licence="Apache-2.0",
        stages=_stages,
    )


def _stages(network: SmallCnn) -> StagedModule:
    from zoo.image_cnn.staged import stages

    return stages(network)


@register_model(_config("test-image-cnn", "image-cnn in small, for tests", SmallOptions))
@register_model(
    _config(
        "image-cnn",
        "Small residual network on images of single channels; a window's images are averaged",
        CnnOptions,
    )
)
def image_cnn(options: CnnOptions) -> SmallCnn:
    """Make the network; torch is imported here, so that listing models stays quick."""
    from zoo.image_cnn.model import SmallCnn

    return SmallCnn(options.num_classes, options.width, options.dropout)
