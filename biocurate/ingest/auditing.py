"""The audit at ingest, and whether what it found before still holds: then it looks at no sample."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from biocurate.audit.at_ingest import AUDITED, audited
from biocurate.ingest import revision
from biocurate.recording import Channel, Recording, Stream, canonical_scale
from biocurate.same import of_the_same
from biocurate.sensors import SensorType


def audit_revision(recording: Recording) -> str:
    """Identity of what the audit's findings follow from, samples apart: its rules, the channels and their scales."""
    channels = [
        [
            number,
            str(stream.sensor_type),
            stream.rate_hz,
            [segment.n_samples for segment in stream.segments],
            _said(stream.channels, stream.sensor_type),
        ]
        for number, stream in enumerate(recording.streams)
        if stream.sensor_type in AUDITED
    ]
    return hashlib.sha256(json.dumps([revision.AUDIT, channels]).encode()).hexdigest()[:32]


@of_the_same
def _said(channels: tuple[Channel, ...], sensor: SensorType) -> list[list[Any]]:
    return [
        [channel.name, canonical_scale(channel, sensor), channel.invalid, channel.unit_status] for channel in channels
    ]


def judged(recording: Recording, row: Mapping[str, Any] | None = None) -> tuple[Recording, str, Sequence[str]]:
    """Audit a recording.

    Parameters
    ----------
    recording : Recording
    row : mapping, optional
        Its stored row, where its samples are those of the row.

    Returns
    -------
    recording : Recording
        With suspect channels marked; its warnings as they were.
    audit_revision : str
    warnings : sequence of str
        What was found.
    """
    key = audit_revision(recording)
    if row is not None and row["audit_revision"] == key:
        streams = [
            _marked_as(stream, item) if stream.sensor_type in AUDITED else stream
            for stream, item in zip(recording.streams, row["streams"], strict=True)
        ]
        return replace(recording, streams=tuple(streams)), key, row["audit_warnings"]
    found = audited(recording)
    reasons = found.warnings[len(recording.warnings) :]
    return replace(found, warnings=recording.warnings), key, reasons


def _marked_as(stream: Stream, row: Mapping[str, Any]) -> Stream:
    channels = tuple(
        replace(channel, unit_status=item["unit_status"])
        for channel, item in zip(stream.channels, row["channels"], strict=True)
    )
    return replace(stream, channels=channels)
