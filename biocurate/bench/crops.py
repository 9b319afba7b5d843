"""The search for copies that begin elsewhere: what it finds of planted crops, and what it takes for one by mistake."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.bench.leakage import COPIES, LEAST_BINS, Signal
from biocurate.curate.leakage.crops import ALIKE, SHARED, sharing_numbers, sharing_shapes
from biocurate.curate.leakage.fingerprint import FAST, SIZE, grid_of
from biocurate.curate.leakage.grams import grams
from biocurate.curate.leakage.near import least_cosines
from biocurate.curate.leakage.shapes import shapes
from biocurate.curate.leakage.stored import stored_fingerprints, vectors_of
from biocurate.curate.leakage.stretches import MARKED, stretches, valid
from biocurate.sensors import SensorType
from biocurate.store.signal_reader import SignalReader
from biocurate.store.store import Store

LENGTHS_S = (10, 30, 60, 120)
"""Of crops; of slow signals sixteen times as long, as their bins are."""

EQUAL = "equal numbers"


def planted_crops(store: Store, seed: int = 0) -> pl.DataFrame:
    """Crops of every stream that is long enough, at a place that is drawn, held against the stream itself.

    Returns
    -------
    DataFrame
        sensor_type, copy, and for each length in seconds how many of how many streams were found; of slow signals
        (GSR, TEMP, HR, SPO2, CO2) the crops are sixteen times as long.
    """
    prints = stored_fingerprints(store)
    vectors, row = vectors_of(prints, "shapes")
    least = least_cosines(vectors, ALIKE)
    random = np.random.default_rng(seed)
    rows = []
    for place, sensor, rate, digital, x in _streams(store, prints):
        mine = row == place
        kept = np.frombuffer(prints["grams"][place], dtype="<i8")
        slower = FAST.rate_hz / grid_of(sensor).rate_hz
        for length_s in LENGTHS_S:
            size = round(length_s * slower * rate)
            if size + rate > x.shape[1]:
                continue
            first = int(random.integers(1, x.shape[1] - size))
            cut = grams(digital[:, first : first + size], rate)
            rows.append((str(sensor), length_s, EQUAL, bool(np.isin(cut, kept).sum() >= SHARED)))
            for name, change in COPIES.items():
                y, other = change(np.nan_to_num(x[:, first : first + size]), rate)
                if other >= LEAST_BINS * grid_of(sensor).rate_hz:
                    alike = _found(y, other, sensor, vectors[mine], least[mine])
                    rows.append((str(sensor), length_s, name, alike))
    table = pl.DataFrame(rows, schema=["sensor_type", "length_s", "copy", "found"], orient="row")
    told = table.group_by("sensor_type", "copy", "length_s").agg(
        told=pl.format("{} of {}", pl.col("found").sum(), pl.len())
    )
    wide = told.pivot("length_s", index=["sensor_type", "copy"], values="told", sort_columns=False)
    lengths = [str(length) for length in LENGTHS_S if str(length) in wide.columns]
    return wide.select("sensor_type", "copy", *lengths).sort("sensor_type", "copy")


def mistaken_crops(store: Store) -> pl.DataFrame:
    """Pairs of different recordings that are taken to share a stretch, and by what.

    Returns
    -------
    DataFrame with columns by, a, b, sensor_type, alike
    """
    prints = stored_fingerprints(store)
    names = (
        prints.select("recording_id", "sensor_type").with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    )
    found = []
    for by, pairs in (("numbers", sharing_numbers(prints)), ("shapes", sharing_shapes(prints))):
        both = pairs.join(names.rename({"recording_id": "a"}), left_on="row_a", right_on="row")
        both = both.join(
            names.rename({"recording_id": "b"}), left_on=["row_b", "sensor_type"], right_on=["row", "sensor_type"]
        )
        found.append(both.filter(pl.col("a") != pl.col("b")).select("a", "b", "sensor_type", "alike", by=pl.lit(by)))
    return pl.concat(found).select("by", "a", "b", "sensor_type", "alike").sort("by", "a", "b")


def closest_shapes(store: Store) -> pl.DataFrame:
    """The two recordings whose shapes are most alike, by sensor type; every pair of shapes is compared.

    Returns
    -------
    DataFrame with columns sensor_type, shapes, a, b, most_alike
    """
    prints = stored_fingerprints(store)
    rows = []
    for (sensor,), mine in prints.group_by("sensor_type", maintain_order=True):
        vectors, row = vectors_of(mine, "shapes")
        if len(set(row.tolist())) > 1:
            names = mine["recording_id"].to_numpy()[row]
            rows.append((sensor, len(vectors), *_closest(vectors, names)))
    schema = ["sensor_type", "shapes", "a", "b", "most_alike"]
    return pl.DataFrame(rows, schema=schema, orient="row").sort("sensor_type")


def making(store: Store) -> pl.DataFrame:
    """Processor time to read and sum up every stream, by sensor type.

    Returns
    -------
    DataFrame with columns sensor_type, n_channels, streams, mean_s (length), milliseconds_each
    """
    reader = SignalReader(store)
    rows = []
    for (sensor, n_channels), mine in reader.streams.group_by("sensor_type", "n_channels"):
        begin = time.process_time()
        for stream in mine.iter_rows(named=True):
            stretches(reader, stream)
        each = 1e3 * (time.process_time() - begin) / mine.height
        rows.append((sensor, n_channels, mine.height, (mine["n_samples"] / mine["rate_hz"]).mean(), each))
    schema = ["sensor_type", "n_channels", "streams", "mean_s", "milliseconds_each"]
    return pl.DataFrame(rows, schema=schema, orient="row").sort("sensor_type", "n_channels")


def search_crops(store: Store, recordings: int = 100_000) -> pl.DataFrame:
    """Seconds to search so many recordings of a minute: shapes and hashes of the store's own, changed at random.

    Returns
    -------
    DataFrame with columns what, kept, seconds
    """
    prints = stored_fingerprints(store)
    real, _ = vectors_of(prints, "shapes")
    random = np.random.default_rng(0)
    of_each = 2 * MARKED * 2
    many = real[random.integers(0, len(real), recordings * of_each)].astype(np.float32)
    many += random.standard_normal(many.shape, dtype=np.float32) * np.std(many, axis=1, keepdims=True)
    many *= 127 / np.abs(many).max(axis=1, keepdims=True)
    made = np.rint(many).astype(np.int8).reshape(recordings, of_each * SIZE)
    hashes = random.integers(0, 1 << 53, (recordings, 400))
    table = pl.DataFrame({"shapes": [each.tobytes() for each in made], "grams": [each.tobytes() for each in hashes]})
    rows = []
    for what, search, kept in (("numbers", sharing_numbers, hashes.size), ("shapes", sharing_shapes, len(many))):
        begin = time.perf_counter()
        search(table)
        rows.append((what, kept, time.perf_counter() - begin))
    return pl.DataFrame(rows, schema=["what", "kept", "seconds"], orient="row")


def _streams(store: Store, prints: pl.DataFrame) -> Iterator[tuple[int, SensorType, float, NDArray[Any], Signal]]:
    """Each stream's first channels, as stored, and with NaN where they are invalid."""
    reader = SignalReader(store)
    wanted = prints.select("recording_id", "stream_no").with_row_index("place")
    for row in wanted.join(reader.streams, on=["recording_id", "stream_no"]).iter_rows(named=True):
        if row["n_samples"]:
            start = np.array([row["start"]], dtype=np.int64)
            stored = reader.digital([row["part"]], [row["part_digest"]], start, row["n_samples"])[0, :MARKED]
            known = valid(stored, row["invalid"])
            yield row["place"], SensorType.parse(row["sensor_type"]), float(row["rate_hz"]), stored, known


def _closest(vectors: NDArray[np.int8], names: NDArray[np.object_]) -> tuple[str, str, float]:
    unit = (vectors / np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)).astype(np.float32)
    best: tuple[str, str, float] = ("", "", 0.0)
    for first in range(0, len(unit), 1000):
        alike = np.abs(unit[first : first + 1000] @ unit.T)
        alike[np.equal.outer(names[first : first + 1000], names)] = 0
        at, other = np.unravel_index(alike.argmax(), alike.shape)
        if alike[at, other] > best[2]:
            best = (str(names[first + at]), str(names[other]), float(alike[at, other]))
    return best


def _found(x: Signal, rate: float, sensor: SensorType, own: NDArray[np.int8], least: NDArray[np.float64]) -> bool:
    """Whether a shape of a crop is one of the stream's."""
    made = np.concatenate([shapes(row, rate, grid_of(sensor)) for row in x]).astype(np.float64)
    if not made.size or not own.size:
        return False
    lengths = np.linalg.norm(made, axis=1)[:, None] * np.linalg.norm(own.astype(np.float64), axis=1)
    return bool((np.abs(made @ own.T.astype(np.float64)) / lengths >= least).any())
