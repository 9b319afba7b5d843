"""Models over a biocurate store: made by name, trained and judged on held-out persons."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zoo.models.registry import create_model, list_models, register_model

if TYPE_CHECKING:
    from zoo.data.augment import Augmentation, MaskOut
    from zoo.data.draw import Draw
    from zoo.data.images import ImageDataset
    from zoo.data.placed import PlacedRows, PlacedWindows
    from zoo.data.reading import dealt_loader
    from zoo.data.windows import WindowDataset, loader

LATER = {
    "Augmentation": "zoo.data.augment",
    "Draw": "zoo.data.draw",
    "ImageDataset": "zoo.data.images",
    "MaskOut": "zoo.data.augment",
    "PlacedRows": "zoo.data.placed",
    "PlacedWindows": "zoo.data.placed",
    "WindowDataset": "zoo.data.windows",
    "dealt_loader": "zoo.data.reading",
    "loader": "zoo.data.windows",
}
"""What brings torch, and where it is."""

__all__ = [
    "Augmentation",
    "Draw",
    "ImageDataset",
    "MaskOut",
    "PlacedRows",
    "PlacedWindows",
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
