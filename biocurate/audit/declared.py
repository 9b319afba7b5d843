"""What headers, tables and recipes say against each other: units, age and sex, length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from biocurate.audit.finding import Finding
from biocurate.recipes.subjects import differing
from biocurate.recording import NS
from biocurate.sensors import SensorType
from biocurate.sensors.units import is_as_defined

LENGTH = 0.01
"""Share by which a recording may differ from a published length, or a second where that is more."""
UNITLESS = frozenset({SensorType.MISC, SensorType.TRIG})
"""Types that promise no unit."""


def unit_findings(recording_id: str, streams: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Channels whose unit is unknown, or is spelt otherwise than it is defined."""
    for kind in ("unknown-unit", "unit-spelling"):
        found: dict[str, list[str]] = {}
        for stream in streams:
            sensor = SensorType(stream["sensor_type"])
            for channel in stream["channels"]:
                if _unit_fault(channel, sensor) == kind:
                    found.setdefault(f"{sensor} {channel['unit']!r}", []).append(channel["name"])
        for detail, names in found.items():
            yield Finding(kind, recording_id, detail, tuple(names))


def _unit_fault(channel: Mapping[str, Any], sensor: SensorType) -> str | None:
    if sensor in UNITLESS:
        return None
    if channel["unit_status"] == "unknown":
        return "unknown-unit"
    return None if is_as_defined(channel["unit"], sensor) else "unit-spelling"


def header_findings(recording_id: str, warnings: Sequence[str]) -> Iterator[Finding]:
    """Age or sex that header and table state differently, as the ingest noted it; the header's value is not kept."""
    for warning in warnings:
        if (found := differing(warning)) is not None:
            yield Finding("header", recording_id, found)


def length_findings(recording_id: str, duration_ns: int, published_s: Sequence[float]) -> Iterator[Finding]:
    """A recording that has none of the published lengths."""
    seconds = duration_ns / NS
    if published_s and not any(abs(seconds - each) <= max(1.0, LENGTH * each) for each in published_s):
        lengths = " or ".join(f"{each:g}" for each in published_s)
        yield Finding("length", recording_id, f"published: {lengths} s", value=seconds)
