"""The data file of a BrainVision recording: one kind of number, channel by channel or instant by instant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.mapped import give_back, mapped
from biocurate.formats.source import Source


@dataclass(frozen=True)
class DataFile:
    """All samples of a data file."""

    source: Source
    kind: np.dtype[Any]
    """Of a sample, with its byte order."""
    n_channels: int
    n_samples: int
    """Of each channel."""
    vectorized: bool
    """Channel after channel."""

    @cached_property
    def array(self) -> NDArray[Any]:
        """Samples, shape (channels, samples): a map of the file, of which nothing is read until it is indexed."""
        length = self.n_channels * self.n_samples
        flat = np.frombuffer(mapped(self.source) if length else b"", self.kind, length)
        if self.vectorized:
            return flat.reshape(self.n_channels, self.n_samples)
        return flat.reshape(self.n_samples, self.n_channels).T

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "array"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


@dataclass(frozen=True)
class BvSamples:
    """Samples of some channels of a data file."""

    file: DataFile
    rows: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return len(self.rows), self.file.n_samples

    @property
    def dtype(self) -> np.dtype[Any]:
        """int16, int32 or float32, in the machine's byte order."""
        return self.file.kind.newbyteorder("=")

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        start, stop, _ = slice(start, stop).indices(self.shape[1])
        span = slice(start, max(start, stop))
        out = np.empty((len(self.rows), span.stop - start), self.dtype)
        first, last = self.rows[0], self.rows[-1] + 1
        side_by_side = last - first == len(self.rows)
        out[...] = self.file.array[slice(first, last) if side_by_side else list(self.rows), span]
        give_back(self.file.array)
        return out
