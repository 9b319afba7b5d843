"""Run a plan: tasks on a pool, one published batch a task."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import polars as pl

from biocurate.engine import Pool, Progress, Silent
from biocurate.ingest.batch import Batch, BatchResult, read_batch
from biocurate.ingest.plan import BATCH_RECORDINGS, Plan, batches
from biocurate.store.codecs import SIGNAL_CODEC
from biocurate.store.runs import Run
from biocurate.store.schema import FAILURES, cast
from biocurate.store.store import Store

MB = 1e6


@dataclass
class Outcome:
    """How an ingest ended."""

    corpus: str
    recordings: int = 0
    n_bytes: int = 0
    stored_bytes: int = 0
    seconds: float = 0.0
    snapshot_id: int = 0
    done_before: int = 0
    failed_before: int = 0
    gone: tuple[str, ...] = ()
    failures: list[dict[str, str]] = field(default_factory=list)


def ingest(
    plan: Plan, pool: Pool, store: Store, progress: Progress | None = None, *, codec: str = SIGNAL_CODEC
) -> Outcome:
    """Read what a plan lists into the store.

    Every batch is published as it is done: annotations first, `recordings` last, so that a recording appears whole or
    not at all. Killed anywhere, the next run goes on with what is not in the store.

    Parameters
    ----------
    plan : Plan
    pool : Pool
        Where tasks run.
    store : Store
    progress : Progress, optional
    codec : str

    Raises
    ------
    LeaseError
        When another process writes to the store.
    StoreError
        When the store cannot be written to: no space, no permission.
    """
    bar = progress or Silent()
    bar.start(plan.n_bytes / MB)
    outcome = Outcome(plan.recipe.name, done_before=plan.done, failed_before=plan.failed_before, gone=plan.gone)
    began = time.monotonic()
    config = {"recipe": plan.recipe.text, "codec": codec, "recordings": len(plan.todo)}
    run = Run("ingest", plan.recipe.name, config)
    tables = plan.metadata_revision
    tasks = [Batch(store.objects, plan.recipe, tables, run.run_id, codec, jobs) for jobs in batches(plan, pool.workers)]
    with store.lease(f"biocurate ingest {plan.recipe.name}", run.run_id):
        for _, result in pool.map(read_batch, tasks):
            publish(store, result, run.run_id, plan.known_failures)
            outcome.recordings += result.recordings.num_rows
            outcome.failures += result.failures.to_pylist()
            outcome.n_bytes += result.n_bytes
            outcome.stored_bytes += result.stored_bytes
            bar.advance(result.n_bytes / MB)
        outcome.failures += publish_unlisted(store, plan, run.run_id)
        sweep_annotations(store)
        if tasks:
            run.finish(store, done=outcome.recordings, failed=len(outcome.failures), n_bytes=outcome.n_bytes)
        # A run that was killed between its last commit and its snapshot is caught up here.
        outcome.snapshot_id = store.publish(run.run_id)
    outcome.seconds = time.monotonic() - began
    return outcome


def publish(store: Store, result: BatchResult, run_id: str, known_failures: frozenset[str]) -> None:
    """Commit one batch: annotations, failures, and `recordings` last; then the snapshot."""
    read = result.recordings.column("recording_id").to_pylist()
    publish_annotations(store, result, result.recordings.column("revision").to_pylist())
    if result.failures.num_rows or known_failures.intersection(result.ids):
        store.tables.replace("failures", result.failures, "recording_id", result.ids)
    publish_recordings(store, result, read)
    store.publish(run_id)


UNLISTED = "unlisted"
"""Signature of a failure that no recording stands behind."""


def publish_unlisted(store: Store, plan: Plan, run_id: str) -> list[dict[str, str]]:
    """Commit what could not even be listed; such a thing is reported by every run until it is mended."""
    rows = [
        {
            "run_id": run_id,
            "corpus": plan.recipe.name,
            "source": error.where,
            "recording_id": f"{plan.recipe.name}/{error.where}",
            "error": type(error).__name__,
            "message": error.what,
            "mend": error.mend,
            "signature": UNLISTED,
        }
        for error in plan.unlisted
    ]
    before = store.failures.filter((pl.col("corpus") == plan.recipe.name) & (pl.col("signature") == UNLISTED)).collect()
    if before.drop("run_id").to_dicts() != [{key: row[key] for key in row if key != "run_id"} for row in rows]:
        ids = [*before["recording_id"], *(row["recording_id"] for row in rows)]
        store.tables.replace("failures", cast(rows, FAILURES), "recording_id", ids)
    return rows


def publish_annotations(store: Store, result: BatchResult, revisions: list[str]) -> None:
    """Commit the annotations of the revisions that were read; those of the revisions they replace stay until then."""
    if result.annotations.num_rows:
        store.tables.replace("annotations", result.annotations, "revision", revisions)


def publish_recordings(store: Store, result: BatchResult, ids: list[str]) -> None:
    """Commit the recordings: from here on they are there."""
    store.tables.replace("recordings", result.recordings, "recording_id", ids)


def sweep_annotations(store: Store) -> None:
    """Remove annotations of revisions that are gone, or of a run that was killed before it came to its recordings."""
    everything = store.tables.scan("annotations")
    live = store.recordings.select("recording_id", "revision")
    stale = everything.join(live, on=["recording_id", "revision"], how="anti").select("recording_id").unique()
    ids = stale.collect().to_series().to_list()
    for first in range(0, len(ids), BATCH_RECORDINGS):
        some = ids[first : first + BATCH_RECORDINGS]
        theirs = everything.filter(pl.col("recording_id").is_in(some))
        kept = theirs.join(live, on=["recording_id", "revision"], how="semi").collect()
        store.tables.replace("annotations", kept.to_arrow(), "recording_id", some)
