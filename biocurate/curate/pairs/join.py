"""Windows to pairs, in columns: every two streams of the wanted sensor types that cover a window at once.

Two streams on one clock both cover the window as it was cut. A stream on another clock is asked where, by its own
clock, the first stream's samples lie, so that what is paired was felt at the same time, not stamped with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.pairs.timing import METHODS, UNKNOWN, Streams
from biocurate.curate.windows.grids import ranges

Ints = NDArray[np.int64]


def pairs_of(windows: pl.DataFrame, streams: Streams, sensors: Sequence[str]) -> pl.DataFrame:
    """Find the pairs of some windows.

    Parameters
    ----------
    windows : DataFrame
        Rows of a window set.
    streams : Streams
        Of at least their recordings.
    sensors : sequence of str
        Two or more types. Every two of them make pairs, and a window counts where every two of them do; the same type
        twice means two streams of it.

    Returns
    -------
    DataFrame
        Columns of ``PAIRS`` without pair_id, sorted by window, and by the order of the sensor types.
    """
    entries = _entries(windows, streams)
    found: list[dict[str, Ints]] = []
    for number, (first, second) in enumerate(combinations(sensors, 2)):
        a, b = _same_clock(entries, streams, first, second)
        found.append(_columns(entries, streams, number, a, entries["stream"][b], entries["start"][b]))
        if not streams.one_clock:
            moved, stream, start = _other_clock(entries, streams, first, second)
            found.append(_columns(entries, streams, number, moved, stream, start))
    if len(found) == 1:
        return _frame(windows, streams, found[0])  # sorted, and complete
    each = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    kept = _complete(each["window"], each["combination"], number + 1, windows.height)
    # What is joined here is sorted by window already: a stable sort merges it in a few passes.
    order = np.argsort(each["window"] * len(found) + each["combination"], kind="stable")
    order = order if kept.all() else order[kept[order]]
    return _frame(windows, streams, {name: values[order] for name, values in each.items()})


def _entries(windows: pl.DataFrame, streams: Streams) -> dict[str, Any]:
    """Every stream that covers a window: rows of windows and streams, first sample, length; sorted by window."""
    known = streams.table.select("recording_id", "stream_no", stream=pl.row_index().cast(pl.Int64))
    rows = windows.select("recording_id", "duration_ns", "streams", window=pl.row_index().cast(pl.Int64))
    rows = rows.explode("streams").unnest("streams")
    rows = rows.join(known, on=["recording_id", "stream_no"], how="inner", maintain_order="left")
    return {name: rows[name].to_numpy() for name in ("window", "stream", "start", "duration_ns")}


def _same_clock(entries: dict[str, Any], streams: Streams, first: str, second: str) -> tuple[Ints, Ints]:
    """Entries that lie in one window on one clock."""
    window, stream = entries["window"], entries["stream"]
    a, b = (np.flatnonzero(_of_type(streams, sensor)[stream]) for sensor in (first, second))
    low = np.searchsorted(window[b], window[a], side="left")
    high = np.searchsorted(window[b], window[a], side="right")
    left, right = np.repeat(a, high - low), b[ranges(low, high)]
    fits = streams.clock[stream[left]] == streams.clock[stream[right]]
    fits &= (stream[left] < stream[right]) if first == second else (stream[left] != stream[right])
    return left[fits], right[fits]


def _other_clock(entries: dict[str, Any], streams: Streams, first: str, second: str) -> tuple[Ints, Ints, Ints]:
    """Entries of the first type, with streams of the second on another clock and where these have the same time."""
    other = np.flatnonzero(_of_type(streams, second))
    entry = np.flatnonzero(_of_type(streams, first)[entries["stream"]])
    mine = streams.recording[entries["stream"][entry]]
    # Streams are sorted by recording: those of a recording are one range.
    low = np.searchsorted(streams.recording[other], mine, side="left")
    high = np.searchsorted(streams.recording[other], mine, side="right")
    left, right = np.repeat(entry, high - low), other[ranges(low, high)]
    stream = entries["stream"][left]
    fits = streams.clock[stream] != streams.clock[right]
    if first == second:
        fits &= stream < right
    left, right = left[fits], right[fits]
    time = _true_time(streams, entries["stream"][left], entries["start"][left])
    start, inside = streams.sample_at(right, streams.on_device(right, time), entries["duration_ns"][left])
    return left[inside], right[inside], start[inside]


def _of_type(streams: Streams, sensor: str) -> NDArray[np.bool_]:
    return (streams.table["sensor_type"] == sensor).to_numpy()


def _true_time(streams: Streams, stream: Ints, sample: Ints) -> Ints:
    """Time of a sample on the recording's clock."""
    time = streams.time_of(stream, sample)
    return np.asarray(time + np.rint(streams.offset_at(stream, time)[0]).astype(np.int64))


def _columns(
    entries: dict[str, Any], streams: Streams, number: int, a: Ints, stream_b: Ints, start_b: Ints
) -> dict[str, Any]:
    stream_a, start_a = entries["stream"][a], entries["start"][a]
    time_a, time_b = streams.time_of(stream_a, start_a), streams.time_of(stream_b, start_b)
    shared = streams.clock[stream_a] == streams.clock[stream_b]
    moved, drift, uncertainty = np.zeros(a.size, np.int64), np.zeros(a.size), np.zeros(a.size, np.int64)
    if not shared.all():
        (add_a, slope_a), (add_b, slope_b) = streams.offset_at(stream_a, time_a), streams.offset_at(stream_b, time_b)
        moved = np.rint(np.where(shared, 0, add_b - add_a)).astype(np.int64)
        drift = np.where(shared, 0.0, (slope_b - slope_a) * 1e6)
        both = streams.uncertainty_at(stream_a, time_a), streams.uncertainty_at(stream_b, time_b)
        uncertainty = np.where(shared, 0, _together(*both))
    return {
        "window": entries["window"][a],
        "combination": np.full(a.size, number),
        "stream_a": stream_a,
        "stream_b": stream_b,
        "start_a": start_a,
        "start_b": start_b,
        "residual_ns": time_a - time_b - moved,
        "offset_ns": moved,
        "drift_ppm": drift,
        "uncertainty_ns": uncertainty,
        "method": _method(streams, stream_a, stream_b, shared),
    }


def _together(a: Ints, b: Ints) -> Ints:
    """Uncertainty of two offsets; `UNKNOWN` where one is."""
    unknown = (a == UNKNOWN) | (b == UNKNOWN)
    both = np.hypot(np.where(unknown, 0, a).astype(np.float64), np.where(unknown, 0, b).astype(np.float64))
    return np.where(unknown, UNKNOWN, np.rint(both).astype(np.int64))


def _method(streams: Streams, a: Ints, b: Ints, shared: NDArray[np.bool_]) -> Ints:
    """The less exact of the two clocks' methods; a stream on the recording's own clock needs none."""
    if shared.all():
        return np.zeros(a.size, dtype=np.int64)
    of_each = streams.table["method"].to_numpy()
    first, second = of_each[a], of_each[b]
    known = np.where(first == 0, second, np.where(second == 0, first, np.minimum(first, second)))
    return np.asarray(np.where(shared, 0, known))


def _complete(window: Ints, combination: Ints, wanted: int, n_windows: int) -> NDArray[np.bool_]:
    """Of each pair, whether its window has one of every combination."""
    if wanted == 1:
        return np.ones(window.size, dtype=bool)
    there = np.zeros((n_windows, wanted), dtype=bool)
    there[window, combination] = True
    complete: NDArray[np.bool_] = np.logical_and.reduce(there, axis=1)
    return complete[window]


def _frame(windows: pl.DataFrame, streams: Streams, each: dict[str, Any]) -> pl.DataFrame:
    table = streams.table
    of_window = windows.select("window_id", "recording_id", "revision", "person", "t0_ns", "duration_ns")
    window = each["window"]
    alone = window.size == windows.height and bool((window == np.arange(window.size)).all())
    columns = of_window if alone else of_window.select(pl.all().gather(window))
    sides = {
        f"{name}_{side}{unit}": table[source].gather(each[f"stream_{side}"])
        for side in ("a", "b")
        for name, source, unit in (
            ("sensor", "sensor_type", ""),
            ("rate", "rate_hz", "_hz"),
            ("stream", "stream_no", ""),
        )
    }
    numbers = {name: pl.Series(each[name]) for name in ("start_a", "start_b", "residual_ns", "offset_ns", "drift_ppm")}
    uncertainty = pl.Series(each["uncertainty_ns"])
    method = pl.Series(METHODS).gather(each["method"])
    return columns.with_columns(
        **sides,
        **numbers,
        uncertainty_ns=pl.when(uncertainty < UNKNOWN).then(uncertainty),
        method=method,
    )
