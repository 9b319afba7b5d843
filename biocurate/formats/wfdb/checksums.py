"""Samples of a WFDB record against what its header says of them (header(5)): their sum modulo 2^16, and the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.wfdb.header import SignalLine
from biocurate.formats.wfdb.signals import Frames, LoadedFile, blocks, signal_columns, signal_sums

EAGER_SAMPLES = 1 << 22
"""Samples of one recording that stay in memory once they were decoded for their checksums."""


class Checks(Protocol):
    """What is made of each signal file before its samples are used."""

    def look(self, file: Frames, lines: Sequence[SignalLine]) -> Frames:
        """Give the file as it is to be read from here on.

        Parameters
        ----------
        file : Frames
        lines : sequence of SignalLine
            What the header says of its signals.
        """
        ...

    def warnings(self, place: str) -> Iterator[str]:
        """What was found since it was last asked, a sentence a fault."""
        ...


@dataclass
class Checked:
    """Every file is read once for its sums."""

    budget: int
    """Samples that may still stay in memory."""
    _checksums: list[str] = field(default_factory=list)
    _firsts: list[str] = field(default_factory=list)

    def look(self, file: Frames, lines: Sequence[SignalLine]) -> Frames:
        """Compare sums and first samples with the header's; keep the samples in memory where they fit the budget."""
        looked_at, sums, firsts = _summed(file, self.budget)
        for line, total, first in zip(lines, sums, firsts, strict=False):
            if line.checksum is not None and (line.checksum - total) % 65536:
                self._checksums.append(line.label)
            if line.initial is not None and line.fmt != 8 and line.initial != first:
                self._firsts.append(line.label)
        if isinstance(looked_at, LoadedFile):
            self.budget -= looked_at.columns.size
        return looked_at

    def warnings(self, place: str) -> Iterator[str]:
        """Signals whose samples are not those that the header was written for."""
        if self._checksums:
            yield f"{place}the checksum in the header is not that of the samples: {', '.join(self._checksums)}"
        if self._firsts:
            yield f"{place}the initial value in the header is not the first sample: {', '.join(self._firsts)}"
        self._checksums, self._firsts = [], []


class Unchecked:
    """Nothing is read."""

    def look(self, file: Frames, lines: Sequence[SignalLine]) -> Frames:
        """Give the file as it is."""
        return file

    def warnings(self, place: str) -> Iterator[str]:
        """Nothing was looked for."""
        yield from ()


def sums_16(columns: NDArray[Any], samples_per_frame: Sequence[int]) -> NDArray[np.uint16]:
    """Sum of the samples of each signal modulo 2^16, as checksums are; `signal_sums` without the wide integers.

    Parameters
    ----------
    columns : array of int, shape (samples of all signals in a frame, frames)
        Each column of the frames contiguous, which is what makes it quick.
    samples_per_frame : sequence of int
    """
    low = columns.view(np.uint16) if columns.itemsize == 2 else columns.astype(np.uint16)
    sums: NDArray[np.uint16] = low.sum(axis=1, dtype=np.uint16)
    if len(sums) == len(samples_per_frame):
        return sums
    parts = signal_columns(samples_per_frame)
    return np.array([sums[part].sum(dtype=np.uint16) for part in parts], np.uint16)


def _summed(file: Frames, budget: int) -> tuple[Frames, list[int], list[int]]:
    """Read a file once for the sum and first sample of each signal; keep it in memory where it fits the budget."""
    starts = [columns.start for columns in signal_columns(file.samples_per_frame)]
    if file.n_frames * sum(file.samples_per_frame) <= budget:
        columns = np.ascontiguousarray(file.frames(0, file.n_frames).T)
        columns.setflags(write=False)  # whoever reads is given a piece of it
        sums = sums_16(columns, file.samples_per_frame).tolist()
        first = columns[starts, 0].tolist() if file.n_frames else []
        return LoadedFile(columns, file.samples_per_frame), sums, first
    totals = np.zeros(len(starts), np.int64)
    first = []
    for start, block in blocks(file, 0, file.n_frames):
        totals += signal_sums(block, file.samples_per_frame)
        first = first if start else [int(block[0, column]) for column in starts]
    return file, totals.tolist(), first
