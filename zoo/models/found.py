"""In which forms the windows of a task have a sensor type, as far as a model may ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from biocurate.sensors import SensorType
from biocurate.store.signal_reader import view_of
from zoo.models.spec import Found

if TYPE_CHECKING:
    from biocurate.store.store import Store


def found_in(store: Store, rows: pl.DataFrame, sensors: Sequence[SensorType]) -> list[Found]:
    """Forms of the streams that cover some windows, from the catalogue alone.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows: recording_id, revision, view and streams.
    sensors : sequence of SensorType
        Only these.
    """
    keys = ["recording_id", "revision", "stream_no"]
    used = (
        rows.lazy()
        .select("recording_id", "revision", "streams")
        .explode("streams")
        .select("recording_id", "revision", pl.col("streams").struct.field("stream_no"))
        .unique()
    )
    channels = pl.col("channels").list
    form = ["sensor_type", "names", "rate_hz", "units", "band_hz"]
    forms = (
        store.streams_of(view_of(rows))
        .filter(pl.col("sensor_type").is_in([str(sensor) for sensor in sensors]))
        .join(used, on=keys, how="semi")
        .select(
            "sensor_type",
            "rate_hz",
            "band_hz",
            names=channels.eval(pl.element().struct.field("name")),
            units=channels.eval(pl.element().struct.field("canonical_unit")),
        )
        .unique()
        .collect()
        .sort("sensor_type", "rate_hz", pl.col("names").list.join(" "))
    )
    return [
        Found(SensorType(sensor), tuple(names), rate_hz, tuple(units), _band(band))
        for sensor, names, rate_hz, units, band in forms.select(form).iter_rows()
    ]


def _band(band: list[float | None] | None) -> tuple[float | None, float | None]:
    low, high = band or (None, None)
    return low, high
