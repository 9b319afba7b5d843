"""Samples out of parts: batched reads, the catalogue of streams, and the way to physical values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.recording import NS
from biocurate.store.arrays import open_array
from biocurate.store.objects import Objects
from biocurate.store.signals import part_key
from biocurate.store.spans import Target, put_spans

BUFFER = 2048
"""Values that numpy converts at once; its own 8192 take half as long again."""


def read_parts(
    objects: Objects, parts: Sequence[str], digests: Sequence[str], starts: NDArray[np.int64], n_samples: int
) -> NDArray[Any]:
    """Read spans part by part and put them into the order asked for."""
    _, first, which = np.unique(np.asarray(parts, dtype=object), return_index=True, return_inverse=True)
    readers = [open_array(objects, part_key(str(parts[at])), digests[at]) for at in first]
    if not readers:
        return np.empty((0, 0, n_samples))
    n_channels = sorted({reader.shape[0] for reader in readers})
    if len(n_channels) > 1:
        raise ValueError(f"streams of {n_channels[0]} and {n_channels[1]} channels cannot be read as one array")
    out = np.empty((len(parts), n_channels[0], n_samples), np.result_type(*(reader.dtype for reader in readers)))
    for number, reader in enumerate(readers):
        mine = np.flatnonzero(which == number)
        put_spans(reader, starts[mine], mine, np.zeros_like(mine), Target(out))
    return out


def catalogue(streams: pl.DataFrame) -> pl.DataFrame:
    """Join to each stream the lists of its channels' names and scales."""
    from biocurate.sensors import SensorType, canonical_unit

    units = {
        (unit, sensor): canonical_unit(unit, SensorType.parse(sensor))
        for unit, sensor in streams.select(
            pl.col("channels").list.eval(pl.element().struct.field("unit")), "sensor_type"
        )
        .explode("channels")
        .unique()
        .drop_nulls()
        .iter_rows()
    }
    table = pl.DataFrame(
        [
            {
                "unit": unit,
                "sensor_type": sensor,
                "factor": found.factor if found else 1.0,
                "add": found.shift if found else 0.0,
            }
            for (unit, sensor), found in units.items()
        ],
        schema={"unit": pl.String, "sensor_type": pl.String, "factor": pl.Float64, "add": pl.Float64},
    )
    scales = (
        streams.select("stream_id", "sensor_type", "channels")
        .explode("channels")
        .unnest("channels")
        .join(table, on=["unit", "sensor_type"], how="left", maintain_order="left")
        .group_by("stream_id", maintain_order=True)
        .agg(
            names=pl.col("name"),
            canonical_units=pl.col("canonical_unit"),
            scale=pl.col("gain") * pl.col("factor").fill_null(1.0),
            shift=pl.col("offset") * pl.col("factor").fill_null(1.0) + pl.col("add").fill_null(0.0),
            invalid=pl.col("invalid"),
        )
    )
    return streams.drop("channels").join(scales, on="stream_id", how="left", maintain_order="left")


def physical(
    digital: NDArray[Any],
    scale: NDArray[np.float64],
    shift: NDArray[np.float64],
    invalid: Sequence[int | None] | NDArray[Any],
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Digital values to canonical units, computed in float64, NaN where invalid.

    Parameters
    ----------
    digital : array, shape (..., channels, samples)
    scale, shift : array, broadcast over the samples: shape (..., channels)
    invalid : sequence, shape (channels,)
        The digital value that means 'no sample', or None.
    out : array, float32, optional
        Where to put them; shape as ``digital``.

    Returns
    -------
    array, float32, shape as ``digital``
    """
    result: NDArray[np.float32] = np.empty(digital.shape, dtype=np.float32) if out is None else out
    with np.errstate():
        # numpy's own buffers then stay in the nearest cache; the context puts their size back.
        np.setbufsize(BUFFER)
        if shift.any():
            values = np.multiply(digital, scale[..., None], dtype=np.float64)
            np.add(values, shift[..., None], out=result, dtype=np.float64, casting="same_kind")
        else:
            # One pass, rounded once to float32: the same values.
            np.multiply(digital, scale[..., None], out=result, dtype=np.float64, casting="same_kind")
    for row, code in enumerate(invalid):
        if code is not None:
            result[..., row, :][digital[..., row, :] == code] = np.nan
    return result


def locate(
    segments: Sequence[dict[str, int]], rate_hz: float, start_ns: int, n_samples: int
) -> list[tuple[int, int, int]]:
    """Which samples of a stream fall into a span on the stream's own grid.

    Returns
    -------
    list of (offset in the span, first sample in the stream, samples)
    """
    found, before = [], 0
    for segment in segments:
        # Halves go one way, so that streams which touch get neighbouring places; `round` goes to the even one.
        at = -math.floor((start_ns - segment["t0_ns"]) * rate_hz / NS + 0.5)
        first, stop = max(at, 0), min(at + segment["n_samples"], n_samples)
        if first < stop:
            found.append((first, before + first - at, stop - first))
        before += segment["n_samples"]
    return found
