"""One task of an ingest: read some recordings, write their parts, make their rows."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from biocurate.errors import BiocurateError, StoreError
from biocurate.ingest.plan import Job, revision
from biocurate.recipes import Recipe
from biocurate.recording import Channel, Recording, Stream, canonical_scale
from biocurate.store.objects import Objects
from biocurate.store.schema import ANNOTATIONS, FAILURES, RECORDINGS, cast
from biocurate.store.signals import Placement, SignalWriter, stored_dtype

OLDEST = 90
"""Ages over 89 are given as this (HIPAA safe harbour, 45 CFR 164.514(b)(2)(i)(C))."""


@dataclass(frozen=True)
class Batch:
    """Recordings that one task reads."""

    objects: Objects
    recipe: Recipe
    metadata_revision: str
    run_id: str
    codec: str
    jobs: tuple[Job, ...]


@dataclass
class BatchResult:
    """Rows of a finished task; its parts are written, and nothing is published yet."""

    recordings: pa.Table
    annotations: pa.Table
    failures: pa.Table
    ids: list[str]
    n_bytes: int = 0
    stored_bytes: int = 0


@dataclass
class _Read:
    """Rows of a recording that was read."""

    job: Job
    recording: dict[str, Any]
    annotations: list[dict[str, Any]]

    def cast(self) -> None:
        """Make tables of the rows and drop them: it shows whether the columns hold every number."""
        cast([self.recording], RECORDINGS)
        cast(self.annotations, ANNOTATIONS)


def read_batch(batch: Batch) -> BatchResult:
    """Read every recording of a batch; a file that cannot be read becomes a failure row, and the others go on."""
    writer = SignalWriter(batch.objects, batch.recipe.name, batch.codec)
    read: list[_Read] = []
    failures: list[dict[str, Any]] = []
    for job in batch.jobs:
        with _noted(batch, job, failures):
            read.append(_Read(job, *read_job(batch, job, writer)))
    digests = writer.close()
    for item in read:
        for stream in item.recording["streams"]:
            stream["part_digest"] = digests[stream["part"]]
    recordings, annotations = _tables(batch, read, failures)
    return BatchResult(
        recordings=recordings,
        annotations=annotations,
        failures=cast(failures, FAILURES),
        ids=[job.unit.recording_id for job in batch.jobs],
        n_bytes=sum(job.n_bytes for job in batch.jobs),
        stored_bytes=writer.bytes_written,
    )


@contextmanager
def _noted(batch: Batch, job: Job, failures: list[dict[str, Any]]) -> Iterator[None]:
    """Make a failure row of whatever a recording provokes: a damaged file must not end the run for the others."""
    try:
        yield
    except (StoreError, MemoryError):
        # Trouble with the store or the machine is not the file's fault, and no other file would fare better.
        raise
    except Exception as error:
        failures.append(_failure(batch, job, error))


def _tables(batch: Batch, read: list[_Read], failures: list[dict[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """Tables of all rows at once; a recording with a number that no column holds is found only where there is one."""
    try:
        return _cast_all(read)
    except Exception:
        good: list[_Read] = []
        for item in read:
            with _noted(batch, item.job, failures):
                item.cast()
                good.append(item)
        return _cast_all(good)


def _cast_all(read: list[_Read]) -> tuple[pa.Table, pa.Table]:
    recordings = [item.recording for item in read]
    annotations = [row for item in read for row in item.annotations]
    return cast(recordings, RECORDINGS), cast(annotations, ANNOTATIONS)


def read_job(batch: Batch, job: Job, writer: SignalWriter) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read one recording into the writer; returns its row and the rows of its annotations."""
    unit = job.unit
    recording = batch.recipe.read(unit)
    sources = [
        {
            "path": source.path,
            "member": source.member,
            "bytes": source.size,
            "mtime_ns": source.mtime_ns,
            "sha256": source.sha256(),
        }
        for source in job.sources
    ]
    hashes = ((source.virtual, str(item["sha256"])) for source, item in zip(job.sources, sources, strict=True))
    made_from = revision(batch.recipe, unit, batch.metadata_revision, hashes)
    streams = list(_stream_rows(unit.recording_id, recording, writer))
    row = {
        "recording_id": unit.recording_id,
        "revision": made_from,
        "corpus": batch.recipe.name,
        "person": unit.person,
        "subject": unit.subject,
        "session": unit.session,
        "run": unit.run,
        "sources": sources,
        "start_ns": job.start_ns,
        "duration_ns": recording.duration_ns,
        "age": OLDEST if recording.age is not None and recording.age > OLDEST - 1 else recording.age,
        "sex": recording.sex,
        "licence": batch.recipe.licence,
        "access": batch.recipe.access,
        "warnings": list(recording.warnings),
        "metadata_revision": batch.metadata_revision,
        "run_id": batch.run_id,
        "streams": streams,
    }
    return row, list(_annotation_rows(unit.recording_id, made_from, recording))


def _stream_rows(recording_id: str, recording: Recording, writer: SignalWriter) -> Iterator[dict[str, Any]]:
    for number, stream in enumerate(recording.streams):
        yield _stream_row(recording_id, number, stream, writer.write(stream))


def _stream_row(recording_id: str, number: int, stream: Stream, placement: Placement) -> dict[str, Any]:
    return {
        "stream_id": f"{recording_id}#{number}",
        "stream_no": number,
        "sensor_type": str(stream.sensor_type),
        "rate_hz": stream.rate_hz,
        "n_channels": len(stream.channels),
        "n_samples": stream.n_samples,
        "dtype": stored_dtype(stream.samples.dtype).name,
        "t0_ns": stream.t0_ns,
        "segments": [{"t0_ns": segment.t0_ns, "n_samples": segment.n_samples} for segment in stream.segments],
        "view": None,
        "band_hz": None if stream.band_hz is None else list(stream.band_hz),
        "digest": placement.digest,
        "part": placement.part,
        "start": placement.start,
        "channels": [_channel_row(index, channel, stream) for index, channel in enumerate(stream.channels)],
    }


def _channel_row(index: int, channel: Channel, stream: Stream) -> dict[str, Any]:
    return {
        "index": index,
        "label": channel.label,
        "name": channel.name,
        "unit": channel.unit,
        "canonical_unit": canonical_scale(channel, stream.sensor_type)[0],
        "gain": channel.gain,
        "offset": channel.offset,
        "invalid": channel.invalid,
        "position": channel.position,
        "reference": channel.reference,
        "prefilter": channel.prefilter,
        "unit_status": channel.unit_status,
    }


def _annotation_rows(recording_id: str, made_from: str, recording: Recording) -> Iterator[dict[str, Any]]:
    for annotation in recording.annotations:
        yield {
            "recording_id": recording_id,
            "revision": made_from,
            "onset_ns": annotation.onset_ns,
            "duration_ns": annotation.duration_ns,
            "kind": annotation.kind,
            "value": annotation.value,
            "number": annotation.number,
            "channel": annotation.channel,
        }


def _failure(batch: Batch, job: Job, error: Exception) -> dict[str, Any]:
    source = _names(job)
    # What a library says may quote the file, and a name with it: only where it happened is kept.
    place = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}."
    mend = "Check that the file opens elsewhere; if it does, this is a fault of the reader: report it."
    if isinstance(error, BiocurateError):
        # A companion such as the missing .dat is named where it is not the file that the row is about.
        message, mend = error.what if error.where in source else f"{error.where}: {error.what}", error.mend
    return {
        "run_id": batch.run_id,
        "corpus": batch.recipe.name,
        "source": source,
        "recording_id": job.unit.recording_id,
        "error": type(error).__name__,
        "message": message,
        "mend": mend,
        "signature": job.signature,
    }


def _names(job: Job) -> str:
    names: Sequence[str] = [source.virtual for source, _, _ in job.unit.files]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
