"""Views that are normalised over what one trains on: fitted on the training windows, and kept with the model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from biocurate.curate.views.rows import scaling
from biocurate.curate.views.spread import Spread
from biocurate.errors import ModelError
from biocurate.sensors import SensorType
from biocurate.store.finish import Scaling
from biocurate.store.signal_reader import SignalReader, view_of
from zoo.data.coverage import covering, groups

if TYPE_CHECKING:
    from biocurate.store.store import Store

Scalings = Mapping[str, Scaling]
"""By sensor type; those that are not in it need none."""

BATCH_BYTES = 32 * 2**20
"""Samples that are in memory at once."""


def scaled_in_training(store: Store, rows: pl.DataFrame, sensors: Sequence[SensorType]) -> tuple[SensorType, ...]:
    """Sensor types whose view has the scope ``train``: no sample of them can be read before a split is chosen."""
    view = view_of(rows)
    if view is None:
        return ()
    found = store.streams_of(view).filter(pl.col("scope") == "train").select("sensor_type").unique().collect()
    return tuple(sensor for sensor in sensors if str(sensor) in set(found["sensor_type"]))


def fit_scalings(store: Store, rows: pl.DataFrame, sensors: Sequence[SensorType]) -> dict[str, Scaling]:
    """Fit factor and shift of each channel on training windows, and on no others.

    Recordings may differ in channels and rate: a channel is fitted on all windows that have it. Where all have the
    same, the result is that of `biocurate.curate.views.fit.fit_scaling`.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows of the split that one trains on.
    sensors : sequence of SensorType
        Those of `scaled_in_training`.

    Raises
    ------
    ModelError
        Where no training window has a sensor type.
    """
    reader = SignalReader.of(store, rows)
    return {str(sensor): _fitted(reader, rows, sensor) for sensor in sensors}


def as_plain(scalings: Scalings) -> dict[str, Any]:
    """Plain values, to be saved with a model."""
    return {sensor: json.loads(found.to_json()) for sensor, found in scalings.items()}


def from_plain(plain: Mapping[str, Any]) -> dict[str, Scaling]:
    """Out of what `as_plain` gave."""
    return {sensor: Scaling.from_json(json.dumps(found)) for sensor, found in plain.items()}


def _fitted(reader: SignalReader, rows: pl.DataFrame, sensor: SensorType) -> Scaling:
    spreads: dict[str, Spread] = {}
    for like, places in groups(covering(reader.store, rows, sensor)):
        found = _spread(reader, rows[places], sensor, like.channels, like.rate_hz)
        for number, name in enumerate(like.channels):
            mine = (getattr(found, part)[number : number + 1] for part in ("count", "mean", "squares", "low", "high"))
            spreads.setdefault(name, Spread(1)).merge(*mine)
    if not spreads:
        mend = "Choose other --sensors, or a split whose training windows have it."
        raise ModelError("no training window has a stream of it to scale by.", where=str(sensor), mend=mend)
    streams = reader.streams.filter(pl.col("sensor_type") == str(sensor))
    floor = np.array([streams["floor"].list.max().max()])
    scaled = [scaling(spread, floor, streams["method"][0]) for spread in spreads.values()]
    factor, shift = (tuple(float(each[part][0]) for each in scaled) for part in (0, 1))
    return Scaling(tuple(spreads), factor, shift)


def _spread(
    reader: SignalReader, rows: pl.DataFrame, sensor: SensorType, channels: tuple[str, ...], rate_hz: float
) -> Spread:
    """Mean and spread of windows that are one array, as stored."""
    from biocurate import read_windows

    spread = Spread(len(channels))
    seconds = rows["duration_ns"][0] / 1e9
    step = max(1, int(BATCH_BYTES // max(4 * seconds * rate_hz * len(channels), 1)))
    for some in rows.iter_slices(step):
        block = read_windows(
            reader.store, some, str(sensor), list(channels), digital=True, reader=reader, rate_hz=rate_hz
        )
        spread.add(np.ascontiguousarray(block.swapaxes(0, 1)).reshape(len(channels), -1))
    return spread
