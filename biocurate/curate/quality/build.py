"""Judge the windows of a set and keep what was found."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from biocurate.curate.quality.catalogue import measures
from biocurate.curate.quality.judge import judge
from biocurate.curate.quality.plan import STREAM, Task, tasks, wanted
from biocurate.engine import InProcess, Pool, Progress, Silent
from biocurate.errors import UsageError
from biocurate.store.quality_schema import quality_schema
from biocurate.store.runs import Run
from biocurate.store.schema import cast
from biocurate.store.sql import nearest
from biocurate.store.store import Store

PREFIX = "quality/"
"""Begins the name of a quality table; the window set's follows."""


@dataclass
class Outcome:
    """How a run ended."""

    window_set: str
    windows: int = 0
    """Of the set."""
    judged: int = 0
    """Channels of windows, now."""
    there_before: int = 0
    """Streams of windows that were judged before."""
    seconds: float = 0.0
    snapshot_id: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Of the channels judged now."""


def score_set(store: Store, name: str, *, pool: Pool | None = None, progress: Progress | None = None) -> Outcome:
    """Judge every channel of every window of a set, by all measures of its sensor type.

    What the table has already is not judged again, so that a second run does nothing and a killed run goes on. The
    table follows its set: rows of windows that the set no longer has leave it, and all are judged anew once a measure
    has joined or has a new version.

    Parameters
    ----------
    store : Store
    name : str
        Window set.
    pool : Pool, optional
        Where tasks run; here where left out.
    progress : Progress, optional

    Raises
    ------
    UsageError
        Where there is no such window set.
    StaleError
        Where it was cut from recordings that have been replaced.
    DamageError
        Where a stored sample is missing or changed.
    LeaseError
        While another process writes to the store.
    """
    began = time.monotonic()
    windows = _windows(store, name)
    run = Run("quality", name, {"measures": [each.column for each in measures()]})
    with store.lease(f"quality score {name}", run.run_id):
        outcome = score_unpublished(store, name, windows, pool=pool, progress=progress)
        if outcome.judged:
            run.finish(store, done=outcome.judged)
        outcome.snapshot_id = store.publish(run.run_id)
    outcome.seconds = time.monotonic() - began
    return outcome


def score_unpublished(
    store: Store, name: str, windows: pl.DataFrame, *, pool: Pool | None = None, progress: Progress | None = None
) -> Outcome:
    """Judge some of a set's windows; see `score_set`. The caller holds the lease, and publishes."""
    pool, bar = pool or InProcess(), progress or Silent()
    outcome = Outcome(name, windows=windows.height)
    there = _follow(store, PREFIX + name, wanted(store, _windows(store, name)))
    spans = wanted(store, windows)
    todo = spans.join(there, on=STREAM, how="anti", nulls_equal=True, maintain_order="left")
    outcome.there_before = spans.height - todo.height
    bar.start(todo.height)
    reasons: Counter[str] = Counter()
    for task, rows in pool.map(judge, tasks(store, todo, pool.workers)):
        store.tables.append(PREFIX + name, rows)
        reasons.update(rows.column("reason").to_pylist())
        outcome.judged += rows.num_rows
        bar.advance(_size(task))
    outcome.reasons = dict(reasons.most_common())
    return outcome


def _size(task: Task) -> int:
    return task.rows.height


def _windows(store: Store, name: str) -> pl.DataFrame:
    if not store.tables.exists(f"windows/{name}"):
        known = [table.removeprefix("windows/") for table in store.tables.names() if table.startswith("windows/")]
        raise UsageError(f"there is no window set {name!r}.", where=store.url, mend=nearest(name, known))
    return store.windows(name).collect()


def _follow(store: Store, table: str, spans: pl.DataFrame) -> pl.DataFrame:
    """Let a table follow its window set as it is now; returns what of it stays judged."""
    schema = quality_schema(each.column for each in measures())
    if not store.tables.exists(table):
        return spans.select(STREAM).clear()
    there = store.tables.scan(table).collect()
    if not set(schema.names) <= set(there.columns):
        store.tables.write(table, schema.empty_table())
        return spans.select(STREAM).clear()
    now = spans.select(*STREAM, now="window_id")
    kept = there.join(now, on=STREAM, how="inner", nulls_equal=True, maintain_order="left")
    kept = kept.with_columns(window_id="now").drop("now")
    if not kept.equals(there):
        store.tables.write(table, cast(kept.to_arrow(), schema))
    return kept.select(STREAM).unique()
