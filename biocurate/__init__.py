"""Biosignal recordings to training data: ingest, curate, image, train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from biocurate.curate.windows.reading import read_windows
    from biocurate.store.store import Store, create_store, open_store

__version__ = "0.1.0"

_LAZY = {
    "Store": "biocurate.store.store",
    "create_store": "biocurate.store.store",
    "open_store": "biocurate.store.store",
    "read_windows": "biocurate.curate.windows.reading",
}

__all__ = ["Store", "__version__", "create_store", "open_store", "read_windows"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the public names on first use, so that ``biocurate --help`` stays quick."""
    from importlib import import_module

    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in {"curate", "export", "formats", "images", "testing", "upkeep"}:
        return import_module(f"biocurate.{name}")
    raise AttributeError(f"module 'biocurate' has no attribute {name!r}")
