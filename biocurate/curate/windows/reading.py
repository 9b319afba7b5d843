"""The samples of windows, as one array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.views.lazy import Computing
from biocurate.errors import StaleError, StoreError, UsageError
from biocurate.recording import ns_to_samples
from biocurate.sensors import SensorType
from biocurate.store.finish import Scaling, finished
from biocurate.store.reading import physical
from biocurate.store.signal_reader import SignalReader, view_of
from biocurate.store.sql import nearest
from biocurate.store.stale import KEY, stale_error
from biocurate.store.store import Store

BLOCK = 8_000_000
"""Samples that are decoded and scaled at once, which bounds the memory beside the result."""


def read_windows(
    store: Store,
    rows: pl.DataFrame,
    sensor: str = "ECG",
    channels: Sequence[str] | None = None,
    digital: bool = False,
    reader: SignalReader | None = None,
    rate_hz: float | None = None,
    scaling: Scaling | None = None,
) -> NDArray[Any]:
    """Read one sensor type in many windows; windows of a view are read as the view has them, normalised and clipped.

    Where several streams of the sensor type cover a window, ``channels`` or ``rate_hz`` has to say which one is meant.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows: recording_id, revision, duration_ns and streams, as in a window set or manifest.
    sensor : str
        Sensor type or alias, such as ``ECG`` or ``EDA``.
    channels : sequence of str, optional
        Canonical channel names, in the order wanted; all of the stream where left out.
    digital : bool
        The stored values instead of physical ones.
    reader : SignalReader, optional
        Keep one over many calls: it holds the catalogue of streams.
    rate_hz : float, optional
        Only streams of this sampling rate.
    scaling : Scaling, optional
        Of a view that is normalised over the split one trains on: what `fit_scaling` found there.

    Returns
    -------
    array, shape (windows, channels, samples)
        In the order of ``rows``; float32 in canonical units, NaN where the file marks samples invalid, or as stored.

    Raises
    ------
    StaleError
        Where a window was cut from a revision that has been replaced.
    UsageError
        Where a window lacks the sensor type or a channel, or windows differ in rate, length, channels or unit.
    DamageError
        Where stored bytes are missing or changed.
    """
    if rows.is_empty():
        raise UsageError("there is no window to read.", where=f"read_windows {sensor}")
    if reader is None:
        reader = SignalReader.of(store, rows)
    elif reader.view != view_of(rows):
        raise UsageError("the reader is not of the windows' view.", mend="Make it by SignalReader.of(store, rows).")
    chosen = _choose(reader, rows, SensorType.parse(sensor), channels, rate_hz)
    n_samples = _one_length(chosen, sensor)
    names = list(channels) if channels is not None else _one_montage(chosen, sensor)
    if not digital:
        _one_unit(chosen, names, sensor)
    out: NDArray[Any] | None = None
    for mine, block in _blocks(reader, chosen, names, n_samples, digital, scaling):
        if out is None:
            out = np.empty((rows.height, *block.shape[1:]), dtype=block.dtype)
        out = out.astype(np.promote_types(out.dtype, block.dtype), copy=False)
        out[mine] = block
    assert out is not None
    return out


def _choose(
    reader: SignalReader,
    rows: pl.DataFrame,
    sensor: SensorType,
    channels: Sequence[str] | None,
    rate_hz: float | None,
) -> pl.DataFrame:
    """One row a window, in the order of ``rows``: the stream to read, and the first sample in its part."""
    where = f"read_windows {sensor}"
    _check_live(reader, rows)
    covering = (
        rows.select(pl.row_index("row"), "recording_id", "duration_ns", "streams")
        .explode("streams")
        .unnest("streams")
        .rename({"start": "first"})
    )
    of_type = reader.streams.filter(pl.col("sensor_type") == str(sensor))
    found = covering.join(of_type, on=["recording_id", "stream_no"], how="inner", maintain_order="left")
    _each_window_has(
        found, rows, where, f"no {sensor} without a gap", f"Filter: array_contains(sensor_types, '{sensor}')."
    )
    if rate_hz is not None:
        rates = found["rate_hz"].unique().sort().to_list()
        found = found.filter(pl.col("rate_hz") == rate_hz)
        mend = f"Rates there are: {', '.join(f'{rate:g}' for rate in rates)} Hz."
        _each_window_has(found, rows, where, f"no {sensor} at {rate_hz:g} Hz", mend)
    if channels is not None:
        known = found["names"].explode().unique().drop_nulls().to_list()
        for name in channels:
            if name not in known:
                raise UsageError(f"there is no channel {name!r}.", where=where, mend=nearest(name, known))
        found = found.filter(pl.all_horizontal(pl.col("names").list.contains(name) for name in channels))
        _each_window_has(
            found, rows, where, f"no stream with all of {', '.join(channels)}", "Filter these windows out."
        )
    twice = found.filter(pl.col("row").is_duplicated())
    if twice.height:
        ids = twice.filter(pl.col("row") == twice["row"][0])
        streams = ", ".join(f"{row[0]} at {row[1]:g} Hz" for row in ids.select("stream_id", "rate_hz").iter_rows())
        raise UsageError(
            f"several {sensor} streams cover the same window: {streams}.",
            where=where,
            mend="Say which one is meant by channels or rate_hz.",
        )
    return found.with_columns(at=pl.col("start") + pl.col("first"))


def _check_live(reader: SignalReader, rows: pl.DataFrame) -> None:
    if reader.view is not None and reader.streams.is_empty():
        raise StaleError(
            f"the windows are of the view {reader.view}, and the store has none of its streams any more.",
            where=reader.store.url,
            mend="The view was changed, or the recordings: biocurate preprocess VIEW, then biocurate windows build.",
        )
    stale = rows.select(KEY).unique().join(reader.streams.select(KEY), on=KEY, how="anti").sort(KEY)
    if stale.height:
        raise stale_error(stale, "", reader.store.url, None)


def _each_window_has(found: pl.DataFrame, rows: pl.DataFrame, where: str, what: str, mend: str) -> None:
    without = rows.height - found["row"].n_unique()
    if without:
        lost = np.setdiff1d(np.arange(rows.height), found["row"].to_numpy())[0]
        first = rows["recording_id"][int(lost)]
        raise UsageError(f"{without:,} of {rows.height:,} windows have {what}, one of {first}.", where=where, mend=mend)


def _one_length(chosen: pl.DataFrame, sensor: str) -> int:
    """Samples of every window."""
    kinds = chosen.group_by("rate_hz", "duration_ns").agg(pl.col("corpus").unique().sort()).sort("rate_hz")
    if kinds.height > 1:
        stated = "; ".join(
            f"{duration / 1e9:g} s at {rate:g} Hz in {', '.join(corpora)}"
            for rate, duration, corpora in kinds.iter_rows()
        )
        raise UsageError(
            f"windows of different lengths in samples cannot make one array: {stated}.",
            where=f"read_windows {sensor}",
            mend="Filter them, name one rate_hz, or resample with a view first.",
        )
    n_samples = ns_to_samples(int(kinds["duration_ns"][0]), float(kinds["rate_hz"][0]))
    beyond = chosen.filter((pl.col("first") < 0) | (pl.col("first") + n_samples > pl.col("n_samples")))
    if beyond.height:
        raise StoreError("a window reaches past its stream.", where=beyond["stream_id"][0], mend="Build windows again.")
    return n_samples


def _one_montage(chosen: pl.DataFrame, sensor: str) -> list[str]:
    """The channels, which must be the same and in the same order in every window; a single one may have any name."""
    montages = (
        chosen.group_by("names").agg(pl.col("corpus").unique().sort(), pl.col("stream_id").min()).sort("stream_id")
    )
    sizes = montages["names"].list.len().unique()
    if montages.height > 1 and sizes.to_list() != [1]:
        stated = "; ".join(
            f"{', '.join(names)} ({', '.join(corpora)}, such as {stream})"
            for names, corpora, stream in montages.head(3).iter_rows()
        )
        raise UsageError(
            f"the streams differ in their channels: {stated}.",
            where=f"read_windows {sensor}",
            mend="Name the channels that are wanted, or filter the windows.",
        )
    return list(montages["names"][0])


def _one_unit(chosen: pl.DataFrame, names: list[str], sensor: str) -> None:
    """Refuse to mix units: a wrong scale is worse than no data."""
    alike = chosen["names"].n_unique() == chosen["canonical_units"].n_unique() == 1
    if alike and len(set(own := chosen["names"][0].to_list())) == len(own):
        return  # the usual case, which needs no grouping
    units = chosen.unique("stream_id").select("corpus", "names", "canonical_units").explode("names", "canonical_units")
    if chosen["names"].list.len().max() == 1:
        # One channel a stream, whatever each calls it.
        units = units.with_columns(names=pl.lit(names[0]))
    else:
        units = units.filter(pl.col("names").is_in(names))
    mixed = units.group_by("names").agg(pl.col("canonical_units").unique())
    mixed = mixed.filter(pl.col("canonical_units").list.len() > 1)
    if mixed.height:
        name, found = mixed.sort("names").row(0)
        corpora = ", ".join(units["corpus"].unique().sort())
        raise UsageError(
            f"{name} is in different units: {', '.join(sorted(unit or 'none' for unit in found))} ({corpora}).",
            where=f"read_windows {sensor}",
            mend="Read them apart, or state the unit in the recipe.",
        )


def _blocks(
    reader: SignalReader,
    chosen: pl.DataFrame,
    names: list[str],
    n_samples: int,
    digital: bool,
    scaling: Scaling | None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """Windows by montage and place in the store, in blocks of bounded size: their rows, and their samples."""
    computing = Computing(reader.store)
    chosen = chosen.with_columns(stored=pl.col("part").is_not_null()).sort("names", "part", "stream_id", "at")
    for (montage, is_stored), group in chosen.group_by(["names", "stored"], maintain_order=True):
        own = list(montage)
        picked = list(range(len(own))) if own == names or len(own) == 1 else [own.index(name) for name in names]
        step = max(1, BLOCK // max(1, len(own) * n_samples))
        for block in group.iter_slices(step):
            if is_stored:
                parts, digests = block["part"].to_list(), block["part_digest"].to_list()
                stored = reader.digital(parts, digests, block["at"].to_numpy(), n_samples)
            else:
                stored = computing.windows(block, n_samples)
            if picked != list(range(len(own))):
                stored = stored[:, picked]
            values = stored if digital else _scaled(stored, block, picked)
            if reader.view is not None and not digital:
                floor = _per_channel(block, "floor", picked)
                values = finished(values, block.row(0, named=True), floor, [own[place] for place in picked], scaling)
            yield block["row"].to_numpy().astype(np.int64), values


def _scaled(stored: NDArray[Any], block: pl.DataFrame, picked: list[int]) -> NDArray[np.float32]:
    scale, shift, invalid = (_per_channel(block, name, picked) for name in ("scale", "shift", "invalid"))
    out = physical(stored, scale, shift, ())
    _mark_invalid(out, stored, invalid)
    return out


def _mark_invalid(out: NDArray[np.float32], stored: NDArray[Any], invalid: NDArray[np.float64]) -> None:
    """Put NaN where a stored value is its channel's invalid code; integers are compared as integers."""
    known = ~np.isnan(invalid)
    codes: NDArray[Any] = invalid
    if stored.dtype.kind in "iu":
        ends = np.iinfo(stored.dtype)
        known &= (invalid >= ends.min) & (invalid <= ends.max)
        codes = np.where(known, invalid, 0).astype(stored.dtype)
    if known.any():
        found = stored == codes[..., None]
        found &= known[..., None]
        if found.any():
            out[found] = np.nan


def _per_channel(block: pl.DataFrame, name: str, picked: list[int]) -> NDArray[np.float64]:
    """A list column as an array, shape (windows, channels)."""
    flat = block[name].explode().cast(pl.Float64).to_numpy()
    return np.asarray(flat.reshape(block.height, -1)[:, picked], dtype=np.float64)
