"""Every measure there is: our own, and those of plugins."""

from __future__ import annotations

from biocurate.curate.quality import cheap, ecg, eeg, gsr, ppg, resp
from biocurate.curate.quality.registry import KNOWN, Measure
from biocurate.errors import UsageError
from biocurate.plugins import load_plugins
from biocurate.sensors import SensorType
from biocurate.store.sql import nearest

PLUGINS = "biocurate.measures"
"""Entry-point group: a plugin's entry point names a module whose import registers its measures."""

OWN = (cheap, ecg, eeg, gsr, ppg, resp)
"""Modules whose import registered our own measures."""


def measures(sensor: SensorType | None = None) -> list[Measure]:
    """Every measure, or those for one sensor type; plugins' included, in the order of registration."""
    load_plugins(PLUGINS)
    return [each for each in KNOWN.values() if sensor is None or each.is_for(sensor)]


def find_measure(column: str) -> Measure:
    """The measure of a column; UsageError where there is none."""
    load_plugins(PLUGINS)
    if column not in KNOWN:
        raise UsageError(f"there is no measure {column!r}.", mend=nearest(column, KNOWN))
    return KNOWN[column]
