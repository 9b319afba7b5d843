"""One recording out of the store."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from biocurate.errors import StoreError, UsageError
from biocurate.recording import NS, samples_to_ns
from biocurate.sensors import SensorType
from biocurate.store.arrays import open_array
from biocurate.store.finish import finished
from biocurate.store.objects import Objects
from biocurate.store.reading import catalogue, locate, physical
from biocurate.store.schema import STREAM
from biocurate.store.signals import part_key

if TYPE_CHECKING:
    import mne


STREAMS = pl.Schema(pa.schema(list(STREAM)))


class Computing(Protocol):
    """Computes samples of derived streams that have no part."""

    def read(self, row: Mapping[str, Any], start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)`` of a row of ``derived_streams``, shape (channels, samples), as stored."""
        ...


class StoredRecording:
    """A recording as its row in the store tells it; samples are read when asked for.

    Parameters
    ----------
    objects : Objects
        The store's root.
    row : mapping
        Its row of ``recordings``.
    annotations : LazyFrame
        Its rows of ``annotations``.
    derived : LazyFrame, optional
        Its rows of ``derived_streams``.
    computing : callable, optional
        Makes what computes samples of views that are not stored.
    """

    def __init__(
        self,
        objects: Objects,
        row: Mapping[str, Any],
        annotations: pl.LazyFrame,
        derived: pl.LazyFrame | None = None,
        computing: Callable[[], Computing] | None = None,
    ) -> None:
        self._derived = derived
        self._make_computing = computing
        self.objects = objects
        self.row = row
        self._annotations = annotations
        self.recording_id: str = row["recording_id"]

    def __repr__(self) -> str:
        kinds = ", ".join(f"{stream['sensor_type']} {stream['rate_hz']:g} Hz" for stream in self.row["streams"])
        return f"<{self.recording_id}: {self.row['duration_ns'] / NS:g} s, {kinds}>"

    @property
    def streams(self) -> pl.DataFrame:
        """Its streams, each with lists of channel names and scales."""
        return catalogue(
            pl.DataFrame(self.row["streams"], schema=STREAMS).with_columns(recording_id=pl.lit(self.recording_id))
        )

    def annotations(self) -> pl.DataFrame:
        """Its annotations, by onset."""
        return self._annotations.drop("revision").sort("onset_ns", "kind", "value", "channel").collect()

    def read(
        self,
        sensor: str,
        start_s: float = 0.0,
        stop_s: float | None = None,
        *,
        digital: bool = False,
        view: str | None = None,
    ) -> NDArray[Any]:
        """Read a span of one sensor type, or of one stream.

        Streams of a sensor type are joined on their common grid, which starts at ``start_s``.

        Parameters
        ----------
        sensor : str
            A sensor type (``ECG``, ``EDA``) or a stream_id.
        start_s, stop_s : float
            Span in seconds from the recording's start; to the sensor type's end where ``stop_s`` is left out. It lies
            in the recording, give or take a sample; where the sensor type begins later or ends earlier, it is NaN.
        digital : bool
            The file's own integers instead of physical values; refused across a gap, which has none.
        view : str, optional
            Name of a view: what it made of the streams, normalised and clipped; where its samples are not stored
            (`preprocess --lazy`), they are computed, and are the same. What a view normalises by window is normalised
            over the span.

        Returns
        -------
        array, shape (channels, samples)
            float32 in the canonical unit, NaN in gaps and where the file marks samples invalid; or the stored integers.

        Raises
        ------
        UsageError
            Where a time is no finite number, or the span is empty or reaches out of the recording.
        StoreError
            Where there is no such sensor type, its streams differ in rate, or integers are asked for across a gap.
        """
        streams = self._chosen(sensor, view)
        rate = float(streams["rate_hz"][0])
        start_ns, stop_ns = self._bounds(streams, start_s, stop_s)
        n_samples = round((stop_ns - start_ns) * rate / NS)
        if digital:
            return self._digital(streams, start_ns, n_samples)
        # Two channels of one name are two channels: the second of a name is told apart by its place.
        named = list(dict.fromkeys(key for row in streams["names"] for key in _numbered(row.to_list())))
        out = np.full((len(named), n_samples), np.nan, dtype=np.float32)
        filled = np.zeros(out.shape, dtype=bool)
        for stream in streams.iter_rows(named=True):
            rows = np.array([named.index(key) for key in _numbered(stream["names"])])
            scale, shift = np.array(stream["scale"]), np.array(stream["shift"])
            for offset, first, length in locate(stream["segments"], rate, start_ns, n_samples):
                here = rows[:, None], np.arange(offset, offset + length)
                if filled[here].any():
                    raise self._overlap(streams)
                out[here] = physical(self._span(stream, first, length), scale, shift, stream["invalid"])
                filled[here] = True
        if view is None:
            return out
        floor = {
            key: low
            for row in streams.rows(named=True)
            for key, low in zip(_numbered(row["names"]), row["floor"], strict=True)
        }
        return finished(out, streams.row(0, named=True), np.array([floor[key] for key in named]))

    def _bounds(self, streams: pl.DataFrame, start_s: float, stop_s: float | None) -> tuple[int, int]:
        """A span in nanoseconds; refused where it can hold no sample, or lies outside of the recording in part."""
        end_ns = max(map(_end_ns, streams.iter_rows(named=True)))
        if not (math.isfinite(start_s) and (stop_s is None or math.isfinite(stop_s))):
            raise UsageError(
                f"from {start_s} to {stop_s} s is no span of time.",
                where=self.recording_id,
                mend="Give finite numbers, in seconds from the recording's start.",
            )
        start_ns = round(start_s * NS)
        stop_ns = end_ns if stop_s is None else round(stop_s * NS)
        last_ns = max(end_ns, self.row["duration_ns"] or 0)
        whole = start_ns == 0 and stop_s is None  # also of a stream without a sample
        said = f"from {start_s:g} to {stop_ns / NS:g} s"
        mend = f"It goes from 0 to {last_ns / NS:g} s, and this sensor type to {end_ns / NS:g} s."
        if not whole and (stop_ns <= max(start_ns, 0) or start_ns >= last_ns):
            raise UsageError(f"nothing lies {said}.", where=self.recording_id, mend=mend)
        # A time that was worked out may be off by a sample; one that is far off is a mistake, and would be all NaN.
        sample_ns = math.ceil(NS / float(streams["rate_hz"][0]))
        if start_ns < -sample_ns or stop_ns > last_ns + sample_ns:
            raise UsageError(f"the span {said} reaches out of it.", where=self.recording_id, mend=mend)
        return start_ns, stop_ns

    def _overlap(self, streams: pl.DataFrame) -> StoreError:
        ids = ", ".join(streams["stream_id"])
        return StoreError(
            "two of its streams have the same channel at the same time.",
            where=self.recording_id,
            mend=f"Read one of them: {ids}.",
        )

    def _digital(self, streams: pl.DataFrame, start_ns: int, n_samples: int) -> NDArray[Any]:
        pieces = [
            (offset, stream, first, length)
            for stream in streams.iter_rows(named=True)
            for offset, first, length in locate(stream["segments"], stream["rate_hz"], start_ns, n_samples)
        ]
        if len(pieces) != 1 or pieces[0][3] != n_samples:
            there = ", ".join(_told(start_ns, *piece) for piece in pieces[:3]) + (", …" if len(pieces) > 3 else "")
            raise StoreError(
                "the span has a gap, or its streams differ in calibration: there are no integers for all of it.",
                where=self.recording_id,
                mend=f"Integers are there {there or 'at no time of it'}: read such a span, or physical values, which "
                "are NaN in gaps.",
            )
        return self._span(*pieces[0][1:])

    def _span(self, stream: Mapping[str, Any], first: int, length: int) -> NDArray[Any]:
        if stream["part"] is None:
            return self._computing.read(stream, first, first + length)
        reader = open_array(self.objects, part_key(stream["part"]), stream["part_digest"])
        return reader.read(stream["start"] + first, stream["start"] + first + length)

    @cached_property
    def _computing(self) -> Computing:
        """Kept, because neighbouring spans share blocks."""
        if self._make_computing is None:
            raise StoreError("nothing here computes views.", where=self.recording_id, mend="Open it by a store.")
        return self._make_computing()

    def _chosen(self, sensor: str, view: str | None) -> pl.DataFrame:
        streams = self.streams if view is None else self._viewed(view)
        if "#" in sensor:
            chosen = streams.filter(pl.col("stream_id") == sensor)
        else:
            chosen = streams.filter(pl.col("sensor_type") == str(SensorType.parse(sensor)))
        if chosen.is_empty():
            there = ", ".join(f"{row[0]} ({row[1]})" for row in streams.select("stream_id", "sensor_type").iter_rows())
            raise StoreError(f"there is no {sensor} in it.", where=self.recording_id, mend=f"It has {there}.")
        if chosen["rate_hz"].n_unique() > 1:
            ids = ", ".join(f"{row[0]} at {row[1]:g} Hz" for row in chosen.select("stream_id", "rate_hz").iter_rows())
            raise StoreError(
                "its streams differ in rate.", where=f"{self.recording_id} {sensor}", mend=f"Choose one: {ids}."
            )
        return chosen

    def _viewed(self, view: str) -> pl.DataFrame:
        """Streams that a view made of this recording."""
        rows = None if self._derived is None else self._derived.filter(pl.col("view") == view).collect()
        if rows is None or rows.is_empty():
            mend = f"Make it: biocurate preprocess {view}; with --lazy it writes rows only, and samples are computed."
            raise StoreError(f"the view {view!r} was not made of it.", where=self.recording_id, mend=mend)
        made = rows.filter(pl.col("n_samples") > 0)
        if made.is_empty():
            raise StoreError(f"the view {view!r} has nothing of it: {rows['reason'][0]}.", where=self.recording_id)
        return catalogue(made)

    def to_mne(self, sensors: str | Sequence[str] | None = None) -> mne.io.RawArray:
        """Hand over as MNE ``Raw`` in MNE's units (volts): one sensor type, several of one rate, or all.

        MNE knows no gap: NaN stays NaN, and a BAD annotation marks it.
        """
        from biocurate.store.handover import to_mne

        return to_mne(self, sensors)

    def to_xarray(self) -> Any:  # noqa: ANN401
        """Hand over as an xarray ``Dataset``: one variable a sensor type, each on its own time axis."""
        from biocurate.store.handover import to_xarray

        return to_xarray(self)


def _numbered(names: Sequence[str]) -> list[tuple[str, int]]:
    """Each name with how often it came before in the same stream."""
    return [(name, names[:place].count(name)) for place, name in enumerate(names)]


def _told(start_ns: int, offset: int, stream: Mapping[str, Any], first: int, length: int) -> str:
    """Which stream has integers from when to when, in numbers that `read` takes."""
    begin, end = (start_ns / NS + samples / float(stream["rate_hz"]) for samples in (offset, offset + length))
    return f"from {begin:.9g} to {end:.9g} s ({stream['stream_id']})"


def _end_ns(stream: Mapping[str, Any]) -> int:
    if not stream["segments"]:
        return 0
    last = stream["segments"][-1]
    return int(last["t0_ns"]) + samples_to_ns(last["n_samples"], stream["rate_hz"])
