"""The search for near copies: what it finds of planted ones, what it takes for one by mistake, how long it needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.signal import resample_poly

from biocurate.curate.leakage.fingerprint import SIZE, fingerprints, grid_of
from biocurate.curate.leakage.near import least_cosines, near_copies
from biocurate.curate.leakage.stored import stored_fingerprints, vectors_of
from biocurate.sensors import SensorType
from biocurate.store.store import Store

Signal = NDArray[np.float64]
Change = Callable[[Signal, float], tuple[Signal, float]]


def _resampled(up: int, down: int) -> Change:
    def change(x: Signal, rate: float) -> tuple[Signal, float]:
        return resample_poly(x, up, down, axis=1, padtype="line"), rate * up / down

    return change


def _rescaled(x: Signal, rate: float) -> tuple[Signal, float]:
    """Upside down, at another offset, in numbers of ten bits."""
    x = 12 - 0.37 * x
    step = np.ptp(x, axis=1, keepdims=True) / 1024
    step[step == 0] = 1
    return np.rint(x / step) * step, rate


COPIES: dict[str, Change] = {
    "half the rate": _resampled(1, 2),
    "a quarter of the rate": _resampled(1, 4),
    "5/4 of the rate": _resampled(5, 4),
    "x -0.37, 10 bits": _rescaled,
}

LEAST_BINS = 2.0
"""Samples that a copy keeps for each bin of a fingerprint: what has fewer lost what the fingerprint is of."""


def planted(store: Store) -> pl.DataFrame:
    """Copies of every stream of a store, held against all that the store has.

    Returns
    -------
    DataFrame
        sensor_type, copy, streams, without (streams that have no fingerprint), found (streams), least_alike (cosine
        of the best channel, the least of all streams).
    """
    prints = stored_fingerprints(store)
    vectors, row = vectors_of(prints)
    asked = np.full(prints.height, np.inf)
    np.minimum.at(asked, row, least_cosines(vectors))
    rows = []
    for place, sensor, rate, x in _starts(store, prints):
        grid = grid_of(sensor)
        own = fingerprints(x, rate, grid)
        for name, change in COPIES.items():
            y, other = change(x, rate)
            if other >= LEAST_BINS * grid.rate_hz:
                alike = float(_cosines(own, fingerprints(y, other, grid)).max()) if own.any() else None
                rows.append((str(sensor), name, alike, alike is not None and alike >= asked[place]))
    table = pl.DataFrame(rows, schema=["sensor_type", "copy", "alike", "found"], orient="row")
    told = table.group_by("sensor_type", "copy").agg(
        streams=pl.len(),
        without=pl.col("alike").is_null().sum(),
        found=pl.col("found").sum(),
        least_alike=pl.col("alike").min(),
    )
    return told.sort("sensor_type", "copy")


def mistaken(store: Store) -> pl.DataFrame:
    """Pairs of different recordings that are taken for copies, by sensor type, and how alike the most alike are.

    Returns
    -------
    DataFrame
        sensor_type, recordings, taken_for_copies (recordings), most_alike (greatest cosine of two recordings).
    """
    prints = stored_fingerprints(store)
    rows = []
    for (sensor,), mine in prints.group_by("sensor_type", maintain_order=True):
        vectors, row = vectors_of(mine)
        names = mine["recording_id"].to_numpy()[row]
        if not names.size:
            continue
        near = near_copies(vectors)
        apart = names[near.a] != names[near.b]
        taken = {*names[near.a][apart], *names[near.b][apart]}
        rows.append((sensor, len(set(names)), len(taken), _most_alike(vectors, names)))
    schema = ["sensor_type", "recordings", "taken_for_copies", "most_alike"]
    return pl.DataFrame(rows, schema=schema, orient="row").sort("sensor_type")


def search(store: Store, counts: tuple[int, ...] = (20_000, 100_000, 400_000)) -> pl.DataFrame:
    """Seconds that the search needs among so many fingerprints: the store's own, each with noise of its own.

    Returns
    -------
    DataFrame with columns fingerprints, seconds, microseconds_each
    """
    real, _ = vectors_of(stored_fingerprints(store))
    random = np.random.default_rng(0)
    rows = []
    for count in counts:
        many = real[random.integers(0, len(real), count)].astype(np.float32)
        many += random.standard_normal((count, SIZE), dtype=np.float32) * np.std(many, axis=1, keepdims=True)
        many *= 127 / np.abs(many).max(axis=1, keepdims=True)
        begin = time.perf_counter()
        near_copies(np.rint(many).astype(np.int8))
        seconds = time.perf_counter() - begin
        rows.append((count, seconds, 1e6 * seconds / count))
    return pl.DataFrame(rows, schema=["fingerprints", "seconds", "microseconds_each"], orient="row")


def _starts(store: Store, prints: pl.DataFrame) -> Iterator[tuple[int, SensorType, float, Signal]]:
    """The stretch of each stream that its fingerprints are made from; invalid samples are 0."""
    streams = {row["stream_id"]: row for row in store.streams.collect().iter_rows(named=True)}
    of = {(row["recording_id"], row["stream_no"]): row for row in streams.values()}
    for place, (recording_id, stream_no) in enumerate(prints.select("recording_id", "stream_no").iter_rows()):
        row = of[recording_id, stream_no]
        sensor = SensorType.parse(row["sensor_type"])
        first = row["segments"][0]
        n_samples = min(first["n_samples"], int(grid_of(sensor).span_s * row["rate_hz"]) + 1)
        if n_samples:
            begin = first["t0_ns"] / 1e9
            x = store.recording(recording_id).read(row["stream_id"], begin, begin + n_samples / row["rate_hz"])
            yield place, sensor, float(row["rate_hz"]), np.nan_to_num(x.astype(np.float64))


def _cosines(a: NDArray[np.int8], b: NDArray[np.int8]) -> NDArray[np.float64]:
    x, y = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    return np.asarray(np.abs((x * y).sum(axis=-1)) / np.where(lengths > 0, lengths, np.inf))


def _most_alike(vectors: NDArray[np.int8], names: NDArray[np.object_]) -> float:
    """By every pair: for some thousand fingerprints."""
    x = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = np.abs(x @ x.T)
    alike[np.equal.outer(names, names)] = 0
    return float(alike.max(initial=0.0))
