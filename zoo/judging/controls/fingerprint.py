"""What betrays the device that made a window, and says nothing of the person: the fingerprint of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.sensors import SensorType
from biocurate.store.signal_reader import SignalReader
from zoo.data.coverage import batches, covering, groups
from zoo.data.scaling import scaled_in_training
from zoo.judging.controls.spectrum import device_spectrum

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.coverage import Signature

Floats = NDArray[np.float64]

BATCH_BYTES = 16 * 2**20
"""Samples that are in memory at once; spectra take a few times as much."""


def fingerprint(store: Store, rows: pl.DataFrame, sensors: Sequence[SensorType]) -> tuple[tuple[str, ...], Floats]:
    """Measure of every window what its device decides.

    Of each sensor type whether it is there and its rate; of each channel the gain, the quantisation step, the share
    of invalid samples, the noise floor, the edges of the band and the mains. None of it is wholly free of the person
    (muscle lifts the floor of a wide band): the control says what could be had without physiology, not that it was.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows of a manifest, of a view or as recorded: what the model is given.
    sensors : sequence of SensorType

    Returns
    -------
    names : tuple of str
        ``<sensor type>.<channel>.<measure>``.
    values : array, shape (windows, measures), NaN where unknown
    """
    reader = SignalReader.of(store, rows)
    unscaled = scaled_in_training(store, rows, sensors)
    columns: dict[str, Floats] = {}
    for sensor in sensors:
        covered = covering(store, rows, sensor)
        columns[f"{sensor}.covered"] = np.isin(np.arange(rows.height), covered["row"].to_numpy()).astype(np.float64)
        rate = columns[f"{sensor}.rate"] = np.full(rows.height, np.nan)
        rate[covered["row"].to_numpy()] = np.log10(covered["rate_hz"].to_numpy())
        _gains(reader, rows, covered, sensor, columns)
        for like, at in groups(covered):
            _measure(reader, rows, at, sensor, like, sensor in unscaled, columns)
    return tuple(columns), np.stack(list(columns.values()), axis=1)


def _gains(
    reader: SignalReader, rows: pl.DataFrame, covered: pl.DataFrame, sensor: SensorType, columns: dict[str, Floats]
) -> None:
    """Canonical unit for each digit, as decimal logarithm."""
    streams = reader.streams.select("recording_id", "revision", "stream_no", "names", "scale")
    found = (
        covered.select("row", "stream_no")
        .with_columns(rows.select("recording_id", "revision")[covered["row"]])
        .join(streams, on=["recording_id", "revision", "stream_no"], how="inner")
        .explode("names", "scale")
    )
    for (name,), part in found.group_by("names", maintain_order=True):
        column = columns.setdefault(f"{sensor}.{name}.gain", np.full(rows.height, np.nan))
        scale = np.abs(part["scale"].to_numpy().astype(np.float64))
        column[part["row"].to_numpy()] = np.log10(scale, out=np.full(len(scale), np.nan), where=scale > 0)


def _measure(
    reader: SignalReader,
    rows: pl.DataFrame,
    at: NDArray[np.intp],
    sensor: SensorType,
    like: Signature,
    as_stored: bool,
    columns: dict[str, Floats],
) -> None:
    """Fill in the columns of windows that are one array; samples that wait for a scaling are taken before it."""
    from biocurate import read_windows

    for some in batches(at, like, BATCH_BYTES):
        x = read_windows(
            reader.store,
            rows[some],
            str(sensor),
            list(like.channels),
            digital=as_stored,
            reader=reader,
            rate_hz=like.rate_hz,
        )
        for measure, values in device_spectrum(x, like.rate_hz).items():
            for place, channel in enumerate(like.channels):
                column = columns.setdefault(f"{sensor}.{channel}.{measure}", np.full(rows.height, np.nan))
                column[some] = values[:, place]
