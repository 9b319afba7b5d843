"""A stream of a recording while it is being made: nothing is read that has not come yet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.views.chain import Plan, form_of, plan_stream
from biocurate.curate.views.lazy import view_of_chain
from biocurate.curate.views.run import derive
from biocurate.curate.views.signal import Runs, Signal, Stored, flags_of
from biocurate.errors import StaleError
from biocurate.recording import NS
from biocurate.sensors import SensorType
from biocurate.store.finish import Scaling, finished, is_flat
from biocurate.store.reading import catalogue, physical
from zoo.streaming.causality import realisable

if TYPE_CHECKING:
    from biocurate.store.store import Store


@dataclass(frozen=True)
class Arrived(Stored):
    """The samples of a segment that have come; a gap that is still open goes on as its last sample."""

    whole: Stored

    @classmethod
    def of(cls, whole: Stored, n_samples: int) -> Arrived:
        """The first samples of a segment."""
        reader, first, scale, shift, invalid = whole.reader, whole.first, whole.scale, whole.shift, whole.invalid
        return cls(reader, first, n_samples, scale, shift, invalid, whole)

    @property
    def missing(self) -> Runs:
        """Where the file has no sample, as far as it has come."""
        # Looked for once, in the whole.
        known = self.n_samples
        return tuple(np.minimum(runs[runs[:, 0] < known], known) for runs in self.whole.missing)


@dataclass(frozen=True)
class Window:
    """Samples of one stream in one window."""

    x: NDArray[np.float32]
    """Shape (channels, time), NaN where there is no sample."""
    flat: NDArray[np.bool_]
    """Channels that were constant before anything normalised them, or have no sample, shape (channels,)."""


@dataclass(frozen=True)
class Feed:
    """One stream, raw or of a view, as far as it has come.

    Parameters
    ----------
    row : mapping
        Of the catalogue that windows are read by: sensor_type, rate_hz, names, scale, shift; of a view also floor,
        scope, method and clip.
    plan : Plan
        What is done to the raw stream.
    sources : tuple of Stored
        Its raw segments.
    starts_ns : tuple of int
        When each segment begins.
    scaling : Scaling, optional
        Of a view that is normalised over what one trains on.
    """

    row: Mapping[str, Any]
    plan: Plan
    sources: tuple[Stored, ...]
    starts_ns: tuple[int, ...]
    scaling: Scaling | None = None

    @property
    def look_ahead_s(self) -> float:
        """How long after a sample its value in the view is known."""
        # Two samples beyond what each step's filter reaches: its grid of blocks asks for them.
        return self.plan.settling.before_s + 2 * len(self.plan.stages) / self.plan.raw.rate_hz

    def ready_ns(self, first: int, n_samples: int) -> int:
        """When a window of the stream can be computed, on the recording's clock."""
        number, start = self._segment(first)
        return self.starts_ns[number] + round(self._needed(number, start + n_samples) / self.plan.raw.rate_hz * NS)

    def window(self, first: int, n_samples: int) -> Window:
        """Samples of a window, computed of what has come by `ready_ns` alone.

        Parameters
        ----------
        first : int
            Index in the stream of the window's first sample.
        n_samples : int
        """
        number, start = self._segment(first)
        stop = start + n_samples
        signal: Signal = Arrived.of(self.sources[number], self._needed(number, stop))
        for stage in self.plan.stages:
            # Not `Plan.over`: it holds short segments whole, which costs more with every window.
            signal = signal if stage.over is None else stage.over(signal)
        values = signal.read(start, stop).astype(np.float32)
        for channel, runs in enumerate(signal.missing):
            if len(runs):
                values[channel, flags_of(runs, start, stop)] = np.nan
        if self.row.get("view_id") is None:
            return Window(values, is_flat(values, np.zeros(len(values))))
        floor = np.array(self.row["floor"])
        scaled = physical(values, np.array(self.row["scale"]), np.array(self.row["shift"]), ())
        x = finished(scaled[None], self.row, floor, self.row["names"], self.scaling)[0]
        return Window(x, is_flat(scaled, floor))

    def _needed(self, number: int, stop: int) -> int:
        """Raw samples of a segment that must have come for a sample of the view to be known."""
        until_s = stop / self.plan.form.rate_hz + self.look_ahead_s
        return min(math.ceil(until_s * self.plan.raw.rate_hz - 1e-6), self.sources[number].n_samples)

    def _segment(self, first: int) -> tuple[int, int]:
        number = int(np.searchsorted(self._starts, first, side="right")) - 1
        return number, first - int(self._starts[number])

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        lengths = [self.plan.over(source).n_samples for source in self.sources]
        return np.cumsum([0, *lengths[:-1]], dtype=np.int64)


def open_feed(store: Store, row: Mapping[str, Any], forward: bool = False, scaling: Scaling | None = None) -> Feed:
    """Open a stream of the catalogue that windows are read by.

    Parameters
    ----------
    store : Store
    row : mapping
    forward : bool
        As of `zoo.streaming.causality.realisable`.
    scaling : Scaling, optional

    Raises
    ------
    ViewError
        Where the stream's view cannot be computed while the recording is being made.
    StaleError
        Where the view was made by another version of the program, or of a recording that was replaced.
    """
    raw = _raw(store, row)
    plan = _plan(row, raw, forward)
    derived = derive(store.objects, raw, plan)
    starts = tuple(int(segment["t0_ns"]) for segment in raw["segments"] if segment["n_samples"])
    sources = tuple(source for source in derived.sources if isinstance(source, Stored))
    return Feed(row, plan, sources, starts, scaling)


def _plan(row: Mapping[str, Any], raw: Mapping[str, Any], forward: bool) -> Plan:
    if row.get("view_id") is None:
        form = form_of(raw, None)
        return Plan(form, form)
    sensor = SensorType(row["sensor_type"])
    view = view_of_chain(str(row["chain"]), str(sensor))
    if view is None:
        mend = "Make the view again: biocurate preprocess VIEW."
        raise StaleError("this version of the program computes it otherwise.", where=str(row["stream_id"]), mend=mend)
    return plan_stream(realisable(view, sensor, f"view {row['view']}", forward), raw, row["mains_hz"])


def _raw(store: Store, row: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("recording_id", "revision", "stream_no")
    found = store.streams.filter(*(pl.col(key) == row[key] for key in keys)).collect()
    if found.is_empty():
        mend = "Make the view again: biocurate preprocess VIEW."
        raise StaleError("the recording that it is made from was replaced.", where=str(row["stream_id"]), mend=mend)
    return catalogue(found).with_columns(found["channels"]).row(0, named=True)
