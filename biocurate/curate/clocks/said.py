"""Clocks of devices as a person says them: an offset that is known, or events that two devices have marked.

```yaml
clocks:
  watch: {offset: -1.2s, drift_ppm: 15, uncertainty: 50ms}
  chest: {events: [button, "marker=press@chest"]}    # kind, kind=value or kind@channel: the recording's, the device's
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from biocurate.curate.clocks.estimate import MOST_S
from biocurate.curate.clocks.events import by_events
from biocurate.curate.clocks.row import outcome
from biocurate.curate.durations import format_duration, parse_duration
from biocurate.curate.fields import Nanoseconds, Part
from biocurate.errors import UsageError
from biocurate.recording import NS
from biocurate.store.sql import nearest
from biocurate.store.store import Store

Row = dict[str, Any]

FAR_NS = 30 * 86_400 * NS

OWN = ["recording_id", "revision", "corpus", "person"]

_MARK = re.compile(r"(?P<kind>[^=@]+)(=(?P<value>[^@]+))?(@(?P<channel>.+))?")


def signed_duration(value: object) -> int:
    """Nanoseconds of ``1.2s``, ``-1.2s`` or ``0s``; ValueError for what is none."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} has no unit; write a text such as 1.2s or -350ms")
    size = value.strip().lstrip("+-")
    if re.fullmatch(r"0+(\.0+)?\s*[a-z]*", size):
        return 0
    try:
        return parse_duration(size) * (-1 if value.strip().startswith("-") else 1)
    except UsageError as error:
        raise ValueError(str(error)) from error


def _mark(value: object) -> str:
    if not isinstance(value, str) or not _MARK.fullmatch(value):
        raise ValueError(f"{value!r} is no event; write kind, kind=value or kind@channel")
    return value


Offset = Annotated[
    int,
    BeforeValidator(signed_duration, json_schema_input_type=str),
    PlainSerializer(lambda ns: f"{'-' * (ns < 0)}{format_duration(abs(ns)) if ns else '0s'}", when_used="json"),
]
Mark = Annotated[str, BeforeValidator(_mark)]


class ClockRule(Part):
    """What is said of a device's clock."""

    offset: Offset | None = None
    """What is added to the device's times to have them on the recording's clock."""
    drift_ppm: float = Field(default=0.0, gt=-1e5, lt=1e5)
    """What the device loses, in parts in a million, from the recording's start on."""
    uncertainty: Nanoseconds | None = None
    """Of the offset, 95 %; where it is left out, no condition on it is met."""
    events: tuple[Mark, Mark] | None = None
    """Annotations of one event: as the recording's clock has it, and as the device's has it."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.offset is None) == (self.events is None):
            raise ValueError("say either `offset` or `events`")
        if self.events is not None and (self.drift_ppm or self.uncertainty is not None):
            raise ValueError("`drift_ppm` and `uncertainty` go with `offset`: of events they are estimated")
        return self


def said_rows(
    store: Store, recording_ids: pl.Series, clocks: Mapping[str, ClockRule], most_s: float = MOST_S
) -> list[Row]:
    """Rows of ``clocks`` for devices of which something is said.

    Parameters
    ----------
    store : Store
    recording_ids : Series
        Recordings that are looked at; those without the device have no row.
    clocks : mapping of str to ClockRule
        By the name of the device, as the recipe has it.
    most_s : float
        Offsets between events, to both sides, that are looked at.

    Raises
    ------
    UsageError
        Where no recording has such a device.
    """
    if not clocks:
        return []
    streams = store.streams.filter(pl.col("recording_id").is_in(recording_ids.implode()))
    rows = streams.filter(pl.col("clock").is_not_null()).select(*OWN, "clock").unique().sort("recording_id", "clock")
    there = rows.collect()
    for name in clocks:
        if name not in there["clock"]:
            raise UsageError(
                f"no recording has a device {name!r} with a clock of its own.",
                where=store.url,
                mend=nearest(name, there["clock"].unique().sort().to_list()),
            )
    mine = there.filter(pl.col("clock").is_in(list(clocks)))
    return list(_rows(store, mine, clocks, most_s))


def _rows(store: Store, devices: pl.DataFrame, clocks: Mapping[str, ClockRule], most_s: float) -> Iterator[Row]:
    marks = {mark for rule in clocks.values() for mark in rule.events or ()}
    onsets = {mark: _onsets(store, mark) for mark in marks}
    none: NDArray[np.float64] = np.empty(0)
    for row in devices.iter_rows(named=True):
        rule, name = clocks[row["clock"]], row["recording_id"]
        if rule.events is None:
            yield row | declared(rule)
            continue
        a, b = (onsets[mark].get(name, none) for mark in rule.events)
        yield row | outcome(by_events(a, b, most_s), transit_ns=0)


def declared(rule: ClockRule) -> Row:
    """What a row of ``clocks`` has of an offset that is said."""
    offset, slope = rule.offset or 0, rule.drift_ppm * 1e-6
    # The line has no end; two knots far to both sides are enough of it.
    knots = [{"t_ns": t, "offset_ns": offset + round(slope * t)} for t in (-FAR_NS, FAR_NS)]
    return {
        "status": "declared",
        "method": "declared",
        "offset_ns": offset,
        "drift_ppm": rule.drift_ppm,
        "knots": knots,
        "uncertainty_ns": rule.uncertainty,
    }


def _onsets(store: Store, mark: str) -> dict[str, NDArray[np.float64]]:
    """Onsets of an event in seconds, by recording."""
    said = _MARK.fullmatch(mark)
    wanted = {name: text.strip() for name, text in (said.groupdict() if said else {}).items() if text}
    rows = store.annotations.filter(*(pl.col(name) == text for name, text in wanted.items()))
    found = rows.group_by("recording_id").agg(pl.col("onset_ns").sort()).collect()
    return {name: np.asarray(onsets, dtype=np.float64) / NS for name, onsets in found.iter_rows()}
