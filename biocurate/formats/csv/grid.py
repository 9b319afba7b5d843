"""Samples at irregular times, interpolated linearly onto a steady grid as they are asked for, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.csv.clock import Clock
from biocurate.formats.csv.times import Times
from biocurate.recording import NS, Samples

ROWS = 2**16
"""Rows, and places of the grid, that are looked at together."""


@dataclass(frozen=True)
class Piece:
    """A stretch of rows without a pause, and the grid on it."""

    first: int
    stop: int
    """Rows of the file."""
    begin_ns: int
    """Time of the first row and place, as the file counts."""
    n_samples: int


@dataclass(frozen=True)
class Grid:
    """Where irregular times are interpolated at."""

    clock: Clock
    times: Times
    pieces: tuple[Piece, ...]

    def samples(self, samples: Samples) -> Samples:
        """Give samples on the grid, of those at the times: next to a missing value are others."""
        return GridSamples(samples, self.times, self.pieces, self.clock.rate_hz)


@dataclass(frozen=True)
class GridSamples:
    """Samples of rows, shape (signals, rows), on a grid."""

    samples: Samples
    times: Times
    pieces: Sequence[Piece]
    rate_hz: float

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return self.samples.shape[0], sum(piece.n_samples for piece in self.pieces)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64, whatever the rows hold."""
        return np.dtype(np.float64)

    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        start, stop, _ = slice(start, stop).indices(self.shape[1])
        out = np.empty((self.shape[0], max(stop - start, 0)))
        before = 0
        for piece in self.pieces:
            first, last = max(start - before, 0), min(stop - before, piece.n_samples)
            if first < last:
                self._fill(out[:, before + first - start : before + last - start], piece, first)
            before += piece.n_samples
        return out

    def _fill(self, out: NDArray[np.float64], piece: Piece, first: int) -> None:
        """Interpolate the places from `first` on, by as few rows at a time as lie around them."""
        row, done = self._row_at(piece, self._place_ns(piece, first)), 0
        # One row more than the piece has: a place that lies a rounding behind its last row is between the two.
        last = min(piece.stop, len(self.times) - 1)
        while done < out.shape[1]:
            end = min(row + ROWS, last)
            times, values = self.times.read(row, end + 1), self.samples.read(row, end + 1)
            some = np.arange(first + done, first + min(done + ROWS, out.shape[1]))
            grid = piece.begin_ns + some * (NS / self.rate_hz)
            if end < last:
                grid = grid[grid <= times[-1]]
            for signal, column in zip(out, values, strict=True):
                signal[done : done + len(grid)] = np.interp(grid, times, column)
            done += len(grid)
            row = end if len(grid) < len(some) else self._row_at(piece, self._place_ns(piece, first + done))

    def _place_ns(self, piece: Piece, place: int) -> float:
        return piece.begin_ns + place * (NS / self.rate_hz)

    def _row_at(self, piece: Piece, time_ns: float) -> int:
        """The last row of a piece that is not after a time."""
        low, high = piece.first, piece.stop
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.times.at(middle) <= time_ns else (low, middle)
        return low
