"""Rows of one recording: what the tables say of it, whether it was just read or its samples are stored already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from biocurate.errors import RecipeError
from biocurate.ingest.identifiers import identifiers_of
from biocurate.ingest.job import Job
from biocurate.ingest.revision import label_revision, revision
from biocurate.recipes import Recipe
from biocurate.recording import UNLABELLED, Channel, Recording, Stream, canonical_scale
from biocurate.same import of_the_same
from biocurate.sensors import SensorType
from biocurate.store.signals import stored_dtype

OLDEST = 90
"""Ages over 89 are given as this (HIPAA safe harbour, 45 CFR 164.514(b)(2)(i)(C))."""

Row = dict[str, Any]
Labels = Sequence[Mapping[str, Any]]
"""Rows of ``labels``."""


@dataclass(frozen=True)
class Told:
    """A recording as recipe and audit have it, with where its warnings come from."""

    recording: Recording
    reader_warnings: Sequence[str]
    """Ready for the store, as all of these are."""
    recipe_warnings: Sequence[str]
    audit_revision: str
    audit_warnings: Sequence[str]


@dataclass(frozen=True)
class Origin:
    """What a recording's rows are made from."""

    run_id: str
    sources: Sequence[Row]
    signal_revision: str
    metadata_revision: str
    keep_identifiers: bool = False


def recording_row(recipe: Recipe, job: Job, told: Told, origin: Origin, streams: Sequence[Row], labels: Labels) -> Row:
    """Make a row of ``recordings``."""
    unit, recording = job.unit, told.recording
    label = label_revision(labels)
    return {
        "recording_id": unit.recording_id,
        "revision": revision(unit.recording_id, origin.signal_revision, origin.metadata_revision, label),
        "corpus": recipe.name,
        "person": unit.person,
        "subject": unit.subject,
        "session": unit.session,
        "run": unit.run,
        "sources": list(origin.sources),
        "start_ns": job.start_ns,
        "duration_ns": recording.duration_ns,
        "age": OLDEST if recording.age is not None and recording.age > OLDEST - 1 else recording.age,
        "sex": recording.sex,
        "licence": recipe.licence,
        "access": recipe.access,
        "redistribute": recipe.definition.redistribute,
        "share_alike": recipe.definition.share_alike,
        "warnings": [*told.reader_warnings, *told.recipe_warnings, *told.audit_warnings],
        "signal_revision": origin.signal_revision,
        "metadata_revision": origin.metadata_revision,
        "label_revision": label,
        "reader_warnings": list(told.reader_warnings),
        "audit_revision": told.audit_revision,
        "audit_warnings": list(told.audit_warnings),
        "run_id": origin.run_id,
        "streams": list(streams),
        "clocks": [stream.clock for stream in recording.streams],
        "identifiers": identifiers_of(recording) if origin.keep_identifiers else None,
        "places": [[channel.place for channel in stream.channels] for stream in recording.streams],
    }


def stream_row(recording_id: str, number: int, stream: Stream, place: Mapping[str, Any]) -> Row:
    """Make a row of a stream.

    Parameters
    ----------
    recording_id : str
    number : int
        In the recording, from 0.
    stream : Stream
    place : mapping
        Where its samples lie: part, start, digest and, once it is known, part_digest.
    """
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
        "channels": _channel_rows(stream.channels, stream.sensor_type),
        **place,
    }


@of_the_same
def _channel_rows(channels: tuple[Channel, ...], sensor: SensorType) -> list[Row]:
    return [_channel_row(index, channel, sensor) for index, channel in enumerate(channels)]


def _channel_row(index: int, channel: Channel, sensor: SensorType) -> Row:
    return {
        "index": index,
        "label": channel.label,
        "name": channel.name,
        "unit": channel.unit,
        "canonical_unit": canonical_scale(channel, sensor)[0],
        "gain": channel.gain,
        "offset": channel.offset,
        "invalid": channel.invalid,
        "position": channel.position,
        "reference": channel.reference,
        "prefilter": channel.prefilter,
        "unit_status": channel.unit_status,
    }


def annotation_rows(row: Mapping[str, Any], recording: Recording, labels: Labels) -> list[Row]:
    """Make the rows of ``annotations`` of a recording: those of files and recipe, then the labels that were added."""
    _refuse_both(recording, labels)
    key = {"recording_id": row["recording_id"], "revision": row["revision"]}
    own = [
        {
            **key,
            "onset_ns": annotation.onset_ns,
            "duration_ns": annotation.duration_ns,
            "kind": annotation.kind,
            "value": None if annotation.kind == UNLABELLED else annotation.value,
            "number": annotation.number,
            "channel": annotation.channel,
            "text": annotation.text,
        }
        for annotation in recording.annotations
    ]
    return [*own, *label_rows(row, labels)]


def _refuse_both(recording: Recording, labels: Labels) -> None:
    """Refuse a kind of label that comes from files and recipe as well as from `annotate`."""
    added = {label["kind"] for label in labels}
    if both := sorted({annotation.kind for annotation in recording.annotations} & added):
        raise RecipeError(
            f"it makes labels of kind {both[0]!r}, and others of that kind were added by `biocurate annotate`.",
            where="labels",
            mend="Give one of the two another kind.",
        )


def label_rows(row: Mapping[str, Any], labels: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Labels that were added, as rows of ``annotations``; one without an onset spans the recording."""
    for label in labels:
        yield {
            "recording_id": row["recording_id"],
            "revision": row["revision"],
            "onset_ns": label["onset_ns"] or 0,
            "duration_ns": row["duration_ns"] if label["onset_ns"] is None else label["duration_ns"],
            "kind": label["kind"],
            "value": label["value"],
            "number": label["number"],
            "channel": label["channel"],
        }
