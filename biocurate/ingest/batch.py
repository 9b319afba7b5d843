"""One task of an ingest: read some recordings, write their parts, make their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa

from biocurate.errors import IncompleteError, StoreError
from biocurate.ingest.auditing import judged
from biocurate.ingest.changes import hash_of
from biocurate.ingest.failures import failure_row
from biocurate.ingest.holding import held
from biocurate.ingest.job import Job, stamp, stored_as
from biocurate.ingest.relabel import PLACE, relabelled
from biocurate.ingest.revision import signal_revision
from biocurate.ingest.rows import Labels, Origin, Row, Told, annotation_rows, recording_row, stream_row
from biocurate.ingest.transient import patiently
from biocurate.ingest.unchanged import mark
from biocurate.recipes import Recipe
from biocurate.store.columns import table_of
from biocurate.store.objects import Objects
from biocurate.store.schema import ANNOTATIONS, FAILURES, RECORDINGS, cast
from biocurate.store.signals import SignalWriter


@dataclass(frozen=True)
class Batch:
    """Recordings that one task reads."""

    objects: Objects
    recipe: Recipe
    metadata_revision: str
    run_id: str
    codec: str
    jobs: tuple[Job, ...]
    stored: Mapping[str, Row] = field(default_factory=dict)
    """Whole rows of the recordings whose rows are written anew."""
    labels: Mapping[str, Labels] = field(default_factory=dict)
    """Labels that were added to recordings."""
    keep_identifiers: bool = False
    """Whether rows hold what files say of who it was and when."""


@dataclass
class BatchResult:
    """Rows of a finished task; its parts are written, and nothing is published yet."""

    recordings: pa.Table
    annotations: pa.Table
    failures: pa.Table
    ids: list[str]
    n_bytes: int = 0
    stored_bytes: int = 0
    left: list[Job] = field(default_factory=list)
    """Recordings whose rows were to be written anew, and that have to be read: the recipe makes other streams now."""


@dataclass
class _Made:
    """Rows of a recording."""

    job: Job
    recording: Row
    annotations: list[Row]

    def cast(self) -> None:
        """Make tables of the rows and drop them: it shows whether the columns hold every number."""
        cast([self.recording], RECORDINGS)
        cast(self.annotations, ANNOTATIONS)


def read_batch(batch: Batch) -> BatchResult:
    """Read every recording of a batch; a file that cannot be read becomes a failure row, and the others go on.

    What fails in passing, as network disks do, is tried again: a file by itself, the store with the whole batch.
    """
    return patiently(lambda: _read_batch(batch))


def _read_batch(batch: Batch) -> BatchResult:
    writer = SignalWriter(batch.objects, batch.recipe.name, batch.codec)
    made: list[_Made] = []
    left: list[Job] = []
    failures: list[Row] = []
    for job in batch.jobs:
        with _noted(batch, job, failures):
            rows = patiently(partial(_rewrite if job.rewrites else read_job, batch, job, writer))
            if rows is None:
                left.append(job)
            else:
                made.append(rows)
    digests = writer.close()
    for item in made:
        for stream in item.recording["streams"]:
            stream.setdefault("part_digest", digests.get(stream["part"]))
    tables = _tables(batch, made, failures)
    return BatchResult(
        recordings=tables[0],
        annotations=tables[1],
        failures=cast(failures, FAILURES),
        ids=[job.unit.recording_id for job in batch.jobs if job not in left],
        n_bytes=sum(job.n_bytes for job in batch.jobs),
        stored_bytes=writer.bytes_written,
        left=left,
    )


@contextmanager
def _noted(batch: Batch, job: Job, failures: list[Row]) -> Iterator[None]:
    """Make a failure row of whatever a recording provokes: a damaged file must not end the run for the others."""
    try:
        yield
    except (StoreError, MemoryError):
        # Trouble with the store or the machine is not the file's fault, and no other file would fare better.
        raise
    except Exception as error:
        failures.append(failure_row(batch.recipe, job, error, batch.run_id))


def _tables(batch: Batch, made: list[_Made], failures: list[Row]) -> tuple[pa.Table, pa.Table]:
    """Tables of all rows at once; a recording with a number that no column holds is found only where there is one."""
    try:
        return _cast_all(made)
    except Exception:
        good: list[_Made] = []
        for item in made:
            with _noted(batch, item.job, failures):
                item.cast()
                good.append(item)
        made[:] = good
        return _cast_all(good)


def _cast_all(made: list[_Made]) -> tuple[pa.Table, pa.Table]:
    recordings = [item.recording for item in made]
    annotations = [row for item in made for row in item.annotations]
    return _table(recordings, RECORDINGS), _table(annotations, ANNOTATIONS)


def _table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    try:
        return table_of(rows, schema)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return cast(rows, schema)  # which bends what it can, and says what it cannot


def read_job(batch: Batch, job: Job, writer: SignalWriter) -> _Made | None:
    """Read one recording into the writer.

    Raises
    ------
    IncompleteError
        A file changed while it was read.
    """
    before = [stamp(source) for source in job.sources]
    raw = batch.recipe.read_raw(job.unit)
    recording, key, found = judged(held(batch.recipe.told(job.unit, raw)))
    n_reader = len(raw.warnings)
    told = Told(
        recording,
        _stored_texts(batch, job, raw.warnings),
        _stored_texts(batch, job, recording.warnings[n_reader:]),
        key,
        _stored_texts(batch, job, found),
    )
    origin = _origin(batch, job, {})
    name = job.unit.recording_id
    streams = [
        stream_row(name, number, stream, vars(writer.write(stream))) for number, stream in enumerate(recording.streams)
    ]
    if before != [stamp(source) for source in job.sources]:
        raise IncompleteError(
            "changed while it was read.",
            where=job.unit.files[0][0].virtual,
            mend="When it is all there, run the same command again.",
        )
    return _made(batch, job, told, origin, streams)


def _rewrite(batch: Batch, job: Job, _: SignalWriter) -> _Made | None:
    """Make the rows of a recording whose samples are stored; None where it has to be read."""
    row = batch.stored.get(job.unit.recording_id)
    named = None if row is None else relabelled(batch.recipe, job.unit, row, batch.objects)
    if row is None or named is None:
        return None
    recording, key, found = judged(named, row)
    told = Told(
        recording,
        row["reader_warnings"],
        _stored_texts(batch, job, recording.warnings),
        key,
        _stored_texts(batch, job, found),
    )
    streams = [
        stream_row(job.unit.recording_id, number, stream, {column: item[column] for column in PLACE})
        for number, (stream, item) in enumerate(zip(recording.streams, row["streams"], strict=True))
    ]
    return _made(batch, job, told, _origin(batch, job, row), streams)


def _made(batch: Batch, job: Job, told: Told, origin: Origin, streams: list[Row]) -> _Made:
    labels = batch.labels.get(job.unit.recording_id, ())
    row = recording_row(batch.recipe, job, told, origin, streams, labels)
    return _Made(job, row, annotation_rows(row, told.recording, labels))


def _origin(batch: Batch, job: Job, row: Mapping[str, Any]) -> Origin:
    """What the rows are made from; hashes of files that are as a row has them are taken from it."""
    known = {(item["path"], item["member"]): item for item in row.get("sources", ())}
    sources = []
    for source in job.sources:
        path, member = stored_as(batch.recipe, source)
        sha256 = hash_of(source, known.get((path, member)))
        n_bytes, mtime_ns = source.stamp
        changed = mark(sha256, mtime_ns)
        sources.append({"path": path, "member": member, "bytes": n_bytes, "mtime_ns": changed, "sha256": sha256})
    hashes = [(source.virtual, str(item["sha256"])) for source, item in zip(job.sources, sources, strict=True)]
    signal = signal_revision(job.unit, hashes)
    return Origin(batch.run_id, sources, signal, batch.metadata_revision, batch.keep_identifiers)


def _stored_texts(batch: Batch, job: Job, texts: Iterable[str]) -> list[str]:
    return [batch.recipe.stored_text(text, job.unit, job.sources) for text in texts]
