"""`panluna`: EEG, ECG, PPG and more in one encoder, whatever of them is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field, NonNegativeInt

from biocurate.errors import ModelError
from zoo.models.registry import ModelConfig, Options, SensorSpec, Tuning, register_model
from zoo.panluna.architecture import LUNA_BASE, REFERENCE, Architecture

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from zoo.models.staged import StagedModule
    from zoo.panluna.model import PanLuna

PAPER = "https://arxiv.org/abs/2604.04297"


TUNING = Tuning(
    layers=(r"blocks\.\d+\.(?:qkv|proj)",),
    # Published: the adapters of these attentions, and others of their last layers.
    weights=((r"unifier\.(?:blocks\.\d+\.)?attention\.into", 1), (r"unifier\.(?:blocks\.\d+\.)?attention\.out", 2)),
)
"""What low-rank tuning adapts, as published: 180,224 numbers of rank 16."""


class PanLunaOptions(Options):
    """Options of the PanLUNA models."""

    num_classes: NonNegativeInt = 0
    """0 makes a model that reconstructs hidden patches."""
    drop_path: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Chance that a sample passes by a block over time in training; published: 0, and 0.1 to fine-tune."""
    gate: bool = False
    """Let each patch say how far it leans on each of its sensor types; the paper's future work."""
    spectrum: Literal["log", "plain"] | None = None
    """Log-magnitude with sine and cosine of the phase, or magnitude and phase; the model's own where left out."""


OURS = (
    "A place is measured by its sensor type's own scale; published: by the span of the channels present.",
    "The first layers norm over a token; published: over all tokens of a sample, hidden ones among them.",
    "Spectra are log-magnitude with sine and cosine of the phase; published: magnitude and phase.",
    "Sensor types have seven rows, small at first; published: three, drawn with a deviation of 1.",
    "The decoder is told places and sensor types; published: 104 names of channels, too.",
)
"""How `panluna` differs from what was published; see docs/panluna.md."""

AS_PUBLISHED = (
    "Its layers are the published ones: places depend on the channels present, and hidden samples count in norms.",
    "Repaired around them: order and places of channels, masks of each window's own, noise in training alone.",
)
"""What `panluna-reference` and `luna-base` keep of the reference, and what they do not."""


def _particular(sizes: Architecture) -> tuple[str, ...]:
    asked = (
        f"Every channel has {sizes.rate_hz:g} Hz; a window is a multiple of {sizes.patch / sizes.rate_hz:g} s.",
        "Each channel of each window gets mean 0 and deviation 1.",
    )
    return asked + (OURS if sizes.positions == "fixed" else AS_PUBLISHED)


def _config(name: str, description: str, sizes: Architecture, paper: str = PAPER) -> ModelConfig:
    return ModelConfig(
        name=name,
        family="panluna",
        task="classification",
        spec=SensorSpec(input="window", sensors=sizes.sensors),
        options=PanLunaOptions,
        description=description,
        licence="Apache-2.0",
        paper=paper,
        stages=_stages,
        tuning=TUNING,
        only_pretrained=("mask_token",),
        example=lambda _, items, generator: _example(sizes, items, generator),
        particular=_particular(sizes),
    )


def _stages(network: PanLuna) -> StagedModule:
    from zoo.panluna.staged import stages

    return stages(network)


def _example(sizes: Architecture, items: int, generator: Generator) -> dict[str, Tensor]:
    """A second of two channels with places of their own."""
    import torch

    samples = 8 * sizes.patch
    batch = {
        "x": torch.randn(items, 2, samples, generator=generator),
        "locations": torch.randn(items, 2, 3, generator=generator) * 0.1,
    }
    return batch | ({"sensor": torch.tensor([[0, 1]] * items)} if sizes.sensors else {})


@register_model(
    _config("panluna", "PanLUNA with places, norms and masks that do not depend on each other", Architecture())
)
def panluna(options: PanLunaOptions) -> PanLuna:
    """Make the network; torch is imported here, so that listing models stays quick."""
    return _made(options, Architecture())


@register_model(_config("panluna-reference", "PanLUNA as published, for its weights", REFERENCE))
def panluna_reference(options: PanLunaOptions) -> PanLuna:
    """Make the network as published."""
    return _made(options, REFERENCE)


@register_model(_config("luna-base", "LUNA-Base as published, for EEG", LUNA_BASE, "https://arxiv.org/abs/2510.22257"))
def luna_base(options: PanLunaOptions) -> PanLuna:
    """Make PanLUNA's larger forerunner."""
    return _made(options, LUNA_BASE)


@register_model(_config("test-panluna", "panluna in small, for tests", Architecture(width=16, queries=2, depth=2)))
def small(options: PanLunaOptions) -> PanLuna:
    """Make a network with a hundredth of the parameters."""
    return _made(options, Architecture(width=16, queries=2, depth=2))


def _made(options: PanLunaOptions, sizes: Architecture) -> PanLuna:
    from zoo.panluna.model import PanLuna

    if options.gate and not sizes.sensors:
        raise ModelError("it tells no sensor types apart, to lean on.", where="gate", mend="Leave it out.")
    chosen = replace(sizes, gate=options.gate, spectrum=options.spectrum or sizes.spectrum)
    return PanLuna(options.num_classes, chosen, options.drop_path)
