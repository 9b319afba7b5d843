"""What the samples of a stream are, found in one pass in bounded memory: their extremes, and how many are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.recording import Stream

BLOCK_SAMPLES = 1 << 22
"""Samples of all channels that a pass holds at once."""


@dataclass(frozen=True)
class Extent:
    """One channel."""

    low: float
    """Least valid digital value, an int for integers; 0 where there is none."""
    high: float
    n_invalid: int
    """Samples that equal the invalid code, or are no finite number."""


@dataclass(frozen=True)
class Survey:
    """All channels of a stream."""

    extents: tuple[Extent, ...]
    least: float
    """Of every sample, invalid codes too."""
    most: float
    is_float: bool

    def fits(self, bits: int) -> bool:
        """Whether every sample is a two's complement integer of so many bits."""
        return not self.is_float and self.least >= -(1 << bits - 1) and self.most < 1 << bits - 1


def survey(stream: Stream) -> Survey:
    """Read a stream once."""
    is_float = stream.samples.dtype.kind == "f"
    n_channels = len(stream.channels)
    # Integers are compared as Python's own: int64 would lose its last digits in a float.
    kind = np.float64 if is_float else stream.samples.dtype
    low, high = np.zeros(n_channels, kind), np.zeros(n_channels, kind)
    n_valid, least, most = np.zeros(n_channels, np.int64), 0, 0
    for _, block in blocks(stream):
        valid = _valid(stream, block)
        if not is_float:
            least, most = min(least, int(block.min())), max(most, int(block.max()))
        for row in range(n_channels):
            kept = block[row] if valid is None else block[row][valid[row]]
            if kept.size:
                known = bool(n_valid[row])
                low[row] = min(low[row], kept.min()) if known else kept.min()
                high[row] = max(high[row], kept.max()) if known else kept.max()
                n_valid[row] += kept.size
    columns = low.tolist(), high.tolist(), (stream.n_samples - n_valid).tolist()
    return Survey(tuple(Extent(*each) for each in zip(*columns, strict=True)), least, most, is_float)


def blocks(stream: Stream, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
    """First sample and samples of consecutive stretches, shape (channels, samples)."""
    stop = stream.n_samples if stop is None else stop
    step = max(1, BLOCK_SAMPLES // max(1, len(stream.channels)))
    for first in range(start, stop, step):
        yield first, stream.samples.read(first, min(first + step, stop))


def _valid(stream: Stream, block: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which samples are values; None where all are."""
    codes = [channel.invalid for channel in stream.channels]
    if block.dtype.kind == "f":
        valid: NDArray[np.bool_] = np.isfinite(block)
    elif any(code is not None for code in codes):
        valid = np.ones(block.shape, bool)
    else:
        return None
    for row, code in enumerate(codes):
        if code is not None:
            valid[row] &= block[row] != code
    return valid
