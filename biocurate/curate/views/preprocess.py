"""Make a view of a store's streams: parts of derived samples, and a row for each stream."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from biocurate.curate.views.chain import plan_stream
from biocurate.curate.views.rows import GROUPS, made_row, normalised, refused_row
from biocurate.curate.views.run import Derived, Tally, derive
from biocurate.curate.views.schema import View
from biocurate.curate.views.todo import ROW, TABLE, Batch, Row, Todo, batches, find, rows_of
from biocurate.engine import InProcess, Pool, Progress, Silent
from biocurate.errors import UsageError
from biocurate.store.codecs import SIGNAL_CODEC
from biocurate.store.codecs import codec as load_codec
from biocurate.store.runs import Log, Run
from biocurate.store.schema import cast
from biocurate.store.signals import Kind, SignalWriter
from biocurate.store.store import Store
from biocurate.store.view_schema import DERIVED_STREAMS

IDS = 5_000
"""Rows a commit: Delta's predicate names each of them."""


@dataclass
class Outcome:
    """How a run ended."""

    view: str
    derived: int = 0
    there_before: int = 0
    rows_moved: int = 0
    """Streams whose samples are the same, though recording or view have changed: only their rows were written."""
    removed: int = 0
    hours: float = 0.0
    """Recorded time of what was derived, each stream counted."""
    stored_bytes: int = 0
    seconds: float = 0.0
    snapshot_id: int = 0
    status: dict[str, int] = field(default_factory=dict)
    """Of the streams that were derived."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Why streams are not ok, and how many."""
    dropped: dict[str, int] = field(default_factory=dict)
    """What of the chain was left out, and of how many streams."""
    transductive: dict[str, str] = field(default_factory=dict)
    """Sensor types whose normalisation uses other samples of a test subject, and its scope."""


@dataclass(frozen=True)
class Result:
    """Rows of a finished task; its parts are written, and nothing is published yet."""

    rows: pa.Table
    stored_bytes: int


def preprocess(
    store: Store,
    view: View,
    *,
    corpora: Sequence[str] = (),
    pool: Pool | None = None,
    progress: Progress | None = None,
    codec: str = SIGNAL_CODEC,
    lazy: bool = False,
) -> Outcome:
    """Derive every stream that a view has a chain for.

    What is derived already, from the same samples by the same chain, is not derived again: a second run does nothing,
    and a killed run goes on. Each task owns the parts that it writes and publishes its rows when they are all written.

    Parameters
    ----------
    store : Store
    view : View
    corpora : sequence of str
        Only these; all where there is none.
    pool : Pool, optional
        Where tasks run; here where left out.
    progress : Progress, optional
        Counts recorded hours.
    codec : str
    lazy : bool
        Write rows only: samples are computed when windows are read, and are the same. Good to try a view out.

    Raises
    ------
    UsageError
        Where a corpus is not there, or no stream is of a sensor type of the view.
    DamageError
        Where a stored sample is missing or changed.
    LeaseError
        While another process writes to the store.
    """
    pool, bar, began = pool or InProcess(), progress or Silent(), time.monotonic()
    load_codec(codec, "float32")
    outcome = Outcome(view.name, transductive=_transductive(store, view))
    run = Run(
        "preprocess",
        view.name,
        {"view": view.model_dump(mode="json"), "corpora": list(corpora), "codec": codec, "lazy": lazy},
    )
    with store.lease(f"biocurate preprocess {view.name}", run.run_id):
        todo = find(store, view, corpora, lazy)
        if not todo.there and not todo.rows.height and not todo.gone:
            raise _nothing(store, view, corpora)
        outcome.there_before = todo.there
        log = lambda: Log(outcome.derived, n_bytes=outcome.stored_bytes)  # noqa: E731
        if todo.rows.height or todo.moved.height or todo.gone:
            with run.logged(store, log):
                _tidy(store, view, todo, outcome)
                tasks = batches(store, view, todo, run.run_id, codec, lazy, pool.workers)
                _work(store, todo, tasks, run.run_id, pool, bar, outcome)
        outcome.snapshot_id = store.publish(run.run_id)
    outcome.seconds = time.monotonic() - began
    return outcome


def _transductive(store: Store, view: View) -> dict[str, str]:
    there = store.streams.select("sensor_type").unique().collect()["sensor_type"]
    scopes = {str(sensor): view.transductive(sensor) for sensor in view.chains if str(sensor) in set(there)}
    return {sensor: scope for sensor, scope in scopes.items() if scope is not None}


def _nothing(store: Store, view: View, corpora: Sequence[str]) -> UsageError:
    there = store.streams.select("corpus", "sensor_type").unique().sort("corpus", "sensor_type").collect()
    known = ", ".join(f"{sensor} ({corpus})" for corpus, sensor in there.iter_rows()) or "none"
    wanted = " and ".join(map(str, view.chains)) + (f" in {', '.join(corpora)}" if corpora else "")
    return UsageError(f"the store has no {wanted}.", where=f"view {view.name}", mend=f"It has {known}.")


def _work(
    store: Store, todo: Todo, tasks: Iterator[Batch], run_id: str, pool: Pool, bar: Progress, outcome: Outcome
) -> None:
    """Run the tasks, and publish each as it is done."""
    hours = todo.rows.select((pl.col("n_samples") / pl.col("rate_hz")).sum()).item() or 0
    bar.start(hours / 3600)
    status, reasons, dropped = Counter[str](), Counter[str](), Counter[str]()
    for batch, result in pool.map(make, tasks):
        rows = pl.DataFrame(pl.from_arrow(result.rows))
        _replace(store, rows)
        store.publish(run_id)
        outcome.derived += rows.height
        outcome.stored_bytes += result.stored_bytes
        outcome.hours += batch.seconds / 3600
        status.update(rows["status"])
        reasons.update(rows.filter(pl.col("status") != "ok")["reason"])
        dropped.update(rows["dropped"].explode().drop_nulls())
        bar.advance(batch.seconds / 3600)
    outcome.status, outcome.reasons, outcome.dropped = dict(status), dict(reasons), dict(dropped)


def _replace(store: Store, rows: pl.DataFrame) -> None:
    for some in rows.iter_slices(IDS):
        store.tables.replace(TABLE, some.to_arrow(), "stream_id", some["stream_id"].to_list())


def _tidy(store: Store, view: View, todo: Todo, outcome: Outcome) -> None:
    """Bring rows into line whose samples stay as they are, and take out those of streams that are gone."""
    if todo.moved.height:
        rows = rows_of(store, view.name).join(
            todo.moved, left_on="stream_id", right_on="derived_id", how="inner", suffix="_now"
        )
        rows = rows.with_columns(view_id=pl.lit(view.id), **{name: pl.col(f"{name}_now") for name in ROW})
        _replace(store, rows.select(pl.Schema(DERIVED_STREAMS).names()))
        outcome.rows_moved = rows.height
    empty = pl.DataFrame(schema=pl.Schema(DERIVED_STREAMS)).to_arrow()
    for first in range(0, len(todo.gone), IDS):
        store.tables.replace(TABLE, empty, "stream_id", todo.gone[first : first + IDS])
    outcome.removed = len(todo.gone)


def make(batch: Batch) -> Result:
    """Derive the streams of a batch into parts of their own."""
    writer = SignalWriter(batch.objects, batch.corpus, batch.codec)
    rows = [_make(batch, stream, writer) for stream in batch.rows]
    digests = writer.close()
    normalised(rows)
    for row in rows:
        row["part_digest"] = digests.get(row.get("part", ""))
    return Result(cast(rows, DERIVED_STREAMS), writer.bytes_written)


def _make(batch: Batch, stream: Row, writer: SignalWriter) -> Row:
    plan = plan_stream(batch.view, stream, batch.mains_hz)
    if plan.refused:
        return refused_row(batch.view, stream, plan, batch.run_id, batch.mains_hz)
    derived = derive(batch.objects, stream, plan)
    normalise = plan.finish.normalise
    first_s = normalise.seconds if normalise is not None and normalise.scope == "calibration" else None
    tally = Tally(derived, None if first_s is None else round(first_s * plan.form.rate_hz))
    place: dict[str, Any] = {}
    if batch.lazy:
        _pass_over(derived, tally)
        place = {"start": 0}
    elif derived.n_samples:
        kind = Kind(stream["sensor_type"], plan.form.rate_hz, len(plan.form.names), "float32")
        written = writer.copy(kind, derived.n_samples, _Sequential(derived, tally))
        place = {"part": written.part, "start": written.start, "digest": written.digest}
    return made_row(batch.view, stream, derived, tally, place, batch.run_id, batch.mains_hz)


def _pass_over(derived: Derived, tally: Tally) -> None:
    """Learn mean and spread where the view is normalised by them; else no sample is computed."""
    scope = derived.plan.finish.normalise.scope if derived.plan.finish.normalise else None
    if scope in GROUPS:
        for first, block in derived.blocks():
            tally.add(first, block)
    else:
        tally.known = False


class _Sequential:
    """Derived samples for a writer that asks for them from the first to the last: each block is computed once."""

    def __init__(self, derived: Derived, tally: Tally) -> None:
        self._blocks = derived.blocks()
        self._tally = tally
        self._first = 0
        self._held = np.empty((len(derived.plan.form.names), 0), dtype=np.float32)

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``[start, stop)``; `start` is where the last call stopped."""
        pieces = [self._held[:, start - self._first :]]
        have = pieces[0].shape[1]
        while have < stop - start:
            first, block = next(self._blocks)
            self._tally.add(first, block)
            self._first, self._held = first, block
            pieces.append(block)
            have += block.shape[1]
        return np.concatenate(pieces, axis=1)[:, : stop - start]
