"""`tiny-biomoe`: embeddings of biosignal images by two small experts and a gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, NonNegativeInt

from zoo.models.registry import ImageSpec, ModelConfig, Options, SensorSpec, Weights, register_model

if TYPE_CHECKING:
    from zoo.tiny_biomoe.model import TinyBioMoe
    from zoo.tiny_biomoe.staged import Experts

PAPER = "https://arxiv.org/abs/2507.21875"

PUBLISHED = Weights(
    name="Tiny-BioMoE.pth v1.0",
    source="https://github.com/GkikasStefanos/Tiny-BioMoE",
    sha256=None,
    licence="MIT",
    trained_on="4.4 million images of ECG, EMG and EEG, several corpora at once (abstract and README); corpora, "
    "persons and hours are not told",
)
"""The authors' weights; the file was not at hand here."""


class TinyBioMoeOptions(Options):
    """Options of `tiny-biomoe`."""

    num_classes: NonNegativeInt = 0
    """0 gives embeddings of 192 numbers."""
    size: int = Field(default=224, ge=32, le=1024, multiple_of=32)
    """Side of the images, in pixels; published weights are for 224."""
    colour: str = "viridis"
    """Colour map of stored images, which have one channel."""
    tuned: Literal["full", "head"] = "full"
    """What training changes; with `head` the network stays as it is, norms over batches among it."""


class SmallOptions(TinyBioMoeOptions):
    """Options of `test-tiny-biomoe`."""

    size: int = Field(default=64, ge=32, le=1024, multiple_of=32)


def _config(
    name: str,
    description: str,
    options: type[TinyBioMoeOptions],
    parameters: int | None = None,
    weights: tuple[Weights, ...] = (),
) -> ModelConfig:
    return ModelConfig(
        name=name,
        family="tiny-biomoe",
        task="classification",
        spec=SensorSpec(input="image", image=ImageSpec(channels=3)),
        options=options,
        description=description,
        licence="Apache-2.0",
        paper=PAPER,
        parameters=parameters,
        weights=weights,
        stages=_stages,
    )


def _stages(network: TinyBioMoe) -> Experts:
    from zoo.tiny_biomoe.staged import Experts

    return Experts(network)


@register_model(
    _config(
        "tiny-biomoe",
        "Two experts, spectral and cascaded, and a gate: 192 numbers an image",
        TinyBioMoeOptions,
        parameters=7_337_278,
        weights=(PUBLISHED,),
    )
)
def tiny_biomoe(options: TinyBioMoeOptions) -> TinyBioMoe:
    """Make the network; torch is imported here, so that listing models stays quick."""
    from zoo.tiny_biomoe.model import Architecture, TinyBioMoe

    sizes = Architecture(image_size=options.size)
    return TinyBioMoe(options.num_classes, sizes, options.colour, frozen=options.tuned == "head")


@register_model(_config("test-tiny-biomoe", "tiny-biomoe in small, for tests", SmallOptions))
def small(options: SmallOptions) -> TinyBioMoe:
    """Make the network with a twentieth of the parameters."""
    from zoo.tiny_biomoe.model import Architecture, TinyBioMoe

    sizes = Architecture(
        image_size=options.size,
        stem=8,
        spectral_widths=(8, 16, 32, 16),
        spectral_heads=(1, 2, 4, 4),
        spectral_ratios=(4, 4, 2, 2),
        cascaded_widths=(24, 32, 16),
        cascaded_heads=(3, 2, 2),
    )
    return TinyBioMoe(options.num_classes, sizes, options.colour, frozen=options.tuned == "head")
