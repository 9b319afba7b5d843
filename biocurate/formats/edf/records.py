"""Data records of EDF and BDF files: one block of samples a signal, record after record, read by memory map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.mapped import give_back, mapped
from biocurate.formats.source import Source


@dataclass(frozen=True)
class Records:
    """All data records of a file."""

    source: Source
    offset: int
    """Bytes before the first record."""
    n_records: int
    width: int
    """Bytes a sample: 2 or 3."""
    per_record: int
    """Samples of all signals in a record."""

    @cached_property
    def array(self) -> NDArray[Any]:
        """Samples, shape (records, samples of a record), little-endian int16; or their three bytes, with a third axis.

        A map of the file: nothing is read until it is indexed.
        """
        length = self.n_records * self.per_record * self.width
        buffer = mapped(self.source) if length else b""
        raw = np.frombuffer(buffer, np.uint8, length, self.offset if length else 0)
        if self.width == 2:
            return raw.view("<i2").reshape(self.n_records, self.per_record)
        return raw.reshape(self.n_records, self.per_record, 3)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "array"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


@dataclass(frozen=True)
class Run:
    """Channels that lie side by side in a record."""

    column: int
    """First sample of the first channel."""
    n_channels: int


def runs(columns: list[int], per_record: int) -> tuple[Run, ...]:
    """Join neighbouring channels.

    Parameters
    ----------
    columns : list of int
        First sample of each channel in a record, ascending.
    per_record : int
        Samples of each channel in a record.
    """
    starts = [0, *(i for i, (a, b) in enumerate(pairwise(columns), 1) if b != a + per_record), len(columns)]
    return tuple(Run(columns[first], last - first) for first, last in pairwise(starts))


@dataclass(frozen=True)
class RecordSamples:
    """Samples of channels that share one number of samples a record."""

    records: Records
    runs: tuple[Run, ...]
    per_record: int
    """Of each channel."""

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return sum(run.n_channels for run in self.runs), self.records.n_records * self.per_record

    @property
    def dtype(self) -> np.dtype[Any]:
        """int16; for the 24 bits of BDF, int32."""
        return np.dtype(np.int16 if self.records.width == 2 else np.int32)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start); touches only their bytes of the file."""
        start, stop, _ = slice(start, stop).indices(self.shape[1])
        out = np.empty((self.shape[0], max(stop - start, 0)), self.dtype)
        filled = 0
        for first, last, begin, end in _blocks(start, stop, self.per_record):
            length = (last - first) * (end - begin)
            self._fill(out[:, filled : filled + length], slice(first, last), slice(begin, end))
            filled += length
        give_back(self.records.array)
        return out

    def _fill(self, out: NDArray[Any], records: slice, samples: slice) -> None:
        row = 0
        for run in self.runs:
            columns = slice(run.column, run.column + run.n_channels * self.per_record)
            block = self.records.array[records, columns]
            block = block.reshape(len(block), run.n_channels, self.per_record, *block.shape[2:])[:, :, samples]
            rows = out[row : row + run.n_channels].reshape(run.n_channels, *block.shape[0:3:2], copy=False)
            rows[...] = _integers(block).transpose(1, 0, 2)
            row += run.n_channels


def _blocks(start: int, stop: int, per_record: int) -> Iterator[tuple[int, int, int, int]]:
    """Part a range of samples into (first record, record after the last, first sample in each, sample after)."""
    while start < stop:
        record, begin = divmod(start, per_record)
        if begin or stop - start < per_record:
            end = min(per_record, begin + stop - start)
            yield record, record + 1, begin, end
            start += end - begin
        else:
            n_whole = (stop - start) // per_record
            yield record, record + n_whole, 0, per_record
            start += n_whole * per_record


def _integers(block: NDArray[Any]) -> NDArray[Any]:
    """Sign-extend three bytes, least significant first; int16 stays as it is."""
    if block.ndim == 3:
        return block
    wide = np.zeros((*block.shape[:-1], 4), np.uint8)
    wide[..., 1:] = block
    integers: NDArray[Any] = wide.view("<i4")[..., 0] >> 8
    return integers
