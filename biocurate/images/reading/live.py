"""Images of windows that are drawn when they are asked for: the bytes that `biocurate images generate` would store."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from typing import Any, Protocol

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import Representation
from biocurate.images.drawing.windows import Status
from biocurate.images.making.ranges import RecordingRanges, recording_ranges, stretches
from biocurate.images.making.samples import Ints, read_streams
from biocurate.images.reading.pieces import Undrawn
from biocurate.recording import NS, ns_to_samples
from biocurate.store.signal_reader import SignalReader
from biocurate.store.sql import nearest

ALIKE = ("sensor_type", "rate_hz", "duration_ns", "n_channels", "montage")
"""Windows that share these are read as one array."""

KEPT_BYTES = 128 * 1024 * 1024
"""Samples that a process keeps: twice what `biocurate.images.reading.order` mixes by default."""

SURVEY = 4_000_000
"""Samples that are drawn at once to see which images show something."""


class Change(Protocol):
    """What is done to windows before they are drawn, by the numbers of their images."""

    def shift(self, at: Ints, rate: float) -> Ints:
        """Samples by which each begins later; no window leaves its stretch."""

    def change(self, x: NDArray[np.float32], at: Ints, rate: float) -> NDArray[np.float32]:
        """Other samples, shape (n, time)."""


def items(
    reader: SignalReader, rows: pl.DataFrame, sensors: Sequence[str], channels: Sequence[str] = ()
) -> pl.DataFrame:
    """One row a channel of a stream that covers a window.

    Parameters
    ----------
    reader : SignalReader
        Of the windows.
    rows : DataFrame
        Windows: recording_id, revision, t0_ns, duration_ns and streams.
    sensors : sequence of str
        Sensor types; all where there is none.
    channels : sequence of str
        Canonical names; all where there is none.

    Returns
    -------
    DataFrame
        ``window_row`` (place in ``rows``), ``stream_no``, ``channel``, ``stream`` (row of the reader's catalogue),
        ``first`` (sample in the stream), ``index`` (of the channel in the stream), and what `ALIKE` names

    Raises
    ------
    UsageError
        Where no window has such a sensor type or channel.
    """
    montage = pl.concat_str(
        pl.col("names", "canonical_units").list.eval(pl.element().fill_null("")).list.join("\n"), separator="\n\n"
    ).rank("dense")
    keys = ["recording_id", "revision", "stream_no"]
    streams = reader.streams.with_row_index("stream").with_columns(montage=montage, stream=pl.col("stream").cast(int))
    streams = streams.select(*keys, "stream", "sensor_type", "rate_hz", "n_channels", "montage", channel="names")
    found = (
        rows.select("recording_id", "revision", "duration_ns", "streams")
        .with_row_index("window_row")
        .explode("streams")
        .unnest("streams")
        .rename({"start": "first"})
        .join(streams, on=keys, how="inner", maintain_order="left")
        .drop("recording_id", "revision")
    )
    _refuse_absent(sensors, found["sensor_type"], "no window has")
    found = found.filter(pl.col("sensor_type").is_in(list(sensors))) if sensors else found
    found = found.with_columns(index=pl.int_ranges("n_channels")).explode("index", "channel")
    _refuse_absent(channels, found["channel"], "no stream has a channel")
    return found.filter(pl.col("channel").is_in(list(channels))) if channels else found


def _refuse_absent(names: Sequence[str], present: pl.Series, what: str) -> None:
    known = present.drop_nulls().unique().sort().to_list()
    for name in names:
        if name not in known:
            raise UsageError(f"{what} {name}.", where="images", mend=nearest(name, known))


@dataclass
class Live:
    """Images by their number, drawn in batches.

    Parameters
    ----------
    reader : SignalReader
    rows : DataFrame
        A row an image: as `items` gives them, and ``drawn``, the number of the representation.
    representations : sequence of Representation
    """

    reader: SignalReader
    rows: pl.DataFrame
    representations: Sequence[Representation]
    kept_bytes: int = KEPT_BYTES
    read: int = 0
    """Windows of streams read so far."""
    _kept: OrderedDict[tuple[int, int, int], NDArray[np.float32]] = field(default_factory=OrderedDict, repr=False)
    _kept_size: int = 0
    _ranges: dict[int, RecordingRanges | None] = field(default_factory=dict, repr=False)

    @cached_property
    def _kinds(self) -> pl.DataFrame:
        """What is read as one array, a row a kind."""
        return self.rows.select(ALIKE).unique(maintain_order=True).with_row_index("kind")

    @cached_property
    def _columns(self) -> dict[str, Ints]:
        numbered = self.rows.join(self._kinds, on=ALIKE, how="left", maintain_order="left")
        names = ("kind", "stream", "first", "index", "drawn")
        return {name: numbered[name].to_numpy().astype(np.int64) for name in names}

    @property
    def block(self) -> Ints:
        """Images of one window of one stream, which are read together, have the same number."""
        spans = np.stack([self._columns[name] for name in ("kind", "stream", "first")])
        return np.asarray(np.unique(spans, axis=1, return_inverse=True)[1].reshape(-1), dtype=np.int64)

    @property
    def block_bytes(self) -> int:
        """Bytes of the largest window with all its channels."""
        numbers = pl.col("n_channels") * (pl.col("duration_ns") * pl.col("rate_hz") / NS).round()
        return int(4 * self._kinds.select(numbers.max()).item())

    def pieces(self, at: Ints, change: Change | None = None) -> list[Undrawn]:
        """Read the samples of some images; each window of a stream is read once, however many images it gives."""
        found = []
        kind = self._columns["kind"][at]
        for number in np.unique(kind).tolist():
            mine = np.flatnonzero(kind == number)
            found += self._alike(self._kinds.row(number, named=True), at[mine], mine, change)
        return found

    def _alike(self, kind: dict[str, Any], at: Ints, places: Ints, change: Change | None) -> list[Undrawn]:
        stream, first, index, drawn = (self._columns[name][at] for name in ("stream", "first", "index", "drawn"))
        if change is not None:
            first = self._shifted(kind, at, change.shift(at, kind["rate_hz"]))
        spans, which = np.unique(np.stack([stream, first]), axis=1, return_inverse=True)
        x = self._picked(kind, spans, which.reshape(-1), index)
        if change is not None:
            x = change.change(x, at, kind["rate_hz"])
        found = []
        for number in np.unique(drawn).tolist():
            mine = np.flatnonzero(drawn == number)
            found.append(
                Undrawn(
                    places=torch.from_numpy(places[mine]),
                    x=torch.from_numpy(x[mine]),
                    rate=kind["rate_hz"],
                    representation=self.representations[number],
                    ranges=self._of_recordings(number, stream[mine], index[mine], kind["duration_ns"]),
                )
            )
        return found

    def _picked(self, kind: dict[str, Any], spans: Ints, which: Ints, index: Ints) -> NDArray[np.float32]:
        """One channel each of some windows, in bounded memory however many of them are asked for."""
        n_samples = ns_to_samples(kind["duration_ns"], kind["rate_hz"])
        x = np.empty((len(which), n_samples), dtype=np.float32)
        places = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
        step = max(1, self.kept_bytes // (8 * kind["n_channels"] * n_samples))
        for start in range(0, len(places), step):
            some = slice(start, start + step)
            for window, mine in zip(self._windows(kind, spans[:, some]), places[some], strict=True):
                x[mine] = window[index[mine]]
        return x

    def _windows(self, kind: dict[str, Any], spans: Ints) -> list[NDArray[np.float32]]:
        """All channels of some windows; those read lately are kept, since they give other images, too."""
        keys = [(kind["duration_ns"], stream, first) for stream, first in spans.T.tolist()]
        here = {key: self._kept[key] for key in keys if key in self._kept}
        lacking = np.array([key not in here for key in keys])
        if lacking.any():
            stream, first = spans[:, lacking]
            found = read_streams(self.reader, kind["sensor_type"], stream, first, kind["duration_ns"])
            self.read += len(found)
            # Copies: a view would keep the whole batch.
            here |= {key: one.copy() for key, one in zip(compress(keys, lacking), found, strict=True)}
        for key, one in here.items():
            self._kept_size += 0 if key in self._kept else one.nbytes
            self._kept[key] = one
            self._kept.move_to_end(key)
        while self._kept_size > self.kept_bytes and self._kept:
            self._kept_size -= self._kept.popitem(last=False)[1].nbytes
        return [here[key] for key in keys]

    def _of_recordings(
        self, number: int, stream: Ints, index: Ints, duration_ns: int
    ) -> tuple[torch.Tensor, torch.Tensor] | None:
        if number not in self._ranges:
            self._ranges[number] = recording_ranges(self.reader, self.representations[number])
        known = self._ranges[number]
        if known is None:
            return None
        ends = torch.from_numpy(known.of(stream, duration_ns)[np.arange(len(stream)), index])
        return ends[:, 0].contiguous(), ends[:, 1].contiguous()

    def _shifted(self, kind: dict[str, Any], at: Ints, by: Ints) -> Ints:
        """First samples of windows that begin later, but none outside of its stretch."""
        first = self._columns["first"][at]
        if not by.any():
            return first
        least, stop = (limit[at] for limit in self._limits)
        most = stop - ns_to_samples(kind["duration_ns"], kind["rate_hz"])
        return np.asarray(np.clip(first + by, least, np.maximum(most, least)))

    @cached_property
    def _limits(self) -> tuple[Ints, Ints]:
        """First sample of the stretch that each image's window lies in, and the one after its last."""
        stream, first = self._columns["stream"], self._columns["first"]
        least, stop = first.copy(), first.copy()
        order = np.argsort(stream, kind="stable")
        known, begins = np.unique(stream[order], return_index=True)
        for number, mine in zip(known.tolist(), np.split(order, begins[1:]), strict=True):
            starts, lengths = stretches(self.reader.streams.row(number, named=True))
            place = np.searchsorted(starts, first[mine], side="right") - 1
            least[mine], stop[mine] = starts[place], starts[place] + lengths[place]
        return least, stop

    def status(self) -> NDArray[np.int8]:
        """Codes of `Status` of all images, which are drawn to know them, in bounded memory and in the store's order."""
        out = np.full(self.rows.height, Status.OK, dtype=np.int8)
        if not len(out):
            return out
        samples = self.rows.select((pl.col("duration_ns") * pl.col("rate_hz")).max()).item() / NS
        step = max(1, int(SURVEY / max(samples * self.rows["n_channels"].max(), 1)))
        order = np.lexsort((self._columns["first"], self._columns["stream"]))
        for start in range(0, len(order), step):
            at = order[start : start + step]
            for piece in self.pieces(at):
                out[at[piece.places.numpy()]] = piece.drawing(torch.device("cpu")).status.numpy()
        return out
