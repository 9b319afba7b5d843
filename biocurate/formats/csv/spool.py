"""Rows of one type as they come in: held in memory while they are few, else in a temporary file without a name."""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import StoreError
from biocurate.recording import ArraySamples, Samples

HELD = 64 * 2**20
"""Bytes of samples of one type that are held in memory; more go to the folder of temporary files (``TMPDIR``)."""


@dataclass
class Spool:
    """Blocks of rows laid end to end."""

    n_signals: int
    dtype: np.dtype[Any]
    _held: list[NDArray[Any]] = field(default_factory=list)
    _n_bytes: int = 0
    _file: IO[bytes] | None = None
    _starts: list[int] = field(default_factory=lambda: [0])
    """First row of each block, and the end."""

    def append(self, block: NDArray[Any]) -> None:
        """Add a block.

        Parameters
        ----------
        block : array, shape (signals, rows)

        Raises
        ------
        StoreError
            There is no room for temporary files.
        """
        self._starts.append(self._starts[-1] + block.shape[1])
        self._n_bytes += block.nbytes
        self._held.append(block)
        if self._file is None and self._n_bytes > HELD:
            self._file = tempfile.TemporaryFile()
        if self._file is not None:
            _write(self._file, self._held)
            self._held = []

    def samples(self) -> Samples:
        """Give all rows; no more may be added."""
        if self._file is not None:
            return SpooledSamples(self._file, tuple(self._starts), self.n_signals, self.dtype)
        return ArraySamples(self._held[0] if len(self._held) == 1 else np.concatenate(self._held, axis=1))


@dataclass(frozen=True)
class SpooledSamples:
    """Samples in a temporary file, block after block; the file is gone with the last who holds them."""

    file: IO[bytes]
    starts: tuple[int, ...]
    """First row of each block, and the end."""
    n_signals: int
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return self.n_signals, self.starts[-1]

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        stop = min(stop, self.starts[-1])
        out = np.empty((self.n_signals, max(0, stop - start)), self.dtype)
        block = bisect_right(self.starts, start) - 1
        while start < stop:
            first, end = self.starts[block], self.starts[block + 1]
            n_rows = min(stop, end) - start
            to = out.shape[1] - (stop - start)
            for signal in range(self.n_signals):
                place = first * self.n_signals + signal * (end - first) + start - first
                self.file.seek(place * self.dtype.itemsize)
                data = self.file.read(n_rows * self.dtype.itemsize)
                out[signal, to : to + n_rows] = np.frombuffer(data, self.dtype)
            start, block = start + n_rows, block + 1
        return out


def _write(file: IO[bytes], blocks: list[NDArray[Any]]) -> None:
    try:
        for block in blocks:
            file.write(np.ascontiguousarray(block).data)
        file.flush()
    except OSError as error:
        raise StoreError(
            f"samples cannot be kept in a temporary file: {error.strerror}.",
            mend="A text file is unpacked beside the store as it is read: set TMPDIR to a folder with room for it.",
        ) from error
