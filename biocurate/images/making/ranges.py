"""Ranges that are found before images are drawn: of a recording's channels, and of the split that one trains on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from biocurate.images.drawing.registry import Representation
from biocurate.images.drawing.render import percentiles
from biocurate.images.drawing.scale import TILES, Scale
from biocurate.images.drawing.windows import BLOCK, Status, draw
from biocurate.images.making.samples import Ints, read_streams
from biocurate.recording import ns_to_samples
from biocurate.store.signal_reader import SignalReader


def numbers(x: Tensor, rate: float, representation: Representation) -> Tensor:
    """What a representation computes of those windows that show something.

    Parameters
    ----------
    x : Tensor, shape (batch, time), float32
    rate : float, in hertz
    representation : Representation

    Returns
    -------
    Tensor, shape (windows, H * W), float32, finite
    """
    by_image = representation.scaled(Scale())
    shown = x[draw(x, rate, by_image).status == Status.OK]
    if not len(shown):
        return torch.empty((0, 1))
    step = max(BLOCK // representation.numbers(x.shape[1], rate), 1)
    blocks = (shown[start : start + step] for start in range(0, len(shown), step))
    return torch.cat([representation.native(block, rate).flatten(1) for block in blocks])


def tiles(first: Ints, lengths: Ints, n_samples: int, most: int = TILES) -> Ints:
    """First samples of windows that lie end to end in stretches of a stream; evenly spaced where there are more.

    Parameters
    ----------
    first, lengths : array of int, shape (stretches,)
        First sample of each stretch in the stream, and how many it has.
    n_samples : int
        Of a window.
    most : int
    """
    counts = lengths // n_samples
    before = np.repeat(np.cumsum(counts) - counts, counts)
    found: Ints = np.repeat(first, counts) + n_samples * (np.arange(counts.sum()) - before)
    if len(found) <= most:
        return found
    return np.asarray(found[(2 * np.arange(most) + 1) * len(found) // (2 * most)])


def stretches(row: dict[str, Any]) -> tuple[Ints, Ints]:
    """First samples and lengths of the stretches of a stream that windows are cut from: segments, or settled ones."""
    spans = row.get("settled")
    if spans is None:
        lengths = np.array([span["n_samples"] for span in row["segments"]], dtype=np.int64)
        return np.cumsum(lengths) - lengths, lengths
    first, lengths = (np.array([span[name] for span in spans], dtype=np.int64) for name in ("first", "n_samples"))
    return first, lengths


@dataclass
class RecordingRanges:
    """Black and white of each channel of each recording, found from the recording alone when they are first asked for.

    The same whatever manifest, window or order they are asked for in.

    Parameters
    ----------
    reader : SignalReader
    representation : Representation
        One that is scaled by recording.
    """

    reader: SignalReader
    representation: Representation
    _known: dict[tuple[int, int], NDArray[np.float32]] = field(default_factory=dict, repr=False)

    def of(self, stream: Ints, duration_ns: int) -> NDArray[np.float32]:
        """Ranges of windows of some streams that share sensor type, rate and channels.

        Parameters
        ----------
        stream : array of int, shape (n,)
            Rows of the reader's catalogue.
        duration_ns : int

        Returns
        -------
        array, shape (n, channels, 2), float32
            NaN where no window of the recording shows anything.
        """
        asked, which = np.unique(stream, return_inverse=True)
        for number in asked.tolist():
            if (number, duration_ns) not in self._known:
                self._known[number, duration_ns] = self._find(number, duration_ns)
        return np.stack([self._known[number, duration_ns] for number in asked.tolist()])[which]

    def _find(self, number: int, duration_ns: int) -> NDArray[np.float32]:
        row = self.reader.streams.row(number, named=True)
        first = tiles(*stretches(row), ns_to_samples(duration_ns, row["rate_hz"]))
        out = np.full((row["n_channels"], 2), np.nan, dtype=np.float32)
        if not len(first):
            return out
        stream = np.full(len(first), number)
        samples = read_streams(self.reader, row["sensor_type"], stream, first, duration_ns)
        for place in range(row["n_channels"]):
            x = torch.from_numpy(np.ascontiguousarray(samples[:, place]))
            values = numbers(x, row["rate_hz"], self.representation)
            if len(values):
                out[place] = [float(end) for end in percentiles(values.reshape(1, -1))]
        return out


def ranges_of(
    known: RecordingRanges | None, sensor: str, rows: pl.DataFrame, indexes: Sequence[int]
) -> tuple[Tensor, Tensor] | None:
    """Black and white of the chosen channels of some windows, window by window; None where images differ in them.

    Parameters
    ----------
    known : RecordingRanges, optional
        None where the representation is not scaled by recording.
    sensor : str
    rows : DataFrame
        recording_id, revision, stream_no and duration_ns, the same in all.
    indexes : sequence of int
        Channels.

    Returns
    -------
    tuple of Tensor, shape (windows * channels,), or None
    """
    if known is None:
        return None
    index = known.reader.index
    stream = index.find(sensor, index.recording_of(rows), rows["stream_no"].cast(pl.Int64).to_numpy())
    found = torch.from_numpy(known.of(stream, rows["duration_ns"][0])[:, list(indexes)]).flatten(0, 1)
    return found[:, 0].contiguous(), found[:, 1].contiguous()


def recording_ranges(reader: SignalReader, representation: Representation) -> RecordingRanges | None:
    """Give the ranges that a representation needs; None where it is not scaled by recording."""
    by_recording = representation.bounds is None and representation.scale.scope == "recording"
    return RecordingRanges(reader, representation) if by_recording else None
