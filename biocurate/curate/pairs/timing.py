"""True times: from a sample of a stream to the recording's clock, and back, for many streams at once.

A stream's samples have times on its device's clock, by its segments and its rate. Where the device's clock was
estimated, a line through knots leads from it to the recording's; where it was not, the files' own times count as they
stand, which is told of each pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.pairs.sorted_groups import SortedGroups
from biocurate.recording import NS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

METHODS = ("shared-clock", "declared", "events", "heart-rate", "beats")
"""How a clock is known: by being the recording's own, and from the least to the most exact."""
UNKNOWN = np.iinfo(np.int64).max
"""Uncertainty of a clock that is only declared."""
BEYOND_NS = 10 * NS
"""An estimate is good for as long before its first beat and after its last; farther off nobody knows."""
ROUNDS = 4
"""Each makes what the way back misses smaller by the drift; four leave less than a nanosecond at 0.7 %."""


@dataclass(frozen=True)
class Streams:
    """Streams with their segments and clocks, one an entry.

    Parameters
    ----------
    table : DataFrame
        recording_id, stream_no, sensor_type, rate_hz, clock, method (index in `METHODS`), uncertainty_ns; sorted by
        recording_id and stream_no.
    recording, clock : array, shape (streams,)
        A number for each recording, rising, and for each clock of each recording.
    segment_t0 : SortedGroups
        Start of each segment on the device's clock.
    segment_first : SortedGroups
        Index in the stream of each segment's first sample.
    segment_samples : array, shape (segments,)
    knots : SortedGroups
        Times on the device's clock.
    added : array, shape (knots,)
        What is added at each knot.
    """

    table: pl.DataFrame
    rate_hz: Floats
    recording: Ints
    clock: Ints
    segment_t0: SortedGroups
    segment_first: SortedGroups
    segment_samples: Ints
    knots: SortedGroups
    added: Floats

    @classmethod
    def of(cls, streams: pl.LazyFrame, clocks: pl.LazyFrame) -> Streams:
        """From the relations ``streams`` and ``clocks``; streams without a sample are left out."""
        known = clocks.filter(pl.col("status") != "no confidence").select(
            "recording_id", "clock", "knots", "uncertainty_ns", "method"
        )
        rows = (
            streams.filter(pl.col("segments").list.len() > 0)
            .select("recording_id", "stream_no", "sensor_type", "rate_hz", "segments", "clock")
            .join(known, on=["recording_id", "clock"], how="left")
            .sort("recording_id", "stream_no")
            .collect()
        )
        own = pl.col("clock").is_null()
        method = pl.col("method").replace_strict(
            list(METHODS), list(range(len(METHODS))), default=None, return_dtype=pl.Int64
        )
        # A stream on the recording's clock, or one whose clock is unknown, is moved by nothing.
        flat = pl.concat_list(
            pl.struct(t_ns=pl.lit(0, pl.Int64), offset_ns=pl.lit(0, pl.Int64)),
            pl.struct(t_ns=pl.lit(NS, pl.Int64), offset_ns=pl.lit(0, pl.Int64)),
        )
        rows = rows.with_columns(
            method=pl.when(own).then(0).otherwise(method.fill_null(1)),
            uncertainty_ns=pl.when(own).then(0).otherwise(pl.col("uncertainty_ns").fill_null(UNKNOWN)),
            knots=pl.col("knots").fill_null(flat),
        )
        segments = rows.select(pl.col("segments").explode()).unnest("segments")
        n_samples = segments["n_samples"].to_numpy()
        sizes = rows["segments"].list.len().to_numpy().astype(np.int64)
        knots = rows.select(pl.col("knots").explode()).unnest("knots")
        return cls(
            table=rows.drop("segments", "knots"),
            rate_hz=rows["rate_hz"].to_numpy(),
            recording=_numbered(rows, "recording_id"),
            clock=_numbered(rows, "recording_id", "clock"),
            segment_t0=SortedGroups.of(segments["t0_ns"].to_numpy(), sizes),
            segment_first=SortedGroups.of(_from_zero(n_samples, sizes), sizes),
            segment_samples=n_samples,
            knots=SortedGroups.of(knots["t_ns"].to_numpy(), rows["knots"].list.len().to_numpy().astype(np.int64)),
            added=knots["offset_ns"].to_numpy().astype(np.float64),
        )

    @cached_property
    def one_clock(self) -> bool:
        """Whether no recording has streams on two clocks."""
        return np.unique(self.clock).size == np.unique(self.recording).size

    def time_of(self, stream: Ints, sample: Ints) -> Ints:
        """Time of a sample on its device's clock, in nanoseconds from the recording's start."""
        segment = self.segment_first.last_up_to(stream, sample)
        into = sample - self.segment_first.values[segment]
        return self.segment_t0.values[segment] + np.rint(into * NS / self.rate_hz[stream]).astype(np.int64)

    def offset_at(self, stream: Ints, time_ns: Ints) -> tuple[Floats, Floats]:
        """What is added to a time on the device's clock to be on the recording's, and by how much that grows."""
        first, last = self.knots.first[stream], self.knots.first[stream + 1] - 1
        knot = np.minimum(self.knots.last_up_to(stream, time_ns), last - 1)
        before, after = time_ns < self.knots.values[first], time_ns > self.knots.values[last]
        # Beyond the ends the clock goes on as it did on the whole, not as in the last of its pieces.
        low, high = np.where(before | after, first, knot), np.where(before | after, last, knot + 1)
        slope = (self.added[high] - self.added[low]) / (self.knots.values[high] - self.knots.values[low])
        near = np.where(after, last, low)
        return self.added[near] + slope * (time_ns - self.knots.values[near]), slope

    def uncertainty_at(self, stream: Ints, time_ns: Ints) -> Ints:
        """Of a time on the device's clock; `UNKNOWN` where the clock is only declared, or too far from the estimate."""
        stated = self.table["uncertainty_ns"].to_numpy()[stream]
        low = self.knots.values[self.knots.first[stream]] - BEYOND_NS
        high = self.knots.values[self.knots.first[stream + 1] - 1] + BEYOND_NS
        beyond = (stated != 0) & ((time_ns < low) | (time_ns > high))
        return np.where(beyond, UNKNOWN, stated)

    def on_device(self, stream: Ints, time_ns: Ints) -> Ints:
        """Time on the device's clock of a time on the recording's."""
        found = time_ns
        for _ in range(ROUNDS):
            found = time_ns - np.rint(self.offset_at(stream, found)[0]).astype(np.int64)
        return found

    def sample_at(self, stream: Ints, time_ns: Ints, length_ns: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """The sample nearest to a time on the device's clock, and whether a window from there is in one segment."""
        rate = self.rate_hz[stream]
        half = np.rint(NS / rate / 2).astype(np.int64)
        segment = self.segment_t0.last_up_to(stream, time_ns + half)
        into = np.rint((time_ns - self.segment_t0.values[segment]) * rate / NS).astype(np.int64)
        count = np.rint(length_ns * rate / NS).astype(np.int64)
        inside = (into >= 0) & (into + count <= self.segment_samples[segment]) & (count > 0)
        return self.segment_first.values[segment] + into, inside


def _numbered(rows: pl.DataFrame, *columns: str) -> Ints:
    same = rows.select(pl.struct(pl.col(columns).fill_null("")).rank("dense").cast(pl.Int64))
    return np.asarray(same.to_series().to_numpy())


def _from_zero(n_samples: Ints, sizes: Ints) -> Ints:
    """Index in its stream of each segment's first sample."""
    total = np.cumsum(n_samples) - n_samples
    begin = np.cumsum(sizes) - sizes
    return np.asarray(total - np.repeat(total[begin], sizes))
