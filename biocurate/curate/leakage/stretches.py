"""What is kept of a whole stream, block by block, so that any stretch of it is known again at another start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.leakage.fingerprint import SIZE, grid_of
from biocurate.curate.leakage.grams import grams, shared_for_certain
from biocurate.curate.leakage.shapes import shapes, span_s
from biocurate.sensors import SensorType
from biocurate.store.signal_reader import SignalReader

CHANNELS = 12
"""Channels of a stream whose numbers are looked at: all leads of an ECG, the first of an EEG."""

MARKED = 2
"""Channels of a stream whose shapes are kept: one of them is enough to know a copy, and each costs a search."""

BLOCK = 4_000_000
"""Samples, of all channels, that are read at once."""

LONGEST = 1 << 18
"""Samples of a channel that are read at once: what is computed of them stays in a cache."""


def stretches(reader: SignalReader, stream: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Hashes and shapes of a stream.

    Parameters
    ----------
    reader : SignalReader
    stream : mapping
        A row of its ``streams``.

    Returns
    -------
    grams : bytes of int64
        See `biocurate.curate.leakage.grams`.
    shapes : bytes of int8, `SIZE` a shape
        See `biocurate.curate.leakage.shapes`.
    """
    rate = float(stream["rate_hz"])
    grid = grid_of(SensorType.parse(stream["sensor_type"]))
    numbers, marked = [], []
    for block in _blocks(reader, stream, max(shared_for_certain(rate), int(span_s(grid) * rate) + 1)):
        numbers.append(grams(block[:CHANNELS], rate))
        known = valid(block[:MARKED], stream["invalid"])
        marked += [shapes(row, rate, grid) for row in known]
    kept = np.unique(np.concatenate(numbers)) if numbers else np.empty(0, dtype=np.int64)
    made = np.concatenate([np.empty((0, SIZE), dtype=np.int8), *marked])
    return kept.astype("<i8").tobytes(), made.tobytes()


def valid(stored: NDArray[np.generic], invalid: list[int | None]) -> NDArray[np.float64]:
    """Samples as stored, without their scale; NaN where they are invalid.

    Parameters
    ----------
    stored : array, shape (..., channels, samples)
    invalid : list
        The number of each channel that means 'no sample', or None; there may be more than channels.
    """
    x = stored.astype(np.float64)
    codes = np.array(invalid[: x.shape[-2]], dtype=np.float64)
    x[x == codes[:, None]] = np.nan
    return x


def _blocks(reader: SignalReader, stream: Mapping[str, Any], overlap: int) -> Iterator[NDArray[Any]]:
    """The stored samples of a stream, in blocks that overlap; gaps are passed over as if there were none."""
    n_samples = int(stream["n_samples"])
    size = max(min(BLOCK // max(1, int(stream["n_channels"])), LONGEST), 2 * overlap)
    for first in range(0, max(n_samples - overlap, 1), size - overlap):
        start = np.array([stream["start"] + first], dtype=np.int64)
        count = min(size, n_samples - first)
        if count:
            yield reader.digital([stream["part"]], [stream["part_digest"]], start, count)[0]
