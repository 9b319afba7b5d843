"""What other packages, and the upper floors of this one, bring to those that know nothing of them."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from biocurate.errors import UsageError

COMPUTING = "biocurate.curate.views.lazy:Computing"
"""Computes samples of a view that are not stored; made of a store, which lies below and has to read them."""


def brought(name: str) -> Any:  # noqa: ANN401
    """What stands under a name of this module, such as `COMPUTING`: imported when it is first asked for."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def load_plugins(group: str) -> None:
    """Import every entry point of a group; the import registers what it brings.

    Raises
    ------
    UsageError
        Where one cannot be imported.
    """
    for plugin in entry_points(group=group):
        try:
            plugin.load()
        except Exception as error:
            raise UsageError(
                f"The plugin could not be loaded: {type(error).__name__}: {error}",
                where=f"{group}: {plugin.name} = {plugin.value}",
                mend="Mend or uninstall the package that brings it.",
            ) from error
