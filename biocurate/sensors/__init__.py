"""Sensor types, their canonical units, and what a channel label says.

Everything below is a table or a pattern. What no table knows is `MISC`, or a unit of None: it is reported, never
guessed.
"""

from __future__ import annotations

from biocurate.sensors.labels import Identity, identify, identify_all
from biocurate.sensors.places import place
from biocurate.sensors.types import SensorType
from biocurate.sensors.units import CANONICAL, Unit, canonical_unit

__all__ = ["CANONICAL", "Identity", "SensorType", "Unit", "canonical_unit", "identify", "identify_all", "place"]
