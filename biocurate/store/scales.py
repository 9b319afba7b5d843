"""The scales of some streams: from stored values to canonical units, NaN where a value is the invalid code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.store.reading import physical
from biocurate.store.stream_index import StreamIndex

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scales:
    """Turns stored values into physical ones, for the streams of a batch.

    Parameters
    ----------
    scale, shift, invalid : array, shape (streams, channels)
        ``invalid`` is NaN where a channel has no such code.
    """

    scale: Floats
    shift: Floats
    invalid: Floats

    @classmethod
    def of(cls, index: StreamIndex, streams: NDArray[np.int64], channels: NDArray[np.int64]) -> Scales:
        """Of some channels of streams that have all of them."""
        return cls(*(index.per_channel(name, streams, channels) for name in ("scale", "shift", "invalid")))

    def __call__(self, stored: NDArray[Any], kind: int, out: NDArray[Any]) -> None:
        """Put physical values of stored ones into an array.

        Parameters
        ----------
        stored : array, shape (channels, samples)
        kind : int
            Which of the streams they are of.
        out : array of float32, shape (channels, samples)
        """
        physical(stored, self.scale[kind], self.shift[kind], (), out)
        _mark_invalid(out, stored, self.invalid[kind])


def _mark_invalid(out: NDArray[np.float32], stored: NDArray[Any], invalid: Floats) -> None:
    """Put NaN where a stored value is its channel's invalid code; integers are compared as integers."""
    known = ~np.isnan(invalid)
    if not known.any():
        return
    codes: NDArray[Any] = invalid
    if stored.dtype.kind in "iu":
        ends = np.iinfo(stored.dtype)
        known &= (invalid >= ends.min) & (invalid <= ends.max)
        codes = np.where(known, invalid, 0).astype(stored.dtype)
    found = stored == codes[:, None]
    found &= known[:, None]
    if found.any():
        out[found] = np.nan
