"""What other packages bring: modules whose import registers something here."""

from __future__ import annotations

from importlib.metadata import entry_points

from biocurate.errors import UsageError


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
