"""Samples of streams of one kind, as windows to be drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.windows.reading import read_windows
from biocurate.store.signal_reader import SignalReader

Ints = NDArray[np.int64]


def read_streams(reader: SignalReader, sensor: str, stream: Ints, first: Ints, duration_ns: int) -> NDArray[Any]:
    """Read windows of streams that share sensor type, rate and channels.

    Parameters
    ----------
    reader : SignalReader
    sensor : str
    stream, first : array of int, shape (n,)
        Row of the reader's catalogue, and first sample in the stream.
    duration_ns : int

    Returns
    -------
    array, shape (n, channels, samples), float32, canonical unit
    """
    # Each window comes with the one stream that is drawn, so that another stream of the same sensor type is no doubt.
    windows = reader.streams[stream].select(
        "recording_id",
        "revision",
        duration_ns=pl.lit(duration_ns, pl.Int64),
        view=pl.lit(reader.view, pl.String),
        streams=pl.concat_list(pl.struct("stream_no", start=pl.Series(first))),
    )
    return read_windows(reader.store, windows, sensor, reader=reader)
