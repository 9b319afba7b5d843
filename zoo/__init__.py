"""Models over a biocurate store: made by name, trained and judged on held-out persons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.registry import create_model, list_models, register_model

if TYPE_CHECKING:
    from zoo.data import ImageDataset, WindowDataset, loader

__all__ = ["ImageDataset", "WindowDataset", "create_model", "list_models", "loader", "register_model"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the datasets on first use: they bring torch."""
    if name in {"ImageDataset", "WindowDataset", "loader"}:
        from zoo import data

        return getattr(data, name)
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")
