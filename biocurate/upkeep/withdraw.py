"""Take a person out of a store for good: samples, rows, and every older version of them."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from biocurate.engine import InProcess, Pool, Progress, Silent
from biocurate.errors import StoreError
from biocurate.store.forgotten import bury, forgotten
from biocurate.store.item_parts import PREFIXES
from biocurate.store.runs import Run
from biocurate.store.snapshots import drop_snapshots
from biocurate.store.store import Store
from biocurate.store.vacuum import sweep
from biocurate.upkeep.copies import copies_of
from biocurate.upkeep.derived import move_others
from biocurate.upkeep.history import purge
from biocurate.upkeep.item_parts import without
from biocurate.upkeep.placing import BATCH, place
from biocurate.upkeep.traces import Traces, clean_snapshots, hot_files, trace, versioned
from biocurate.upkeep.transfer import Transfer, places, transfer

MB = 1e6


@dataclass
class Forgotten:
    """What went, or would go."""

    persons: int = 0
    recordings: list[str] = field(default_factory=list)
    parts: int = 0
    """Parts that held samples of theirs; the samples of others that shared them lie in new ones."""
    images: int = 0
    embeddings: int = 0
    copies: dict[str, list[str]] = field(default_factory=dict)
    """Other persons with recordings of the same samples, which stay."""
    manifests: dict[str, dict[str, str]] = field(default_factory=dict)
    """Manifests that were dropped: hash and definition, to build them again from."""
    snapshots_dropped: list[int] = field(default_factory=list)
    snapshots_kept: list[int] = field(default_factory=list)
    files: int = 0
    """Files of the tables, old versions among them, that were removed."""
    seconds: float = 0.0
    snapshot_id: int = 0


def survey(store: Store, subject: str) -> Forgotten:
    """Tell what `forget` would take out; writes nothing.

    Raises
    ------
    StoreError
        Where the store has no such person.
    """
    traces = _traced(store, subject)
    found = _outcome(store, traces)
    hot = {name: hot_files(store, name, traces) for name in versioned(store)}
    found.snapshots_kept, found.snapshots_dropped = clean_snapshots(store, hot)
    return found


def forget(store: Store, subject: str, pool: Pool | None = None, progress: Progress | None = None) -> Forgotten:
    """Take a person out of a store, all their recordings in all corpora, and see to it that they do not come back.

    Rows of theirs leave every table, parts that others share are written again without their samples, manifests that
    list them are dropped, snapshots that hold them are dropped, and every file of a table that no kept snapshot needs
    is removed, with what the tables' logs said of it. A hash of the person stays, by which the next ingest knows whom
    to leave out. Killed anywhere, the same command goes on.

    Parameters
    ----------
    store : Store
    subject : str
        ``<corpus>/<subject>``, or a person: ``<namespace>/<id>``.
    pool : Pool, optional
        Where parts are written again.
    progress : Progress, optional

    Raises
    ------
    StoreError
        Where the store has no such person, or a table of which it is not known whose rows it has.
    DamageError
        Where a part that others share is damaged: it has to be mended first.
    LeaseError
        While another process writes to the store.
    """
    began, pool, bar = time.monotonic(), pool or InProcess(), progress or Silent()
    run = Run("forget", "store", {})
    with store.lease("biocurate forget", run.run_id):
        traces = _traced(store, subject)
        outcome = _outcome(store, traces)
        # From here on no ingest brings them back, whatever happens to this run.
        bury(store, traces.persons or {subject}, run.run_id)
        _rewrite_parts(store, traces, pool, bar, run.run_id)
        gone = without(store, traces.item_parts, traces.recordings, pool)
        outcome.images, outcome.embeddings = gone["images"], gone["embeddings"]
        _drop_rows(store, traces)
        run.finish(store, done=len(traces.recordings))
        outcome.snapshot_id = store.publish(run.run_id)
        outcome.snapshots_kept, outcome.snapshots_dropped, outcome.files = _drop_history(store, traces)
    outcome.seconds = time.monotonic() - began
    return outcome


def _traced(store: Store, subject: str) -> Traces:
    traces = trace(store, subject)
    # A run that was killed late has left no row that leads to them; what it had still to remove is removed now.
    if not traces.persons and not forgotten(store, [subject]):
        near = store.recordings.select(pl.format("{}/{}", "corpus", "subject").unique().sort().head(3)).collect()
        raise StoreError(
            f"no recording is of {subject!r}.",
            where=store.url,
            mend=f"Write --subject CORPUS/SUBJECT or a person; there are {', '.join(near.to_series()) or 'none'}.",
        )
    return traces


def _outcome(store: Store, traces: Traces) -> Forgotten:
    return Forgotten(
        persons=len(traces.persons),
        recordings=sorted(traces.recordings),
        parts=len(traces.parts | traces.item_parts),
        copies=copies_of(store, traces.recordings) if traces.recordings else {},
        manifests=traces.manifests,
    )


def _rewrite_parts(store: Store, traces: Traces, pool: Pool, bar: Progress, run_id: str) -> None:
    """Move the streams of others out of the parts that hold samples of the person."""
    shared = store.streams.filter(
        pl.col("part").is_in(list(traces.parts)) & ~pl.col("recording_id").is_in(list(traces.recordings))
    )
    tasks = [
        Transfer(store.objects, store.objects, str(corpus), tuple(places(rows)))
        for (corpus, _), rows in shared.collect().group_by("corpus", "part", maintain_order=True)
    ]
    bar.start(sum(task.n_bytes for task in tasks) / MB)
    for task, done in pool.map(transfer, tasks):
        place(store, done.rows, run_id)
        bar.advance(task.n_bytes / MB)
    move_others(store, traces.parts, traces.recordings, pool, run_id)


def _drop_rows(store: Store, traces: Traces) -> None:
    """Remove the person's rows from the tables as they stand: what was derived first, so that nothing goes stale."""
    for name in traces.manifests:
        empty = store.tables.scan(f"manifests/{name}").head(0).collect()
        _replace(store, "manifests", "name", [name])
        store.tables.write(f"manifests/{name}", empty.to_arrow())
    made = (*PREFIXES, "quality/", "pairs/", "windows/", "manifests/")
    first = [name for name in store.tables.names() if name.startswith(made)]
    last = [name for name in ("recordings", "annotations") if store.tables.exists(name)]
    others = [name for name in store.tables.names() if name not in {*first, *last}]
    for name in (*first, *others, *last):
        columns = store.tables.scan(name).collect_schema()
        if "recording_id" in columns:
            there = store.tables.scan(name).filter(pl.col("recording_id").is_in(list(traces.recordings)))
            _replace(store, name, "recording_id", there.select("recording_id").unique().collect().to_series().to_list())
    _redact_runs(store, traces)


def _replace(store: Store, name: str, column: str, ids: Collection[Any]) -> None:
    """Remove the rows of some ids."""
    empty = store.tables.scan(name).head(0).collect().to_arrow()
    listed = list(ids)
    for start in range(0, len(listed), BATCH):
        store.tables.replace(name, empty, column, listed[start : start + BATCH])


def _redact_runs(store: Store, traces: Traces) -> None:
    """Take the names out of what runs were asked for, such as a correction of one recording in a recipe's text."""
    rows = store.tables.scan("runs").filter(traces.names_in("config")).collect()
    if rows.height:
        # Twice: the end of one name is the beginning of the next one's surroundings.
        text = pl.col("config").str.replace_all(traces.pattern, "${1}forgotten${3}")
        clean = rows.with_columns(config=text.str.replace_all(traces.pattern, "${1}forgotten${3}"))
        store.tables.replace("runs", clean.to_arrow(), "run_id", rows["run_id"].to_list())


def _drop_history(store: Store, traces: Traces) -> tuple[list[int], list[int], int]:
    """End every way back: snapshots, old files of the tables, parts that nothing refers to."""
    names = store.tables.names()
    hot = {name: hot_files(store, name, traces) for name in names}
    kept, dropped = clean_snapshots(store, {name: hot[name] for name in versioned(store)})
    drop_snapshots(store, dropped)
    sweep(store, store.tables.lease, youngest=None)
    versions = {name: versions_to_keep(store, name, kept) for name in names}
    # Recordings last: they lead to all the rest, should this run be killed.
    order = sorted(names, key=lambda name: name == "recordings")
    return kept, dropped, sum(purge(store.tables, name, versions[name]) for name in order)


def versions_to_keep(store: Store, name: str, kept: Collection[int]) -> set[int]:
    """Versions of a table that must stay readable: the newest, and those of kept snapshots and built manifests."""
    tables = store.snapshots.filter(pl.col("snapshot_id").is_in(list(kept))).select("tables").collect().to_series()
    listed = {item["version"] for row in tables for item in row if item["table"] == name}
    built = store.tables.scan("manifests").filter(pl.format("manifests/{}", "name") == name).select("version").collect()
    return {store.tables.version(name), *listed, *built.to_series()}
