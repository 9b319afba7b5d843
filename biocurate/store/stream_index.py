"""The catalogue of streams as arrays: a batch of windows finds its streams by numbers, and joins no table."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.store.stale import KEY

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NOWHERE = -1
"""Number of what is not there."""


@dataclass(frozen=True)
class StreamIndex:
    """Streams by the recording, its revision and their number in it.

    Parameters
    ----------
    streams : DataFrame
        As `catalogue` gives it; a stream has the number of its row.
    """

    streams: pl.DataFrame
    _by_type: dict[str, tuple[Ints, Ints]] = field(default_factory=dict, repr=False)

    @cached_property
    def _recordings(self) -> tuple[pl.DataFrame, NDArray[np.uint64]]:
        """Recordings with their revisions, sorted by a hash, and the hashes."""
        known = self.streams.select(KEY).unique(maintain_order=True)
        hashes = known.hash_rows().to_numpy()
        order = np.argsort(hashes, kind="stable")
        return known[order], hashes[order]

    def recording_of(self, rows: pl.DataFrame) -> Ints:
        """Number of the recording and revision of each row; `NOWHERE` where the catalogue has none of it."""
        known, hashes = self._recordings
        if not known.height or not rows.height:
            return np.full(rows.height, NOWHERE)
        # Not `select`: a query of polars takes longer than all of this.
        asked = pl.DataFrame([rows[name] for name in KEY])
        place = np.minimum(np.searchsorted(hashes, asked.hash_rows().to_numpy()), len(hashes) - 1)
        # Equal hashes of unequal names read as not there, which is told: never as another recording.
        alike = ((known[name][place] == asked[name]).to_numpy() for name in KEY)
        same = np.logical_and(*(np.asarray(each, dtype=bool) for each in alike))
        return np.where(same, place, NOWHERE).astype(np.int64)

    @cached_property
    def _step(self) -> int:
        """More than any number that a stream has in its recording."""
        return int(np.max(self.streams["stream_no"].to_numpy(), initial=0)) + 1

    def find(self, sensor: str, recording: Ints, stream_no: Ints) -> Ints:
        """Number of the stream of a sensor type; `NOWHERE` where there is none, or it is of another type.

        Parameters
        ----------
        sensor : str
        recording, stream_no : array of int, shape (n,)
            As `recording_of` gives it, and the number of the stream in its recording.
        """
        keys, streams = self._of_type(sensor)
        if not keys.size:
            return np.full(recording.size, NOWHERE)
        asked = recording * self._step + stream_no
        place = np.minimum(np.searchsorted(keys, asked), keys.size - 1)
        there = (keys[place] == asked) & (recording >= 0) & (stream_no >= 0) & (stream_no < self._step)
        return np.where(there, streams[place], NOWHERE)

    def _of_type(self, sensor: str) -> tuple[Ints, Ints]:
        """Streams of a sensor type by rising keys: the keys, and the streams' numbers."""
        if sensor not in self._by_type:
            streams = np.flatnonzero((self.streams["sensor_type"] == sensor).to_numpy())
            rows = self.streams.select(*KEY, "stream_no")[streams]
            keys = self.recording_of(rows) * self._step + rows["stream_no"].cast(pl.Int64).to_numpy()
            order = np.argsort(keys, kind="stable")
            self._by_type[sensor] = keys[order], streams[order]
        return self._by_type[sensor]

    @cached_property
    def rate_hz(self) -> Floats:
        """Of each stream."""
        return np.asarray(self.streams["rate_hz"].to_numpy(), dtype=np.float64)

    @cached_property
    def n_samples(self) -> Ints:
        """Of each stream."""
        return np.asarray(self.streams["n_samples"].to_numpy(), dtype=np.int64)

    @cached_property
    def start(self) -> Ints:
        """First sample of each stream in its part; 0 where it lies in none."""
        return np.asarray(self.streams["start"].fill_null(0).to_numpy(), dtype=np.int64)

    @cached_property
    def part(self) -> Ints:
        """Number of the part that each stream lies in, in the order of their names; `NOWHERE` where in none."""
        return np.asarray(self.streams["part"].rank("dense").cast(pl.Int64).fill_null(0).to_numpy()) - 1

    @cached_property
    def montage(self) -> Ints:
        """A number for each list of channel names, of each stream."""
        return _numbered(self.streams["names"])

    @cached_property
    def units(self) -> Ints:
        """A number for each list of canonical units, of each stream."""
        return _numbered(self.streams["canonical_units"])

    @cached_property
    def _values(self) -> dict[str, Floats]:
        return {}

    @cached_property
    def _first(self) -> Ints:
        sizes = self.streams["names"].list.len().fill_null(0).to_numpy().astype(np.int64)
        return np.asarray(np.cumsum(sizes) - sizes)

    def per_channel(self, name: str, streams: Ints, channels: Ints) -> Floats:
        """Values of a list column, such as ``scale``, NaN where there is none.

        Parameters
        ----------
        name : str
        streams : array of int, shape (n,)
            Numbers of streams that have all of the channels.
        channels : array of int, shape (m,)
            Their places in the streams.

        Returns
        -------
        array, shape (n, m)
        """
        if name not in self._values:
            lists = self.streams[name]
            flat = lists.filter(lists.list.len() > 0).explode().cast(pl.Float64)
            self._values[name] = flat.fill_null(np.nan).to_numpy()
        return np.asarray(self._values[name][self._first[streams][:, None] + channels])


def _numbered(lists: pl.Series) -> Ints:
    """A number for each list of texts that occurs, rising with the lists' order as text."""
    joined = lists.list.eval(pl.element().fill_null("")).list.join("\x1f").fill_null("")
    return np.asarray(joined.rank("dense").cast(pl.Int64).to_numpy())
