"""The samples of windows, as one array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.views.lazy import Computing
from biocurate.curate.windows.choosing import Chosen, choose, one_length, one_montage, one_unit
from biocurate.errors import UsageError
from biocurate.sensors import SensorType
from biocurate.store.finish import Scaling, finished, is_flat
from biocurate.store.scales import Scales
from biocurate.store.signal_reader import SignalReader, view_of
from biocurate.store.spans import Target, as_stored
from biocurate.store.store import Store

Ints = NDArray[np.int64]

BLOCK = 8_000_000
"""Samples that are computed or finished at once, which bounds the memory beside the result."""


def read_windows(
    store: Store,
    rows: pl.DataFrame,
    sensor: str = "ECG",
    channels: Sequence[str] | None = None,
    digital: bool = False,
    reader: SignalReader | None = None,
    rate_hz: float | None = None,
    scaling: Scaling | None = None,
    flat: NDArray[np.bool_] | None = None,
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
    flat : array of bool, shape (windows, channels), optional
        Is told which channels of which windows are constant or have no sample, before anything normalises them: no
        mean and spread make signals of these, and none is divided.

    Returns
    -------
    array, shape (windows, channels, samples)
        In the order of ``rows``; float32 in canonical units, NaN where the file marks samples invalid, or as stored.

    Raises
    ------
    StaleError
        Where a window was cut from a revision that has been replaced, or its view makes other samples of it.
    UsageError
        Where a window lacks the sensor type or a channel, or windows differ in rate, length, channels or unit.
    DamageError
        Where stored bytes are missing or changed.
    """
    if rows.is_empty():
        raise UsageError("there is no window to read.", where=f"read_windows {sensor}")
    if reader is None:
        reader = SignalReader.of(store, rows)
        if reader.view is not None:
            store.check_live(rows.lazy())
    elif reader.view != view_of(rows):
        raise UsageError("the reader is not of the windows' view.", mend="Make it by SignalReader.of(store, rows).")
    chosen = choose(reader, rows, SensorType.parse(sensor), channels, rate_hz)
    n_samples = one_length(chosen)
    names = list(channels) if channels is not None else one_montage(chosen)
    if not digital:
        one_unit(chosen, names)
    out = np.empty((rows.height, len(names), n_samples), np.float32 if not digital else reader.dtype(chosen.stream))
    for mine, own in _montages(chosen):
        picked = np.arange(len(own)) if own == names or len(own) == 1 else np.array([own.index(name) for name in names])
        _put(chosen, mine, picked, out, digital)
        if flat is not None:
            _flag(chosen, mine, picked, out, flat)
        if reader.view is not None and not digital:
            _finish(chosen, mine, picked, [own[place] for place in picked], out, scaling)
    return out


def _montages(chosen: Chosen) -> Iterator[tuple[Ints, list[str]]]:
    """Windows whose streams have the same channels in the same order: their rows, and the channels."""
    montage = chosen.reader.index.montage[chosen.stream]
    for number in np.unique(montage):
        mine = np.flatnonzero(montage == number)
        yield mine, list(chosen.reader.streams["names"][int(chosen.stream[mine[0]])])


def _put(chosen: Chosen, mine: Ints, picked: Ints, out: NDArray[Any], digital: bool) -> None:
    """Put samples of some windows, whose streams have the same channels, into their rows of the result."""
    index, first = chosen.reader.index, chosen.first[mine]
    known, kinds = np.unique(chosen.stream[mine], return_inverse=True)
    everything = np.array_equal(picked, np.arange(len(chosen.reader.streams["names"][int(known[0])])))
    turn = as_stored if digital else Scales.of(index, known, picked)
    target = Target(out, turn, None if everything else picked.tolist())
    stored = index.part[known][kinds] >= 0
    chosen.reader.put(known[kinds[stored]], first[stored], mine[stored], kinds[stored], target)
    if not stored.all():
        _compute(chosen.reader, known[kinds[~stored]], first[~stored], mine[~stored], kinds[~stored], target)


def _compute(reader: SignalReader, stream: Ints, first: Ints, rows: Ints, kinds: Ints, target: Target) -> None:
    """The same for streams of a view that have no part, in blocks of bounded size."""
    computing, n_samples = Computing(reader.store), target.out.shape[2]
    order = np.lexsort((first, stream))
    step = max(1, BLOCK // max(1, int(reader.streams["n_channels"][int(stream[0])]) * n_samples))
    for at in range(0, order.size, step):
        some = order[at : at + step]
        windows = reader.streams[stream[some]].with_columns(first=pl.Series(first[some]))
        for place, values in zip(some, computing.windows(windows, n_samples), strict=True):
            wanted = values if target.channels is None else values[target.channels]
            target.turn(wanted, int(kinds[place]), target.out[rows[place]])


def _flag(chosen: Chosen, mine: Ints, picked: Ints, out: NDArray[Any], flat: NDArray[np.bool_]) -> None:
    """Say which channels of windows are flat, in blocks of bounded size."""
    for some in _blocks(mine, out):
        floor = np.zeros((some.size, picked.size))
        if chosen.reader.view is not None:
            floor = chosen.reader.index.per_channel("floor", chosen.stream[some], picked)
        flat[some] = is_flat(out[some], floor)


def _blocks(mine: Ints, out: NDArray[Any]) -> Iterator[Ints]:
    step = max(1, BLOCK // max(1, out.shape[1] * out.shape[2]))
    for at in range(0, mine.size, step):
        yield mine[at : at + step]


def _finish(
    chosen: Chosen, mine: Ints, picked: Ints, own: Sequence[str], out: NDArray[np.float32], scaling: Scaling | None
) -> None:
    """Normalise and clip windows of a view, in blocks of bounded size."""
    row = chosen.reader.streams.row(int(chosen.stream[mine[0]]), named=True)
    for some in _blocks(mine, out):
        floor = chosen.reader.index.per_channel("floor", chosen.stream[some], picked)
        out[some] = finished(out[some], row, floor, own, scaling)
