"""The tables of quality as an Arrow schema, as `biocurate.store.schema` has the others."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from biocurate.store.schema import column

QUALITY = pa.schema(
    [
        column("window_id", pa.int64(), "window, in the window set of the same name"),
        column("recording_id", pa.string(), "recording"),
        column("revision", pa.string(), "revision that was judged"),
        column("t0_ns", pa.int64(), "start of the window, from the recording's start"),
        column("duration_ns", pa.int64(), "length of the window"),
        column("view", pa.string(), "the view whose samples were judged; null: as recorded"),
        column("stream_no", pa.int32(), "stream"),
        column("sensor_type", pa.string(), "its sensor type"),
        column("channel", pa.string(), "canonical channel name"),
        column("index", pa.int32(), "row of the channel in its stream"),
        column("reason", pa.string(), "ok, or why an index is null or 0: docs/quality.md"),
    ]
)
"""Columns of every quality table; each measure has one more, ``<name>_v<version>``, with ``_rel`` where it is relative:
a number from 0 to 1, null where the measure is not for the sensor type or ``reason`` says why."""


def quality_schema(measures: Iterable[str]) -> pa.Schema:
    """Columns of a quality table with some measures."""
    return pa.schema([*QUALITY, *(column(name, pa.float32(), "measure: docs/quality.md") for name in measures)])
