"""Stores made from recordings in memory, through the store's own writer, for tests of what lies above it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from biocurate.recording import (
    NS,
    Annotation,
    ArraySamples,
    Channel,
    Recording,
    Segment,
    Stream,
    canonical_scale,
)
from biocurate.sensors import SensorType
from biocurate.store.codecs import SIGNAL_CODEC
from biocurate.store.schema import ANNOTATIONS, RECORDINGS, cast
from biocurate.store.signals import SignalWriter, stream_digest
from biocurate.store.store import Store

UNITS = {"EEG": "uV", "ECG": "mV", "GSR": "uS"}


def noise_stream(
    sensor: str,
    rate_hz: float,
    segments: Sequence[tuple[float, int]],
    names: Sequence[str] = (),
    *,
    seed: int = 0,
    clock: str | None = None,
    **channel: Any,  # noqa: ANN401
) -> Stream:
    """Make a stream of 16-bit noise.

    Parameters
    ----------
    sensor : str
        Sensor type or alias.
    rate_hz : float
    segments : sequence of (float, int)
        Start in seconds from the recording's start, and number of samples.
    names : sequence of str
        Channel names; the sensor type where there are none.
    seed : int
    clock : str, optional
        The device whose clock timed it.
    channel
        Fields of `Channel` other than label and name.
    """
    kind = SensorType.parse(sensor)
    spans = tuple(Segment(round(t0 * NS), n_samples) for t0, n_samples in segments)
    named = tuple(names) or (str(kind),)
    shape = (len(named), sum(span.n_samples for span in spans))
    samples = np.random.default_rng(seed).integers(-2000, 2000, shape).astype(np.int16)
    fields: dict[str, Any] = {"unit": UNITS.get(str(kind), ""), "gain": 0.5, "offset": 1.0} | channel
    channels = tuple(Channel(label=name, name=name, **fields) for name in named)
    return Stream(kind, float(rate_hz), channels, spans, ArraySamples(samples), clock=clock)


def interval(
    onset_s: float, duration_s: float, value: str, kind: str = "condition", channel: str | None = None
) -> Annotation:
    """Annotate a span given in seconds."""
    return Annotation(round(onset_s * NS), round(duration_s * NS), kind, value, channel=channel)


def put(
    store: Store,
    recordings: Mapping[str, Recording],
    subjects: Mapping[str, str] | None = None,
    *,
    revision: str | None = None,
    codec: str = SIGNAL_CODEC,
) -> None:
    """Publish recordings as an ingest does: annotations first, recordings last, then a snapshot.

    Parameters
    ----------
    store : Store
    recordings : mapping of str to Recording
        By recording_id, ``<corpus>/<name>``.
    subjects : mapping of str to str, optional
        Whose each recording is; its own name where that is not told.
    revision : str, optional
        The revision of all; a hash of each one's samples where left out.
    codec : str
    """
    rows, annotations = [], []
    for corpus in sorted({recording_id.partition("/")[0] for recording_id in recordings}):
        writer = SignalWriter(store.objects, corpus, codec)
        mine = {each: made for each, made in recordings.items() if each.partition("/")[0] == corpus}
        made = [
            _recording_row(recording_id, recording, (subjects or {}).get(recording_id), revision, writer)
            for recording_id, recording in mine.items()
        ]
        digests = writer.close()
        for row in made:
            for item in row["streams"]:
                item["part_digest"] = digests[item["part"]]
            key = {"recording_id": row["recording_id"], "revision": row["revision"]}
            annotations += [key | asdict(each) for each in mine[row["recording_id"]].annotations]
        rows += made
    ids = list(recordings)
    store.tables.replace("annotations", cast(annotations, ANNOTATIONS), "recording_id", ids)
    store.tables.replace("recordings", cast(rows, RECORDINGS), "recording_id", ids)
    store.publish("memory")


def _recording_row(
    recording_id: str, recording: Recording, subject: str | None, revision: str | None, writer: SignalWriter
) -> dict[str, Any]:
    corpus, _, name = recording_id.partition("/")
    digests = "".join(stream_digest(stream.digital) for stream in recording.streams)
    return {
        "recording_id": recording_id,
        "revision": revision or hashlib.sha256(digests.encode()).hexdigest(),
        "corpus": corpus,
        "person": f"{corpus}/{subject or name}",
        "subject": subject or name,
        "duration_ns": recording.duration_ns,
        "age": recording.age,
        "sex": recording.sex,
        "streams": [_stream_row(recording_id, no, stream, writer) for no, stream in enumerate(recording.streams)],
        "clocks": [stream.clock for stream in recording.streams],
        "places": [[channel.place for channel in stream.channels] for stream in recording.streams],
    }


def _stream_row(recording_id: str, number: int, stream: Stream, writer: SignalWriter) -> dict[str, Any]:
    channels = [
        {key: value for key, value in asdict(channel).items() if key != "place"}
        | {"index": index, "canonical_unit": canonical_scale(channel, stream.sensor_type)[0]}
        for index, channel in enumerate(stream.channels)
    ]
    return {
        "stream_id": f"{recording_id}#{number}",
        "stream_no": number,
        "sensor_type": str(stream.sensor_type),
        "rate_hz": stream.rate_hz,
        "n_channels": len(channels),
        "n_samples": stream.n_samples,
        "dtype": stream.samples.dtype.name,
        "t0_ns": stream.t0_ns,
        "segments": [asdict(segment) for segment in stream.segments],
        "channels": channels,
    } | asdict(writer.write(stream))
