"""Run a plan: tasks on a pool, one published batch a task."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import polars as pl

from biocurate.engine import Pool, Progress, Silent
from biocurate.formats.listing import hidden_told
from biocurate.ingest.batch import Batch, BatchResult, read_batch
from biocurate.ingest.estimate import refuse_what_cannot_fit
from biocurate.ingest.identifiers import drop_identifiers
from biocurate.ingest.job import Job, share
from biocurate.ingest.known import labels_of, stored_rows
from biocurate.ingest.plan import BATCH_RECORDINGS, Plan, batches, rewrites
from biocurate.ingest.prune import prune as prune_gone
from biocurate.ingest.withdrawn import drop_failures
from biocurate.store.codecs import SIGNAL_CODEC
from biocurate.store.codecs import codec as load_codec
from biocurate.store.duplicates import duplicates
from biocurate.store.forgotten import forgotten
from biocurate.store.runs import Log, Run
from biocurate.store.schema import FAILURES, cast
from biocurate.store.store import Store

MB = 1e6


@dataclass
class Outcome:
    """How an ingest ended."""

    corpus: str
    recordings: int = 0
    """Read, and written."""
    rewritten: int = 0
    """Rows written anew; no sample was read."""
    n_bytes: int = 0
    stored_bytes: int = 0
    seconds: float = 0.0
    snapshot_id: int = 0
    done_before: int = 0
    failed_before: int = 0
    gone: tuple[str, ...] = ()
    """Recordings without a file below the root."""
    pruned: tuple[str, ...] = ()
    """Those of them that were removed."""
    forgotten: int = 0
    """Recordings left out, because the store has forgotten whose they are."""
    identifiers_dropped: int = 0
    """Recordings whose rows held identifiers, and hold them no more."""
    vanished: tuple[str, ...] = ()
    """Recordings that failed before, and whose files are gone: their failures are gone, too."""
    duplicates: list[list[str]] = field(default_factory=list)
    """Recordings with the same samples, those of this run among them."""
    failures: list[dict[str, str]] = field(default_factory=list)

    def log(self) -> Log:
        """What the run's row says of it."""
        errors = Counter(failure["error"] for failure in self.failures)
        return Log(self.recordings, len(self.failures), self.n_bytes, self.rewritten, dict(errors))


def ingest(
    plan: Plan,
    pool: Pool,
    store: Store,
    progress: Progress | None = None,
    *,
    codec: str = SIGNAL_CODEC,
    prune: bool = False,
    force: bool = False,
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
    prune : bool
        Remove recordings whose files are gone from the root.
    force : bool
        Begin also where there is no room for all.

    Raises
    ------
    LeaseError
        When another process writes to the store.
    UsageError
        When it is not known what is gone, because something could not be listed.
    StoreError
        When the store cannot be written to: no space, no permission.
    """
    outcome = Outcome(plan.recipe.name, done_before=plan.done, failed_before=plan.failed_before, gone=plan.gone)
    began = time.monotonic()
    load_codec(codec, "int16")  # a name that is none ends the run before it has begun
    if not force:
        refuse_what_cannot_fit(plan, store, codec)
    config = {
        "recipe": plan.recipe.text,
        "corpus": plan.recipe.name,
        "codec": codec,
        "recordings": len(plan.todo),
        "prune": prune,
        "keep_identifiers": plan.keep_identifiers,
        "left_out": hidden_told(plan.root) if plan.todo else None,
    }
    run = Run("ingest", plan.recipe.name, config)
    with store.lease(f"biocurate ingest {plan.recipe.name}", run.run_id):
        plan = still_allowed(plan, store)
        outcome.forgotten, outcome.vanished = len(plan.forgotten), plan.vanished
        with run.logged(store, outcome.log) if plan.todo else nullcontext():
            if not plan.keep_identifiers:
                outcome.identifiers_dropped = drop_identifiers(store, plan.recipe.name)
            outcome.pruned = prune_gone(store, plan) if prune else ()
            _Work(plan, pool, store, run.run_id, codec, progress or Silent(), outcome).do()
            outcome.failures += publish_unlisted(store, plan, run.run_id)
            drop_failures(store, (*plan.forgotten, *plan.vanished), plan.known_failures)
            sweep_annotations(store)
        # A run that was killed between its last commit and its snapshot is caught up here.
        outcome.snapshot_id = store.publish(run.run_id)
        if outcome.recordings:
            outcome.duplicates = duplicates(store, run_id=run.run_id)["recordings"].to_list()
    outcome.seconds = time.monotonic() - began
    return outcome


@dataclass
class _Work:
    """A run's tasks, and what has come of them."""

    plan: Plan
    pool: Pool
    store: Store
    run_id: str
    codec: str
    bar: Progress
    outcome: Outcome

    def do(self) -> None:
        """Write rows anew where samples can stay, then read what is left."""
        todo = self.plan.todo
        self.bar.start(self.plan.n_bytes / MB)
        left = self._run(rewrites((job for job in todo if job.rewrites), self.pool.workers))
        reading = [*(job for job in todo if not job.rewrites), *map(_to_read, left)]
        if left:
            self.bar.start(sum(job.n_bytes for job in reading) / MB)
        reading.sort(key=lambda job: job.unit.recording_id)
        self._run(batches(reading, self.pool.workers))

    def _run(self, shares: Sequence[tuple[Job, ...]]) -> list[Job]:
        """Run and publish some shares; returns what they left to be read."""
        left: list[Job] = []
        outcome = self.outcome
        for batch, result in self.pool.map(read_batch, map(self._batch, shares)):
            publish(self.store, result, self.run_id, self.plan.known_failures)
            if batch.stored:
                outcome.rewritten += result.recordings.num_rows
            else:
                outcome.recordings += result.recordings.num_rows
            outcome.failures += result.failures.to_pylist()
            outcome.n_bytes += result.n_bytes
            outcome.stored_bytes += result.stored_bytes
            left += result.left
            self.bar.advance(result.n_bytes / MB)
        return left

    def _batch(self, jobs: tuple[Job, ...]) -> Batch:
        recipe, ids = self.plan.recipe, [job.unit.recording_id for job in jobs]
        stored = stored_rows(self.store, ids) if jobs[0].rewrites else {}
        labels = labels_of(self.store, recipe.name, ids)
        metadata, keep = self.plan.metadata_revision, self.plan.keep_identifiers
        return Batch(self.store.objects, recipe, metadata, self.run_id, self.codec, jobs, stored, labels, keep)


def _to_read(job: Job) -> Job:
    return replace(job, rewrites=False, n_bytes=sum(map(share, job.sources)))


def still_allowed(plan: Plan, store: Store) -> Plan:
    """A plan without whom the store was told to forget after it was made."""
    gone = forgotten(store, {job.unit.person for job in plan.todo})
    late = tuple(job.unit.recording_id for job in plan.todo if job.unit.person in gone)
    todo = tuple(job for job in plan.todo if job.unit.person not in gone)
    return replace(plan, todo=todo, forgotten=(*plan.forgotten, *late))


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
