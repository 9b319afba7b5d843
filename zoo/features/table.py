"""Features of every window of a manifest, as one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biocurate.engine import Progress, Silent
from biocurate.errors import ModelError
from biocurate.sensors import SensorType
from zoo.features import EXTRACTORS
from zoo.features.block import Block, Floats

if TYPE_CHECKING:
    import polars as pl

    from biocurate.store.finish import Scaling
    from biocurate.store.signal_reader import SignalReader
    from biocurate.store.store import Store
    from zoo.data.coverage import Signature
    from zoo.data.noise import Disturb
    from zoo.data.scaling import Scalings

BATCH_BYTES = 32 * 2**20
"""Samples that are in memory at once; extractors take a few times as much."""


@dataclass(frozen=True)
class FeatureTable:
    """Features of windows: rows as the manifest's, columns with names and units."""

    names: tuple[str, ...]
    """``<sensor type>.<feature>`` or ``<sensor type>.<channel>.<feature>``."""
    units: tuple[str, ...]
    values: Floats
    """Shape (windows, features), NaN where unknown."""
    missing: dict[str, int]
    """By sensor type: windows that no stream of it covers."""
    several: dict[str, int]
    """By sensor type: windows that several streams of it cover, of which the first is measured."""

    def aligned(self, names: Sequence[str]) -> Floats:
        """The values in other columns: those of a model that was trained elsewhere.

        Raises
        ------
        ModelError
            Where none of the columns is here.
        """
        place = {name: at for at, name in enumerate(self.names)}
        if not any(name in place for name in names):
            raise ModelError(
                "the windows have none of the features that the model was trained on.",
                where=", ".join(sorted({name.split(".")[0] for name in names})),
                mend="Evaluate on windows of the sensor types and channels that it was trained on.",
            )
        out = np.full((len(self.values), len(names)), np.nan)
        for column, name in enumerate(names):
            if name in place:
                out[:, column] = self.values[:, place[name]]
        return out


def extract(
    store: Store,
    rows: pl.DataFrame,
    sensors: Sequence[SensorType],
    bar: Progress = Silent(),
    scalings: Scalings = MappingProxyType({}),
    disturb: Disturb | None = None,
) -> FeatureTable:
    """Measure every window, a batch at a time.

    Windows of one sensor type that differ in rate or channels are measured apart; a channel that some of them lack is
    NaN in those. A sensor type that does not cover a window is NaN in all of its columns.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows.
    sensors : sequence of SensorType
    bar : Progress, optional
        Is told of windows, a share for each sensor type that is measured in one.
    scalings : mapping of sensor type to Scaling, optional
        For sensor types of a view that is normalised over what one trains on: what was fitted there.
    disturb : callable, optional
        What samples go through ahead of being measured.

    Raises
    ------
    ModelError
        Where no window has any of the sensor types.
    StaleError
        Where a window was cut from a recording that has been replaced.
    """
    from biocurate.store.signal_reader import SignalReader
    from zoo.data.coverage import covering

    bar.start(rows.height)
    reader = SignalReader.of(store, rows)
    columns: dict[str, tuple[str, Floats]] = {}
    missing, several = {}, {}
    for sensor in sensors:
        covered = covering(store, rows, sensor)
        missing[str(sensor)] = rows.height - covered.height
        several[str(sensor)] = covered.filter(covered["of"] > 1).height
        read = _Reading(reader, rows, sensor, scalings.get(str(sensor)), disturb)
        _measure(read, covered, columns, lambda windows: bar.advance(windows / len(sensors)))
        bar.advance(missing[str(sensor)] / len(sensors))
    if not columns:
        mend = "Choose other --sensors, or build windows that `require` them."
        raise ModelError("no window has a stream of them.", where=", ".join(map(str, sensors)), mend=mend)
    units, values = zip(*columns.values(), strict=True)
    return FeatureTable(tuple(columns), tuple(units), np.stack(values, axis=1), missing, several)


@dataclass(frozen=True)
class _Reading:
    """Samples of one sensor type."""

    reader: SignalReader
    rows: pl.DataFrame
    sensor: SensorType
    scaling: Scaling | None
    disturb: Disturb | None

    def block(self, batch: NDArray[np.intp], like: Signature) -> Block:
        """Windows that can be read as one array."""
        from biocurate import read_windows
        from zoo.data.noise import disturbed

        rows, channels, rate_hz = self.rows[batch], list(like.channels), like.rate_hz
        x = read_windows(
            self.reader.store,
            rows,
            str(self.sensor),
            channels,
            reader=self.reader,
            rate_hz=rate_hz,
            scaling=self.scaling,
        )
        if self.disturb is not None:
            x = disturbed(self.disturb, x, batch, rate_hz, self.sensor)
        return Block(x, rate_hz, like.channels)


def _measure(
    reading: _Reading,
    covered: pl.DataFrame,
    columns: dict[str, tuple[str, Floats]],
    measured: Callable[[int], None],
) -> None:
    """Fill in the columns of one sensor type."""
    from zoo.data.coverage import batches, groups

    sensor, windows = reading.sensor, reading.rows.height
    for like, places in groups(covered):
        for batch in batches(places, like, BATCH_BYTES):
            found = EXTRACTORS[sensor](reading.block(batch, like))
            for name, unit, values in zip(found.names, found.units, found.values.T, strict=True):
                _, column = columns.setdefault(f"{sensor}.{name}", (unit, np.full(windows, np.nan)))
                column[batch] = values
            measured(len(batch))
