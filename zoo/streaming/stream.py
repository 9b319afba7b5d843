"""A recording replayed through a model: how fast it answers, and how far its answers are from the offline ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.engine import Progress, Silent
from biocurate.recording import NS, ns_to_samples
from biocurate.store.signal_reader import SignalReader, view_of
from zoo.learners import prepare
from zoo.models.registry import model_config
from zoo.streaming.answering import Answering, answering
from zoo.streaming.arriving import Feed, open_feed
from zoo.streaming.chosen import Chosen, persons_of
from zoo.streaming.replay import Replayed, replay

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.data.task import Task

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Streamed:
    """What a replay showed."""

    model: str
    recording: str
    view: str | None
    windows: int
    unanswered: int
    """Windows that hold nothing to answer from; they are in no figure."""
    look_ahead_ms: float
    """How long after its last sample a window can be computed: resampling looks so far ahead."""
    p50_ms: float
    """Latency: from the moment that a window can be computed to its answer."""
    p99_ms: float
    worst_ms: float
    late: int
    """Windows that waited for the answer to the one before."""
    largest_difference: float
    """Of a probability from that which the same model gives the stored window."""
    mean_difference: float
    agree: float
    """Share of windows whose answer is the offline one."""
    rows: pl.DataFrame
    """A row a window: t0_s, ready_s, latency_ms, answer, offline, difference."""
    notes: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """All but the rows."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in {"rows", "notes"}}


@dataclass(frozen=True)
class Replaying:
    """The windows of a recording, and the streams that they come in by."""

    rows: pl.DataFrame
    feeds: Mapping[int, Feed]
    """By number of the stream."""
    how: Answering

    @property
    def ready_s(self) -> Floats:
        """When each window can be computed, on the recording's clock, shape (windows,)."""
        return np.array([self._ready_ns(row) for row in range(self.rows.height)]) / NS

    def answer(self, row: int) -> Floats:
        """Compute a window's samples of what has come, and answer."""
        span = self.rows.row(row, named=True)
        first = {each["stream_no"]: each["start"] for each in span["streams"]}
        signals = {
            number: self.feeds[number].window(first[number], self._samples(number, span["duration_ns"]))
            for number in self.how.streams(row)
        }
        return self.how.answer(row, signals)

    def _ready_ns(self, row: int) -> int:
        span = self.rows.row(row, named=True)
        first = {each["stream_no"]: each["start"] for each in span["streams"]}
        ends = [
            self.feeds[number].ready_ns(first[number], self._samples(number, span["duration_ns"]))
            for number in self.how.streams(row)
        ]
        return int(max([span["t0_ns"] + span["duration_ns"], *ends]))

    def _samples(self, number: int, duration_ns: int) -> int:
        return ns_to_samples(duration_ns, float(self.feeds[number].row["rate_hz"]))


def stream(
    store: Store,
    chosen: Chosen,
    recording: str,
    speed: float | None = None,
    forward: bool = False,
    bar: Progress = Silent(),
) -> Streamed:
    """Replay a recording's windows through a model.

    Parameters
    ----------
    store : Store
    chosen : Chosen
        Of `zoo.streaming.chosen.choose`.
    recording : str
        Its id.
    speed : float, optional
        Seconds of the recording in a second; as fast as it goes where left out.
    forward : bool
        Let filters run forward alone that the view has run backward too.
    bar : Progress, optional
        Is told of windows.

    Raises
    ------
    UsageError
        Where the manifest has no window of the recording.
    ModelError
        Where the model answers from something that is not there while a recording is being made.
    ViewError
        Where the view cannot be computed by then.
    """
    task, at = of_recording(chosen, recording)
    rows = task.rows.filter(pl.col("recording_id") == recording)
    fitted = prepare(store, task, chosen.config).load(chosen.tensors, chosen.about)
    catalogue = SignalReader.of(store, rows).streams.filter(pl.col("recording_id") == recording)
    how = answering(store, fitted, rows, catalogue, at)
    wanted = {number for row in range(rows.height) for number in how.streams(row)}
    feeds = {
        row["stream_no"]: open_feed(store, row, forward, how.scaling(row["sensor_type"]))
        for row in catalogue.iter_rows(named=True)
        if row["stream_no"] in wanted
    }
    replaying = Replaying(rows, feeds, how)
    ready = replaying.ready_s
    order = np.argsort(ready, kind="stable")
    done = replay(ready[order], lambda number: replaying.answer(int(order[number])), speed, bar=bar)
    offline = fitted.predict(np.arange(at, at + rows.height))[order]
    notes = list(chosen.notes)
    if forward:
        notes.append("Filters ran FORWARD ALONE, which is not what the model was trained on.")
    return _streamed(replace(chosen, notes=tuple(notes)), recording, replaying, order, ready[order], done, offline)


def of_recording(chosen: Chosen, recording: str) -> tuple[Task, int]:
    """The task that a learner is given, and the place in it of the recording's first window.

    Features are measured for what is given, and the recording is enough; images are found by the whole manifest.
    """
    persons_of(chosen.task, recording)
    rows = chosen.task.rows
    if model_config(chosen.config.model).spec.input == "features":
        return replace(chosen.task, rows=rows.filter(pl.col("recording_id") == recording)), 0
    return chosen.task, int((rows["recording_id"] == recording).arg_max() or 0)


def _streamed(
    chosen: Chosen,
    recording: str,
    replaying: Replaying,
    order: NDArray[np.intp],
    ready: Floats,
    done: Replayed,
    offline: Floats,
) -> Streamed:
    rows = replaying.rows[order]
    known = np.isfinite(done.answers).all(axis=1) & np.isfinite(offline).all(axis=1)
    apart = np.abs(done.answers - offline).max(axis=1)
    names = np.array(chosen.classes)
    table = pl.DataFrame(
        {
            "t0_s": rows["t0_ns"] / NS,
            "ready_s": ready,
            "latency_ms": done.latency_s * 1e3,
            "answer": _said(done.answers, names),
            "offline": _said(offline, names),
            "difference": apart,
        }
    ).with_columns(pl.col("difference").fill_nan(None))
    same = table.filter(pl.Series(known)).select((pl.col("answer") == pl.col("offline")).mean()).item()
    look_ahead = max((feed.look_ahead_s for feed in replaying.feeds.values()), default=0.0)
    return Streamed(
        model=chosen.name,
        recording=recording,
        view=view_of(rows),
        windows=rows.height,
        unanswered=int((~known).sum()),
        look_ahead_ms=look_ahead * 1e3,
        p50_ms=done.percentile_ms(50),
        p99_ms=done.percentile_ms(99),
        worst_ms=done.percentile_ms(100),
        late=done.late,
        largest_difference=float(apart[known].max(initial=0.0)),
        mean_difference=float(apart[known].mean()) if known.any() else float("nan"),
        agree=float("nan") if same is None else float(same),
        rows=table,
        notes=chosen.notes,
    )


def _said(probability: Floats, names: NDArray[np.str_]) -> pl.Series:
    """The likeliest class of each window; null where there is no answer."""
    known = np.isfinite(probability).all(axis=1)
    best = names[np.nan_to_num(probability).argmax(axis=1)]
    return pl.Series(best.tolist(), dtype=pl.String).set(pl.Series(~known), None)
