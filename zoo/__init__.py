"""Models over a biocurate store: made by name, trained and judged on held-out persons."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zoo.registry import create_model, list_models, register_model

if TYPE_CHECKING:
    from zoo.augment import Augmentation, MaskOut
    from zoo.data import WindowDataset, loader
    from zoo.draw import Draw
    from zoo.image_data import ImageDataset
    from zoo.reading import dealt_loader

LATER = {
    "Augmentation": "zoo.augment",
    "Draw": "zoo.draw",
    "ImageDataset": "zoo.image_data",
    "MaskOut": "zoo.augment",
    "WindowDataset": "zoo.data",
    "dealt_loader": "zoo.reading",
    "loader": "zoo.data",
}
"""What brings torch, and where it is."""

__all__ = [
    "Augmentation",
    "Draw",
    "ImageDataset",
    "MaskOut",
    "WindowDataset",
    "create_model",
    "dealt_loader",
    "list_models",
    "loader",
    "register_model",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the datasets on first use: they bring torch."""
    if name in LATER:
        return getattr(import_module(LATER[name]), name)
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")
