"""Mean and spread of the windows that one trains on, for views that are normalised over these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from biocurate.curate.views.rows import scaling
from biocurate.curate.views.spread import Spread
from biocurate.curate.windows.reading import read_windows
from biocurate.errors import UsageError
from biocurate.sensors import SensorType
from biocurate.store.finish import Scaling
from biocurate.store.signal_reader import SignalReader

BATCH = 256
"""Windows that are read at once."""


def fit_scaling(
    reader: SignalReader, rows: pl.DataFrame, sensor: str, channels: Sequence[str] | None = None
) -> Scaling:
    """Fit the factor and shift of each channel on some windows: those of the split that one trains on, and no others.

    Parameters
    ----------
    reader : SignalReader
        Of the windows' view: ``SignalReader.of(store, rows)``.
    rows : DataFrame
        Windows, as `read_windows` takes them; where they overlap, what they share counts twice.
    sensor : str
        Sensor type or alias.
    channels : sequence of str, optional
        As of `read_windows`.

    Returns
    -------
    Scaling
        To be given to `read_windows`, and saved with the run by `Scaling.to_json`.

    Raises
    ------
    UsageError
        Where the view is not normalised over what one trains on.
    """
    kind = str(SensorType.parse(sensor))
    ids = rows["recording_id"].unique().implode()
    streams = reader.streams.filter((pl.col("sensor_type") == kind) & pl.col("recording_id").is_in(ids))
    if reader.view is None or streams.is_empty() or streams["scope"].unique().to_list() != ["train"]:
        raise UsageError(f"these windows of {kind} are not normalised over what one trains on.", where="fit_scaling")
    names = list(channels) if channels is not None else list(streams["names"][0])
    spread = Spread(len(names))
    for some in rows.iter_slices(BATCH):
        block = read_windows(reader.store, some, sensor, channels, digital=True, reader=reader)
        spread.add(np.ascontiguousarray(block.swapaxes(0, 1)).reshape(len(names), -1))
    floor = streams["floor"].list.max().max()
    factor, shift, _ = scaling(spread, np.full(len(names), floor), streams["method"][0])
    return Scaling(tuple(names), tuple(factor.tolist()), tuple(shift.tolist()))
