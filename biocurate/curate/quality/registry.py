"""What a measure is, and how a function becomes one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from biocurate.curate.quality.block import Block, Judged
from biocurate.errors import UsageError
from biocurate.sensors import SensorType

Function = Callable[[Block], Judged]

KNOWN: dict[str, Measure] = {}
"""Column -> measure, as far as modules that register some were imported; `catalogue` imports them all."""


@dataclass(frozen=True)
class Measure:
    """One column of a quality table."""

    name: str
    version: int
    """Raised when the function changes what it computes: values of the older one keep their column."""
    relative: bool
    """Whether it only orders windows of one sensor and place; a relative one is refused in a threshold."""
    good: bool
    """Whether 1 is clean; else 0 is."""
    sensors: frozenset[SensorType]
    """Sensor types that it is for; every one where empty."""
    source: str
    """Paper or standard."""
    function: Function

    @property
    def column(self) -> str:
        """Name of its column."""
        return column_of(self.name, self.version, self.relative)

    @property
    def meaning(self) -> str:
        """What it says, in a line."""
        return (self.function.__doc__ or "").strip().splitlines()[0].rstrip(".")

    def is_for(self, sensor: SensorType) -> bool:
        """Tell whether it says anything about a sensor type."""
        return not self.sensors or sensor in self.sensors


def column_of(name: str, version: int, relative: bool) -> str:
    """Name of a column: the measure, its version, and ``_rel`` where it is relative."""
    return f"{name}_v{version}{'_rel' if relative else ''}"


def register(
    name: str,
    *,
    version: int,
    source: str,
    sensors: Iterable[SensorType] = (),
    relative: bool = False,
    good: bool = True,
) -> Callable[[Function], Function]:
    """Register a function as a measure.

    Raises
    ------
    UsageError
        Where another function has the column already.
    """

    def keep(function: Function) -> Function:
        made = Measure(name, version, relative, good, frozenset(sensors), source, function)
        there = KNOWN.get(made.column)
        if there is not None and _name(there.function) != _name(function):
            raise UsageError(
                f"two measures fill {made.column!r}: {_name(there.function)} and {_name(function)}.",
                mend="Rename or uninstall one of them.",
            )
        KNOWN[made.column] = made
        return function

    return keep


def _name(function: Function) -> str:
    return f"{function.__module__}.{function.__qualname__}"
