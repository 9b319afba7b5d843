"""Which stream each window is read from, and whether all of them make one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import StaleError, StoreError, UsageError
from biocurate.recording import ns_to_samples
from biocurate.sensors import SensorType
from biocurate.store.signal_reader import SignalReader
from biocurate.store.sql import nearest
from biocurate.store.stale import KEY, stale_error

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Chosen:
    """The stream of each window, in the order of the windows.

    Parameters
    ----------
    reader : SignalReader
    sensor : str
    stream : array, shape (windows,)
        Row of the reader's catalogue.
    first : array, shape (windows,)
        First sample in the stream.
    duration_ns : array, shape (windows,)
    """

    reader: SignalReader
    sensor: str
    stream: Ints
    first: Ints
    duration_ns: Ints

    @property
    def where(self) -> str:
        """For errors."""
        return f"read_windows {self.sensor}"

    def streams(self) -> pl.DataFrame:
        """Rows of the catalogue that are read from, each once."""
        return self.reader.streams[np.unique(self.stream)]


def choose(
    reader: SignalReader,
    rows: pl.DataFrame,
    sensor: SensorType,
    channels: Sequence[str] | None,
    rate_hz: float | None,
) -> Chosen:
    """Find the stream to read in each window.

    Parameters
    ----------
    reader : SignalReader
    rows : DataFrame
        Windows; one at least.
    sensor : SensorType
    channels, rate_hz
        Only streams that have all of the channels, and this rate.

    Raises
    ------
    StaleError
        Where a window was cut from a revision that has been replaced.
    UsageError
        Where a window has no such stream, or several.
    """
    index, where = reader.index, f"read_windows {sensor}"
    recording = _live(reader, rows)
    window, stream_no, first = _covering(rows)
    stream = index.find(str(sensor), recording[window], stream_no)
    window, stream, first = _only(stream >= 0, window, stream, first)
    mend = f"Filter: array_contains(sensor_types, '{sensor}')."
    _each_window_has(window, rows, where, f"no {sensor} without a gap", mend)
    if rate_hz is not None:
        rates = index.rate_hz[stream]
        mend = f"Rates there are: {', '.join(f'{rate:g}' for rate in np.unique(rates))} Hz."
        window, stream, first = _only(rates == rate_hz, window, stream, first)
        _each_window_has(window, rows, where, f"no {sensor} at {rate_hz:g} Hz", mend)
    if channels is not None:
        window, stream, first = _only(_with_all(reader, stream, channels, where), window, stream, first)
        what = f"no stream with all of {', '.join(channels)}"
        _each_window_has(window, rows, where, what, "Filter these windows out.")
    _one_each(reader, window, stream, str(sensor), where)
    duration_ns = np.asarray(rows["duration_ns"].to_numpy(), dtype=np.int64)
    return Chosen(reader, str(sensor), stream, first, duration_ns)


def _live(reader: SignalReader, rows: pl.DataFrame) -> Ints:
    """Number of each window's recording, which is there as it was when the window was cut."""
    if reader.view is not None and reader.streams.is_empty():
        raise StaleError(
            f"the windows are of the view {reader.view}, and the store has none of its streams any more.",
            where=reader.store.url,
            mend="The view was changed, or the recordings: biocurate preprocess VIEW, then biocurate windows build.",
        )
    recording = reader.index.recording_of(rows)
    if (recording < 0).any():
        stale = rows.select(KEY).filter(pl.Series(recording < 0)).unique().sort(KEY)
        raise stale_error(stale, "", reader.store.url, None)
    return recording


def _covering(rows: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Streams that cover the windows: row of the window, number in its recording, first sample."""
    streams = rows["streams"].to_arrow()
    count = np.asarray(streams.value_lengths().fill_null(0))
    each = streams.flatten()
    stream_no, first = (np.asarray(each.field(name).fill_null(-1), dtype=np.int64) for name in ("stream_no", "start"))
    return np.repeat(np.arange(rows.height), count), stream_no, first


def _only(kept: NDArray[np.bool_], *each: Ints) -> tuple[Ints, ...]:
    return each if kept.all() else tuple(values[kept] for values in each)


def _with_all(reader: SignalReader, stream: Ints, channels: Sequence[str], where: str) -> NDArray[np.bool_]:
    """Whether each stream has all of the channels."""
    montage = reader.index.montage[stream]
    of_each, some = np.unique(montage, return_index=True)
    names = [set(reader.streams["names"][int(stream[place])]) for place in some]
    known = sorted(set().union(*names))
    for name in channels:
        if name not in known:
            raise UsageError(f"there is no channel {name!r}.", where=where, mend=nearest(name, known))
    return np.isin(montage, of_each[[each.issuperset(channels) for each in names]])


def _each_window_has(window: Ints, rows: pl.DataFrame, where: str, what: str, mend: str) -> None:
    without = np.flatnonzero(np.bincount(window, minlength=rows.height) == 0)
    if without.size:
        first = rows["recording_id"][int(without[0])]
        raise UsageError(
            f"{without.size:,} of {rows.height:,} windows have {what}, one of {first}.", where=where, mend=mend
        )


def _one_each(reader: SignalReader, window: Ints, stream: Ints, sensor: str, where: str) -> None:
    twice = np.flatnonzero(np.bincount(window) > 1)
    if twice.size:
        found = reader.streams[stream[window == twice[0]]]
        streams = ", ".join(f"{row[0]} at {row[1]:g} Hz" for row in found.select("stream_id", "rate_hz").iter_rows())
        raise UsageError(
            f"several {sensor} streams cover the same window: {streams}.",
            where=where,
            mend="Say which one is meant by channels or rate_hz.",
        )


def one_length(chosen: Chosen) -> int:
    """Samples of every window; UsageError where they differ, StoreError where one reaches past its stream."""
    index = chosen.reader.index
    rates, durations = index.rate_hz[chosen.stream], chosen.duration_ns
    if (rates != rates[0]).any() or (durations != durations[0]).any():
        kinds = chosen.reader.streams.select("rate_hz", "corpus")[chosen.stream]
        kinds = kinds.with_columns(duration_ns=pl.Series(durations))
        stated = "; ".join(
            f"{duration / 1e9:g} s at {rate:g} Hz in {', '.join(corpora)}"
            for rate, duration, corpora in kinds.group_by("rate_hz", "duration_ns")
            .agg(pl.col("corpus").unique().sort())
            .sort("rate_hz", "duration_ns")
            .iter_rows()
        )
        raise UsageError(
            f"windows of different lengths in samples cannot make one array: {stated}.",
            where=chosen.where,
            mend="Filter them, name one rate_hz, or resample with a view first.",
        )
    n_samples = ns_to_samples(int(durations[0]), float(rates[0]))
    beyond = (chosen.first < 0) | (chosen.first + n_samples > index.n_samples[chosen.stream])
    if beyond.any():
        stream = chosen.reader.streams["stream_id"][int(chosen.stream[beyond][0])]
        raise StoreError("a window reaches past its stream.", where=stream, mend="Build windows again.")
    return n_samples


def one_montage(chosen: Chosen) -> list[str]:
    """The channels, which must be the same and in the same order in every window; a single one may have any name."""
    numbers = chosen.reader.index.montage[chosen.stream]
    if (numbers == numbers[0]).all():
        return list(chosen.reader.streams["names"][int(chosen.stream[0])])
    montages = (
        chosen.streams()
        .group_by("names")
        .agg(pl.col("corpus").unique().sort(), pl.col("stream_id").min())
        .sort("stream_id")
    )
    if montages["names"].list.len().unique().to_list() != [1]:
        stated = "; ".join(
            f"{', '.join(names)} ({', '.join(corpora)}, such as {stream})"
            for names, corpora, stream in montages.head(3).iter_rows()
        )
        raise UsageError(
            f"the streams differ in their channels: {stated}.",
            where=chosen.where,
            mend="Name the channels that are wanted, or filter the windows.",
        )
    return list(montages["names"][0])


def one_unit(chosen: Chosen, names: Sequence[str]) -> None:
    """Refuse to mix units: a wrong scale is worse than no data."""
    index, some = chosen.reader.index, int(chosen.stream[0])
    alike = all((each[chosen.stream] == each[some]).all() for each in (index.montage, index.units))
    if alike and len(set(own := list(chosen.reader.streams["names"][some]))) == len(own):
        return  # the usual case, which needs no grouping
    streams = chosen.streams()
    units = streams.select("corpus", "names", "canonical_units").explode("names", "canonical_units")
    if streams["names"].list.len().max() == 1:
        # One channel a stream, whatever each calls it.
        units = units.with_columns(names=pl.lit(names[0]))
    else:
        units = units.filter(pl.col("names").is_in(list(names)))
    mixed = units.group_by("names").agg(pl.col("canonical_units").unique())
    mixed = mixed.filter(pl.col("canonical_units").list.len() > 1)
    if mixed.height:
        name, found = mixed.sort("names").row(0)
        corpora = ", ".join(units["corpus"].unique().sort())
        raise UsageError(
            f"{name} is in different units: {', '.join(sorted(unit or 'none' for unit in found))} ({corpora}).",
            where=chosen.where,
            mend="Read them apart, or state the unit in the recipe.",
        )
