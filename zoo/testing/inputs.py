"""Batches for a network to be tried on, from what its configuration says that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from biocurate.errors import ModelError
from zoo.models.registry import ImageSpec, model_config


def example(name: str, items: int, seed: int = 0, chosen: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Inputs by the names of the arguments of `forward`, the same for the same seed and the options that are chosen.

    Raises
    ------
    ModelError
        Where the configuration gives no `example` and its input is no image.
    """
    config = model_config(name)
    options = config.options(**chosen)
    generator = torch.Generator().manual_seed(seed)
    if config.example is not None:
        found: dict[str, Any] = config.example(options, items, generator)
        return found
    if config.spec.input != "image":
        raise ModelError("its configuration has no `example`.", where=name, mend="Give one to ModelConfig.")
    image = config.spec.image
    channels, size = (image.channels, image.size) if isinstance(image, ImageSpec) else (1, None)
    side = size or options.model_dump()["size"]
    return {"images": torch.randint(0, 256, (items, channels, side, side), dtype=torch.uint8, generator=generator)}


def missing(name: str, items: int) -> dict[str, Any]:
    """The same of nothing at all: black images, samples that are all NaN."""
    return {field: _blank(value) for field, value in example(name, items).items()}


def _blank(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        return {name: _blank(each) for name, each in value.items()}
    if not isinstance(value, Tensor):
        return value
    if value.is_floating_point() and value.ndim >= 3:
        return torch.full_like(value, torch.nan)
    return torch.zeros_like(value) if value.dtype == torch.uint8 else value
