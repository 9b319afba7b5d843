"""The relation ``fingerprints``: each stream's fingerprints are made once and kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.leakage.fingerprint import SIZE, UNSEEN, VERSION, fingerprints, grid_of
from biocurate.curate.leakage.stretches import CHANNELS, stretches, valid
from biocurate.engine import Progress, Silent
from biocurate.errors import LeaseError
from biocurate.sensors import SensorType
from biocurate.store.runs import Run
from biocurate.store.schema import cast
from biocurate.store.signal_reader import SignalReader
from biocurate.store.split_schema import FINGERPRINTS
from biocurate.store.store import Store

TABLE = "fingerprints"
BATCH = 4_000_000
"""Samples that are read at once."""

KEY = ["recording_id", "revision", "stream_no"]

BYTES = ["vectors", "grams", "shapes"]
"""Of the beginning; of the numbers of the whole; of the whole at its marks."""


def stored_fingerprints(
    store: Store, progress: Progress | None = None, streams: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Fingerprints of the streams of a store; those that are wanting are made, and kept.

    They are not kept in a store that is opened at a snapshot, or that another process is writing to.

    Parameters
    ----------
    store : Store
    progress : Progress, optional
        Is told of streams.
    streams : DataFrame, optional
        Only these: recording_id, revision, stream_no; all where left out.

    Returns
    -------
    DataFrame with columns recording_id, revision, stream_no, sensor_type and, as bytes, vectors (channels x SIZE of
    int8, of the beginning), grams (int64) and shapes (SIZE of int8 each), of the whole
    """
    told = progress or Silent()
    kept = _kept(store)
    wanted = SignalReader(store).streams.filter(~pl.col("sensor_type").is_in([str(each) for each in UNSEEN]))
    if streams is not None:
        wanted = wanted.join(streams, on=KEY, how="semi")
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
    columns = [*KEY, "sensor_type", *BYTES]
    rows = store.tables.scan(TABLE) if store.tables.exists(TABLE) else None
    # A table of an earlier version of the rules has fewer columns, and no row that counts.
    if rows is None or not set(columns) <= set(rows.collect_schema()):
        return pl.DataFrame(schema={name: pl.Schema(FINGERPRINTS)[name] for name in columns})
    return rows.filter(pl.col("version") == VERSION).select(columns).unique(KEY).collect()


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
        return columns.with_columns(pl.lit(b"").alias(name) for name in BYTES)
    stored = reader.digital(
        streams["part"].to_list(), streams["part_digest"].to_list(), streams["start"].to_numpy(), n_samples
    )[:, :CHANNELS]
    known = np.stack([valid(x, codes) for x, codes in zip(stored, streams["invalid"].to_list(), strict=True)])
    made = fingerprints(known, float(row["rate_hz"]), grid)
    whole = [stretches(reader, stream) for stream in streams.iter_rows(named=True)]
    each = ([x.tobytes() for x in made], *zip(*whole, strict=True))
    return columns.with_columns(pl.Series(name, of, pl.Binary) for name, of in zip(BYTES, each, strict=True))


def vectors_of(rows: pl.DataFrame, column: str = "vectors") -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Fingerprints (or ``shapes``) as one array, and the row that each is of; those of silence are left out.

    Returns
    -------
    vectors : array of int8, shape (n, SIZE)
    row : array of int, shape (n,)
    """
    kept = rows[column].fill_null(b"")
    vectors = np.frombuffer(b"".join(kept.to_list()), dtype=np.int8).reshape(-1, SIZE)
    counts = kept.bin.size().to_numpy() // SIZE
    row = np.repeat(np.arange(rows.height), counts)
    moving = vectors.any(axis=1)
    return vectors[moving], row[moving]
