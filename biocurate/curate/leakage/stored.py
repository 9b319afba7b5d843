"""The relation ``fingerprints``: each stream's fingerprints are made once and kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.leakage.fingerprint import SIZE, UNSEEN, VERSION, fingerprints, grid_of
from biocurate.engine import Progress, Silent
from biocurate.errors import LeaseError
from biocurate.sensors import SensorType
from biocurate.store.runs import Run
from biocurate.store.schema import cast
from biocurate.store.signal_reader import SignalReader
from biocurate.store.split_schema import FINGERPRINTS
from biocurate.store.store import Store

TABLE = "fingerprints"
CHANNELS = 12
"""Channels of a stream that get one: all leads of an ECG, the first of an EEG."""

BATCH = 4_000_000
"""Samples that are read at once."""

KEY = ["recording_id", "revision", "stream_no"]


def stored_fingerprints(store: Store, progress: Progress | None = None) -> pl.DataFrame:
    """Fingerprints of every stream of a store; those that are wanting are made, and kept.

    They are not kept in a store that is opened at a snapshot, or that another process is writing to.

    Parameters
    ----------
    store : Store
    progress : Progress, optional
        Is told of streams.

    Returns
    -------
    DataFrame with columns recording_id, revision, stream_no, sensor_type, vectors (bytes, channels x SIZE of int8)
    """
    told = progress or Silent()
    kept = _kept(store)
    wanted = SignalReader(store).streams.filter(~pl.col("sensor_type").is_in([str(each) for each in UNSEEN]))
    missing = wanted.join(kept, on=KEY, how="anti")
    if missing.is_empty():
        return kept.join(wanted.select(KEY), on=KEY, how="semi")
    told.start(missing.height)
    made = [kept]
    reader = SignalReader(store)
    for batch in _batches(missing):
        made.append(_made(reader, batch))
        told.advance(batch.height)
    whole = pl.concat(made)
    if store.opened_at is None:
        _keep(store, whole.join(kept, on=KEY, how="anti"))
    return whole.join(wanted.select(KEY), on=KEY, how="semi")


def _kept(store: Store) -> pl.DataFrame:
    columns = [*KEY, "sensor_type", "vectors"]
    if not store.tables.exists(TABLE):
        return pl.DataFrame(schema={name: pl.Schema(FINGERPRINTS)[name] for name in columns})
    return store.tables.scan(TABLE).filter(pl.col("version") == VERSION).select(columns).unique(KEY).collect()


def _keep(store: Store, rows: pl.DataFrame) -> None:
    run = Run(TABLE, "store", {"version": VERSION})
    table = rows.with_columns(version=pl.lit(VERSION))
    try:
        with store.lease("check leakage", run.run_id):
            store.tables.create(TABLE, FINGERPRINTS)
            store.tables.append(TABLE, cast(table.to_arrow(), FINGERPRINTS))
            run.finish(store, done=rows.height)
            store.publish(run.run_id)
    except LeaseError:
        return  # another process writes; the next check makes them again


def _batches(streams: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Streams that can be read as one array: of one rate, channel count and length of signal."""
    span = pl.col("sensor_type").map_elements(_span_s, return_dtype=pl.Float64)
    first = pl.col("segments").list.first().struct.field("n_samples")
    same = ["sensor_type", "rate_hz", "n_channels", "looked_at"]
    rows = streams.with_columns(
        looked_at=pl.min_horizontal(first, (span * pl.col("rate_hz")).ceil().cast(pl.Int64) + 1)
    )
    for (_, _, n_channels, n_samples), group in rows.sort("part", "start").group_by(same, maintain_order=True):
        yield from group.iter_slices(max(1, BATCH // max(1, int(n_channels) * int(n_samples or 0))))


def _span_s(sensor: str) -> float:
    return grid_of(SensorType.parse(sensor)).span_s


def _made(reader: SignalReader, streams: pl.DataFrame) -> pl.DataFrame:
    """Fingerprints of streams of one kind."""
    row = streams.row(0, named=True)
    grid, n_samples = grid_of(SensorType.parse(row["sensor_type"])), int(row["looked_at"] or 0)
    columns = streams.select(*KEY, "sensor_type")
    if not n_samples:
        return columns.with_columns(vectors=pl.lit(b""))
    stored = reader.digital(
        streams["part"].to_list(), streams["part_digest"].to_list(), streams["start"].to_numpy(), n_samples
    )[:, :CHANNELS]
    made = fingerprints(_valid(stored, streams), float(row["rate_hz"]), grid)
    return columns.with_columns(vectors=pl.Series([each.tobytes() for each in made], dtype=pl.Binary))


def _valid(stored: NDArray[np.generic], streams: pl.DataFrame) -> NDArray[np.float64]:
    """Samples as stored, without their scale; NaN where they are invalid."""
    x = stored.astype(np.float64)
    codes = np.array([list(each)[: x.shape[1]] for each in streams["invalid"].to_list()], dtype=np.float64)
    x[x == codes[..., None]] = np.nan
    return x


def vectors_of(rows: pl.DataFrame) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Fingerprints as one array, and the row that each is of; those of silence are left out.

    Returns
    -------
    vectors : array of int8, shape (n, SIZE)
    row : array of int, shape (n,)
    """
    kept = rows["vectors"].fill_null(b"")
    vectors = np.frombuffer(b"".join(kept.to_list()), dtype=np.int8).reshape(-1, SIZE)
    counts = kept.bin.size().to_numpy() // SIZE
    row = np.repeat(np.arange(rows.height), counts)
    moving = vectors.any(axis=1)
    return vectors[moving], row[moving]
