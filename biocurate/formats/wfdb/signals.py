"""WFDB signal files: bytes to the integers that they hold, a range of frames at a time.

Uncompressed formats are decoded here from their definition in signal(5) of the WFDB Applications Guide, so that any
range of a file of any size is read in bounded memory; FLAC is left to the `wfdb` package. Tests hold every format to
`wfdb.rdrecord`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import IncompleteError, SourceError
from biocurate.formats import kept

ALIGNED = {8: "i1", 16: "<i2", 32: "<i4", 61: ">i2", 80: "u1", 160: "<u2"}
"""Formats whose samples are whole bytes, with the type that they lie in."""
BLOCKS = {24: (1, 3), 212: (2, 3), 310: (3, 4), 311: (3, 4)}
"""Packed formats: samples in a block, bytes of a block."""
FLAC = (508, 516, 524)
WIDE = (8, 24, 32, 524)
"""Formats that need 32 bits; the others fit 16 (8-bit samples are widened, since the store's codec has no 8 bits)."""
INVALID = {80: -128, 508: -128, 310: -512, 311: -512, 212: -2048, 16: -(2**15), 61: -(2**15), 160: -(2**15)} | {
    516: -(2**15),
    24: -(2**23),
    524: -(2**23),
    32: -(2**31),
}
"""Digital value that means "no sample": the least of each format; format 8 has none."""
BLOCK_SAMPLES = 1 << 20
"""Samples that a pass over a whole file holds at once."""


@cache
def sample_type(fmt: int) -> np.dtype[Any]:
    """Integer type that holds a format's samples."""
    return np.dtype(np.int32 if fmt in WIDE else np.int16)


def bytes_needed(fmt: int, n_samples: int) -> int:
    """Bytes that the first samples of a file take."""
    if fmt in ALIGNED:
        return n_samples * np.dtype(ALIGNED[fmt]).itemsize
    samples, width = BLOCKS[fmt]
    whole, rest = divmod(n_samples, samples)
    # Format 310 spreads its third sample over both byte pairs, and its second lies in the second pair.
    partial = (0, 2, 4)[rest] if fmt == 310 else -(-rest * width // samples)
    return whole * width + partial


def samples_within(fmt: int, n_bytes: int) -> int:
    """Count the samples that a file of this size can hold."""
    if fmt in ALIGNED:
        return n_bytes // np.dtype(ALIGNED[fmt]).itemsize
    samples, width = BLOCKS[fmt]
    return n_bytes * samples // width


class Frames(Protocol):
    """Signals that are interleaved frame by frame in one file."""

    @property
    def samples_per_frame(self) -> tuple[int, ...]:
        """Of each signal in the file."""
        ...

    @property
    def n_frames(self) -> int:
        """Length."""
        ...

    def frames(self, start: int, stop: int) -> NDArray[Any]:
        """Frames ``[start, stop)``, shape (frames, samples of all signals in a frame)."""
        ...


@dataclass(frozen=True)
class SignalFile:
    """An uncompressed signal file; nothing is read before `frames` is called."""

    path: Path
    name: str
    """As it is called in messages."""
    fmt: int
    byte_offset: int
    samples_per_frame: tuple[int, ...]
    n_frames: int

    def frames(self, start: int, stop: int) -> NDArray[Any]:
        """Frames ``[start, stop)``, shape (frames, samples of all signals in a frame)."""
        width = sum(self.samples_per_frame)
        samples = self._samples(start * width, stop * width)
        return samples.reshape(stop - start, width)

    def _samples(self, start: int, stop: int) -> NDArray[Any]:
        """Decode samples ``[start, stop)`` in the order of the file, into `sample_type`."""
        if self.fmt in ALIGNED:
            stored = self._bytes(bytes_needed(self.fmt, start), bytes_needed(self.fmt, stop)).view(ALIGNED[self.fmt])
            if self.fmt == 80:
                return stored.astype(np.int16) - np.int16(128)
            if self.fmt == 160:
                return (stored ^ np.uint16(0x8000)).view("<i2").astype(np.int16, copy=False)
            return stored.astype(sample_type(self.fmt), copy=False)
        per_block, width = BLOCKS[self.fmt]
        first = start // per_block
        raw = self._bytes(first * width, bytes_needed(self.fmt, stop))
        if missing := -len(raw) % width:
            raw = np.concatenate([raw, np.zeros(missing, np.uint8)])
        return _unpack(raw.reshape(-1, width), self.fmt)[start - first * per_block :][: stop - start]

    def _bytes(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Bytes ``[start, stop)`` after the preamble."""
        first = self.byte_offset + start
        try:
            whole = kept.at_hand(str(self.path))
            raw = (
                np.fromfile(self.path, np.uint8, count=stop - start, offset=first)
                if whole is None
                else np.frombuffer(whole, np.uint8)[first : first + stop - start]
            )
        except OSError as error:
            raise SourceError(
                f"the signal file cannot be read ({error.strerror}).", where=self.name, mend="Get the file again."
            ) from error
        if len(raw) < stop - start:
            raise truncated(self.name, self.byte_offset + stop, first + len(raw))
        return raw


@dataclass(frozen=True)
class DifferenceFile:
    """A file of format 8: first differences of each signal, as signed bytes.

    A sample is the sum of all differences before it, so the totals at the end of the last range read are kept: reading
    a file from start to end costs one pass. (`wfdb.rdrecord` returns wrong values for any range that does not begin at
    0, since it starts each range at the header's initial value.)
    """

    stored: SignalFile
    initial: tuple[int, ...]
    """Value before the first difference, one a signal."""
    _totals: dict[int, NDArray[np.int64]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def samples_per_frame(self) -> tuple[int, ...]:
        """Of each signal in the file."""
        return self.stored.samples_per_frame

    @property
    def n_frames(self) -> int:
        """Length."""
        return self.stored.n_frames

    def frames(self, start: int, stop: int) -> NDArray[Any]:
        """Frames ``[start, stop)``, shape (frames, samples of all signals in a frame)."""
        totals = self._before(start)
        differences = self.stored.frames(start, stop)
        absolute = np.empty(differences.shape, np.int32)
        after = totals.copy()
        for signal, columns in enumerate(signal_columns(self.samples_per_frame)):
            summed = differences[:, columns].reshape(-1).cumsum(dtype=np.int64) + totals[signal]
            absolute[:, columns] = summed.reshape(stop - start, columns.stop - columns.start)
            after[signal] = summed[-1] if len(summed) else totals[signal]
        self._totals.clear()
        self._totals[stop] = after
        return absolute

    def _before(self, start: int) -> NDArray[np.int64]:
        """Value of each signal just before a frame."""
        frame, totals = next(iter(self._totals.items()), (0, np.array(self.initial, np.int64)))
        if frame > start:
            frame, totals = 0, np.array(self.initial, np.int64)
        totals = totals.copy()
        for _, block in blocks(self.stored, frame, start):
            totals += signal_sums(block, self.samples_per_frame)
        return totals


@dataclass(frozen=True)
class FlacFile:
    """A FLAC signal file, decoded by `wfdb.rdrecord`."""

    record: Path
    """The record's header, without its extension."""
    name: str
    fmt: int
    channels: tuple[int, ...]
    """Signals of the record that lie in this file."""
    samples_per_frame: tuple[int, ...]
    n_frames: int

    def frames(self, start: int, stop: int) -> NDArray[Any]:
        """Frames ``[start, stop)``, shape (frames, samples of all signals in a frame)."""
        import wfdb

        if start == stop:
            return np.empty((0, sum(self.samples_per_frame)), sample_type(self.fmt))
        try:
            record = wfdb.rdrecord(
                str(self.record),
                sampfrom=start,
                sampto=stop,
                channels=list(self.channels),
                physical=False,
                smooth_frames=False,
                ignore_skew=True,
                return_res=sample_type(self.fmt).itemsize * 8,
            )
        except (ValueError, RuntimeError, OSError) as error:
            raise SourceError(
                f"frames {start} to {stop} cannot be decoded.",
                where=self.name,
                mend="The FLAC file looks cut off or damaged; get it again.",
            ) from error
        return np.concatenate([signal.reshape(stop - start, -1) for signal in record.e_d_signal], axis=1)


@dataclass(frozen=True, eq=False)
class LoadedFile:
    """Frames that are in memory: small files are decoded once for checksums and samples."""

    columns: NDArray[Any]
    """Shape (samples of all signals in a frame, frames): frame by frame as in the file, each column a row here."""
    samples_per_frame: tuple[int, ...]

    @property
    def n_frames(self) -> int:
        """Length."""
        return int(self.columns.shape[1])

    def frames(self, start: int, stop: int) -> NDArray[Any]:
        """Frames ``[start, stop)``, shape (frames, samples of all signals in a frame)."""
        return self.columns[:, start:stop].T


@dataclass(frozen=True)
class Picked:
    """Samples of signals that have one number of samples a frame, from one or more files."""

    sources: tuple[tuple[Frames, int], ...]
    """File and first column in its frames, one a channel."""
    samples_per_frame: int
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return len(self.sources), self.sources[0][0].n_frames * self.samples_per_frame

    @cached_property
    def _rows(self) -> NDArray[Any] | None:
        """All samples, where they lie in memory row after row as they are asked for; None elsewhere."""
        file, first = self.sources[0]
        if not isinstance(file, LoadedFile) or self.samples_per_frame > 1 or file.columns.dtype != self.dtype:
            return None
        together = all(source == (file, first + row) for row, source in enumerate(self.sources))
        return file.columns[first : first + len(self.sources)] if together else None

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Read samples ``[start, stop)`` of every channel, shape (channels, stop - start)."""
        start, stop = max(start, 0), min(stop, self.shape[1])
        if (rows := self._rows) is not None:
            return rows[:, start : max(start, stop)]
        first, last = start // self.samples_per_frame, -(-stop // self.samples_per_frame)
        picked = np.empty((len(self.sources), max(last - first, 0), self.samples_per_frame), self.dtype)
        frames: dict[int, NDArray[Any]] = {}
        for row, (file, column) in enumerate(self.sources):
            if id(file) not in frames:
                frames[id(file)] = file.frames(first, max(last, first))
            picked[row] = frames[id(file)][:, column : column + self.samples_per_frame]
        skipped = start - first * self.samples_per_frame
        return picked.reshape(len(self.sources), -1)[:, skipped : skipped + stop - start]


@dataclass(frozen=True)
class Joined:
    """Samples of several files, end to end."""

    pieces: tuple[Picked, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return self.pieces[0].shape[0], sum(piece.shape[1] for piece in self.pieces)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The same in every piece."""
        return self.pieces[0].dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Read samples ``[start, stop)`` of every channel, shape (channels, stop - start)."""
        ends = list(accumulate(piece.shape[1] for piece in self.pieces))
        parts = [
            piece.read(max(start - end + piece.shape[1], 0), min(stop - end + piece.shape[1], piece.shape[1]))
            for piece, end in zip(self.pieces, ends, strict=True)
            if start < end and stop > end - piece.shape[1]
        ]
        return np.concatenate(parts, axis=1) if parts else np.empty((self.shape[0], 0), self.dtype)


def blocks(file: Frames, start: int, stop: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """First frame and frames of consecutive stretches of `BLOCK_SAMPLES`."""
    step = max(BLOCK_SAMPLES // sum(file.samples_per_frame), 1)
    for first in range(start, stop, step):
        yield first, file.frames(first, min(first + step, stop))


def signal_columns(samples_per_frame: Sequence[int]) -> list[slice]:
    """Columns of each signal in a frame."""
    ends = list(accumulate(samples_per_frame))
    return [slice(end - width, end) for end, width in zip(ends, samples_per_frame, strict=True)]


def signal_sums(frames: NDArray[Any], samples_per_frame: Sequence[int]) -> NDArray[np.int64]:
    """Sum of the samples of each signal."""
    columns = frames.sum(axis=0, dtype=np.int64)
    return np.array([columns[part].sum() for part in signal_columns(samples_per_frame)], np.int64)


def truncated(name: str, expected: int, found: int) -> IncompleteError:
    """Make the error for a file that is shorter than its header says."""
    return IncompleteError(
        f"the signal file ends early: {expected:,} bytes expected, {found:,} found.",
        where=name,
        mend="It looks cut off; get it again.",
    )


def _unpack(block: NDArray[np.uint8], fmt: int) -> NDArray[Any]:
    """Decode whole blocks, shape (blocks, bytes of a block) -> (samples,); signal(5), formats 24, 212, 310, 311."""
    if fmt == 24:
        wide = np.zeros((len(block), 4), np.uint8)
        wide[:, 1:] = block
        return (wide.reshape(-1).view("<i4") >> 8).astype(np.int32, copy=False)
    if fmt == 311:
        word = np.ascontiguousarray(block).reshape(-1).view("<u4")
        fields = [word, word >> 10, word >> 20]
        return _signed(np.stack(fields, axis=1).astype(np.uint16), 10)
    if fmt == 310:
        pairs = np.ascontiguousarray(block).reshape(-1).view("<u2").reshape(-1, 2)
        third = (pairs[:, 0] >> 11) | ((pairs[:, 1] >> 11) << 5)
        return _signed(np.stack([pairs[:, 0] >> 1, pairs[:, 1] >> 1, third], axis=1), 10)
    low = block.astype(np.uint16)
    even = low[:, 0] | (low[:, 1] & 0x0F) << 8
    odd = low[:, 2] | (low[:, 1] & 0xF0) << 4
    return _signed(np.stack([even, odd], axis=1), 12)


def _signed(values: NDArray[np.uint16], bits: int) -> NDArray[np.int16]:
    """Two's complement of the low bits, flat."""
    shift = 16 - bits
    return ((values.reshape(-1) << shift).astype(np.uint16).view(np.int16) >> shift).astype(np.int16)
