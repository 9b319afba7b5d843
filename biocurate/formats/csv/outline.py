"""A CSV file without its samples: names and units from its first rows, lengths and rates from when it was parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from biocurate.errors import SourceError
from biocurate.formats.csv.layout import Column
from biocurate.formats.outline import Absent, Held
from biocurate.recording import Channel, Segment, Stream
from biocurate.sensors import SensorType

Group = tuple[float, int, str, SensorType]
"""Rate, start after the file's first column, type of number, sensor type."""


def outlined(
    columns: Sequence[Column], channels: Sequence[tuple[SensorType, Channel]], held: Mapping[str, Held], where: str
) -> tuple[Stream, ...]:
    """Make the streams that reading the file gave.

    Parameters
    ----------
    columns : sequence of Column
    channels : sequence of (SensorType, Channel), one a column
    held : mapping of str to Held
    where : str
        File, for messages.

    Raises
    ------
    SourceError
        Nothing is known of any of its columns.
    """
    known = [held[column.label] for column in columns if column.label in held]
    if not known:
        raise SourceError("none of its columns was stored.", where=where)
    start = min((column.start_ns or 0 for column in columns), default=0)
    groups: dict[Group, list[int]] = {}
    for index, (column, (sensor_type, _)) in enumerate(zip(columns, channels, strict=True)):
        # A column that the recipe skips is stored nowhere; its neighbour's clock keeps it in its place.
        rate_hz = column.rate_hz or held.get(column.label, known[0]).rate_hz
        key = (rate_hz, (column.start_ns or 0) - start, column.dtype, sensor_type)
        groups.setdefault(key, []).append(index)
    return tuple(
        _stream(key, [channels[index][1] for index in members], held, known[0]) for key, members in groups.items()
    )


def _stream(group: Group, channels: Sequence[Channel], held: Mapping[str, Held], default: Held) -> Stream:
    rate_hz, t0_ns, dtype, sensor_type = group
    clock = next((held[channel.label] for channel in channels if channel.label in held), default)
    segments = tuple(Segment(segment.t0_ns + t0_ns, segment.n_samples) for segment in clock.segments)
    absent = Absent((len(channels), clock.n_samples), np.dtype(dtype))
    return Stream(sensor_type, rate_hz, tuple(channels), segments, absent)
