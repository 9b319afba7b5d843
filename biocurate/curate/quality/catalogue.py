"""Every measure there is: our own, and those of plugins."""

from __future__ import annotations

from importlib.metadata import entry_points

from biocurate.curate.quality import cheap, ecg, eeg, gsr, ppg, resp
from biocurate.curate.quality.registry import KNOWN, Measure
from biocurate.errors import UsageError
from biocurate.sensors import SensorType
from biocurate.store.sql import nearest

PLUGINS = "biocurate.measures"
"""Entry-point group: a plugin's entry point names a module whose import registers its measures."""

OWN = (cheap, ecg, eeg, gsr, ppg, resp)
"""Modules whose import registered our own measures."""


def measures(sensor: SensorType | None = None) -> list[Measure]:
    """Every measure, or those for one sensor type; plugins' included, in the order of registration."""
    _load()
    return [each for each in KNOWN.values() if sensor is None or each.is_for(sensor)]


def find_measure(column: str) -> Measure:
    """The measure of a column; UsageError where there is none."""
    _load()
    if column not in KNOWN:
        raise UsageError(f"there is no measure {column!r}.", mend=nearest(column, KNOWN))
    return KNOWN[column]


def _load() -> None:
    """Import what plugins offer; the import registers it."""
    for plugin in entry_points(group=PLUGINS):
        try:
            plugin.load()
        except Exception as error:
            raise UsageError(
                f"The plugin could not be loaded: {type(error).__name__}: {error}",
                where=f"{PLUGINS}: {plugin.name} = {plugin.value}",
                mend="Mend or uninstall the package that brings it.",
            ) from error
