"""Numbers of images: the same in every store, and made without looking at any other image."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

STREAM = ("recording_id", "revision", "stream_no")


def image_ids(spans: pl.DataFrame, indexes: Sequence[int], drawn: str) -> NDArray[np.int64]:
    """Number the images of some windows: a hash of the span, the channel and the representation.

    Parameters
    ----------
    spans : DataFrame
        A row a window: recording_id, revision, stream_no, t0_ns and duration_ns.
    indexes : sequence of int
        Channels of the stream.
    drawn : str
        Id of the representation, and the view that the windows are of.

    Returns
    -------
    array of int64, shape (windows, channels), not negative; a billion of them collide with a chance of 5 %
    """
    keys = spans.select(STREAM)
    streams = keys.unique(maintain_order=True).with_row_index("stream")
    salts = np.array([[_salt((*row[1:], index, drawn)) for index in indexes] for row in streams.iter_rows()])
    which = keys.join(streams, on=STREAM, how="left", maintain_order="left")["stream"].to_numpy()
    mixed = _mix(salts[which] ^ _mix(spans["t0_ns"].to_numpy().astype(np.uint64))[:, None])
    mixed = _mix(mixed ^ spans["duration_ns"].to_numpy().astype(np.uint64)[:, None])
    return (mixed >> np.uint64(1)).astype(np.int64)


def _salt(facts: tuple[object, ...]) -> np.uint64:
    return np.uint64(int.from_bytes(sha256("\n".join(map(str, facts)).encode()).digest()[:8], "little"))


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits; source: Steele, Lea & Flood, Fast splittable pseudorandom number generators, OOPSLA 2014."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
