"""Which channels each window has, of whatever sensor types and recordings, and which of them can be read together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import ModelError
from biocurate.recording import ns_to_samples
from biocurate.sensors import SensorType
from biocurate.sensors.places import place
from biocurate.store.signal_reader import view_of

if TYPE_CHECKING:
    from biocurate.store.store import Store

Rows = NDArray[np.intp]

PLACED = (SensorType.EEG, SensorType.EOG, SensorType.ECG)
"""Sensor types whose channels differ in place; of the others nothing is known, and nothing is missed."""

KEYS = ["recording_id", "revision", "stream_no"]
FORM = ["sensor_type", "names", "units"]


class Takes(Protocol):
    """What a network takes of windows; `zoo.panluna.architecture.Architecture` is one."""

    @property
    def sensors(self) -> tuple[SensorType, ...]:
        """Sensor types by row of its table; empty where it tells none apart."""

    @property
    def rate_hz(self) -> float:
        """Sampling rate of every channel."""

    @property
    def patch(self) -> int:
        """Samples that a window has to have a multiple of."""


@dataclass(frozen=True)
class Form:
    """Channels that streams have in common, so that their windows are one array."""

    sensor: SensorType
    row: int
    """Of the network's table of sensor types."""
    channels: tuple[str, ...]
    places: NDArray[np.float32]
    """Shape (channels, 3): see `biocurate.sensors.place`; zeros where nothing is known."""


@dataclass(frozen=True)
class Layout:
    """Streams of windows, each with the place of its channels among those of its window.

    Rows of `entries` are sorted by window: ``row``, ``form`` (place in `forms`), ``offset`` (of its first channel),
    ``streams`` (a list of the one stream, as `biocurate.read_windows` takes it).
    """

    forms: tuple[Form, ...]
    entries: pl.DataFrame
    width: NDArray[np.intp]
    """Channels of each window; 0 where it has none of the sensor types."""
    samples: int
    """Of every window."""
    missing: dict[SensorType, int]
    """Windows without a sensor type."""
    unplaced: dict[tuple[SensorType, str], int]
    """Windows with a channel whose place is not known."""

    def of(self, rows: Rows) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Entries of some windows, and the place of each one's window among them."""
        bounds = np.searchsorted(self.entries["row"].to_numpy(), [rows, rows + 1])
        count = bounds[1] - bounds[0]
        at = np.repeat(np.arange(len(rows)), count)
        return np.repeat(bounds[0] - (np.cumsum(count) - count), count) + np.arange(count.sum()), at

    def notes(self) -> list[str]:
        """What has to be said of the data."""
        said = [f"{count:,} windows have no {sensor}." for sensor, count in self.missing.items() if count]
        return said + [
            f"{sensor} {name} has no known place, in {count:,} windows: it is taken at the origin."
            for (sensor, name), count in self.unplaced.items()
        ]


def layout(
    store: Store,
    rows: pl.DataFrame,
    sensors: Sequence[SensorType],
    takes: Takes,
    channels: Mapping[SensorType, Sequence[str]] | None = None,
) -> Layout:
    """Lay out the channels of windows, from the catalogue alone.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows of a manifest.
    sensors : sequence of SensorType
        In the order that a window's channels are to have; all of a sensor type's streams are taken.
    takes : Takes
    channels : mapping of sensor type to names, optional
        Only these, in this order, as far as a recording has them; all of a sensor type that is not in it.

    Raises
    ------
    StaleError
        Where a window was cut from a recording that has been replaced.
    ModelError
        A sensor type that the network does not know or no window has, a channel that none has, another rate, windows
        that differ in length or are no whole patches, or a view that is normalised over what one trains on.
    """
    store.check_live(rows.lazy())
    if foreign := [str(sensor) for sensor in sensors if takes.sensors and sensor not in takes.sensors]:
        mend = f"Choose of {', '.join(takes.sensors)}."
        raise ModelError(f"the network has no row for {', '.join(foreign)}.", where="sensors", mend=mend)
    found = _streams(store, rows, sensors)
    for sensor in sensors:
        _check(found.filter(pl.col("sensor_type") == str(sensor)), sensor, takes.rate_hz)
    samples = _samples(rows, takes)
    forms: list[Form] = []
    parts: list[pl.DataFrame] = []
    known: dict[SensorType, set[str]] = {}
    for (kind, names, _), part in found.group_by(FORM, maintain_order=True):
        sensor, own = SensorType(kind), tuple(map(str, names))
        known.setdefault(sensor, set()).update(own)
        wanted = None if channels is None else channels.get(sensor)
        taken = own if wanted is None else tuple(name for name in wanted if name in own)
        if taken:
            parts.append(part.with_columns(form=pl.lit(len(forms)), n=pl.lit(len(taken))))
            row = takes.sensors.index(sensor) if takes.sensors else 0
            forms.append(Form(sensor, row, taken, _places(sensor, taken)))
    _check_names(channels or {}, known)
    entries = _offsets(pl.concat(parts), sensors)
    width = np.zeros(rows.height, np.intp)
    np.add.at(width, entries["row"].to_numpy(), entries["n"].to_numpy())
    return Layout(
        tuple(forms),
        entries.select("row", "form", "offset", "streams"),
        width,
        samples,
        {sensor: rows.height - _windows(entries, forms, sensor) for sensor in sensors},
        _unplaced(entries, forms),
    )


def _streams(store: Store, rows: pl.DataFrame, sensors: Sequence[SensorType]) -> pl.DataFrame:
    """One row a window and stream of the sensor types that covers it."""
    channels = pl.col("channels").list
    streams = (
        store.streams_of(view_of(rows))
        .filter(pl.col("sensor_type").is_in([str(sensor) for sensor in sensors]))
        .select(
            *KEYS,
            "sensor_type",
            "rate_hz",
            *(["scope"] if view_of(rows) else []),
            names=channels.eval(pl.element().struct.field("name")),
            units=channels.eval(pl.element().struct.field("canonical_unit")),
        )
        .join(rows.lazy().select("recording_id", "revision").unique(), on=["recording_id", "revision"], how="semi")
        .collect()
    )
    each = rows.select("recording_id", "revision", "streams").with_row_index("row").explode("streams")
    each = each.with_columns(stream_no=pl.col("streams").struct.field("stream_no"))
    return each.join(streams, on=KEYS, how="inner", maintain_order="left").with_columns(
        streams=pl.concat_list(pl.col("streams"))
    )


def _check(found: pl.DataFrame, sensor: SensorType, rate_hz: float) -> None:
    where = str(sensor)
    if found.is_empty():
        mend = "Choose other sensors, or build windows that `require` it."
        raise ModelError("no window has a stream of it.", where=where, mend=mend)
    foreign = [rate for rate in found["rate_hz"].unique().sort() if not math.isclose(rate, rate_hz, rel_tol=1e-9)]
    if foreign:
        mend = f"Build windows of a view that resamples to {rate_hz:g} Hz: biocurate preprocess panluna."
        there = ", ".join(f"{rate:g}" for rate in foreign)
        raise ModelError(f"windows have {there} Hz, the network takes {rate_hz:g} Hz.", where=where, mend=mend)
    if "scope" in found.columns and (found["scope"] == "train").any():
        mend = "Use a view with {step: normalise, scope: window}."
        raise ModelError(
            "each window is scaled by itself here, and its view by those that one trains on.", where=where, mend=mend
        )


def _samples(rows: pl.DataFrame, takes: Takes) -> int:
    spans = {ns_to_samples(int(span), takes.rate_hz) for span in rows["duration_ns"].unique()}
    if len(spans) > 1:
        raise ModelError(
            f"windows differ in length: {sorted(spans)} samples.", where="windows", mend="Select windows of one length."
        )
    samples = spans.pop()
    if samples % takes.patch or not samples:
        mend = f"Build windows of a multiple of {takes.patch / takes.rate_hz:g} s."
        raise ModelError(f"{samples} samples are no whole patches of {takes.patch}.", where="windows", mend=mend)
    return samples


def _check_names(channels: Mapping[SensorType, Sequence[str]], known: Mapping[SensorType, set[str]]) -> None:
    for sensor, names in channels.items():
        if lost := [name for name in names if name not in known.get(sensor, set())]:
            mend = f"There are {', '.join(sorted(known.get(sensor, set()))) or 'none'}."
            raise ModelError(f"no recording has {', '.join(lost)}.", where=str(sensor), mend=mend)


def _places(sensor: SensorType, names: Sequence[str]) -> NDArray[np.float32]:
    return np.array([place(sensor, name) or (0.0, 0.0, 0.0) for name in names], np.float32)


def _offsets(found: pl.DataFrame, sensors: Sequence[SensorType]) -> pl.DataFrame:
    """Channels of a window lie sensor type by sensor type, then stream by stream."""
    order = {str(sensor): at for at, sensor in enumerate(sensors)}
    at = pl.col("sensor_type").replace_strict(order, return_dtype=pl.Int64)
    before = pl.col("n").cum_sum().over("row") - pl.col("n")
    return found.sort("row", at, "stream_no").with_columns(offset=before)


def _windows(entries: pl.DataFrame, forms: Sequence[Form], sensor: SensorType) -> int:
    mine = [at for at, form in enumerate(forms) if form.sensor == sensor]
    return int(entries.filter(pl.col("form").is_in(mine))["row"].n_unique())


def _unplaced(entries: pl.DataFrame, forms: Sequence[Form]) -> dict[tuple[SensorType, str], int]:
    count = dict(entries["form"].value_counts().iter_rows())
    found: dict[tuple[SensorType, str], int] = {}
    for at, form in enumerate(forms):
        if form.sensor in PLACED:
            for name in form.channels:
                if place(form.sensor, name) is None:
                    found[form.sensor, name] = found.get((form.sensor, name), 0) + count.get(at, 0)
    return found
