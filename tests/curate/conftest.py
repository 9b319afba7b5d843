"""Small stores made from recordings in memory, through the store's own writer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
from biocurate.store.schema import ANNOTATIONS, RECORDINGS, cast
from biocurate.store.signals import SignalWriter, stream_digest
from biocurate.store.store import Store, create_store

Names = Sequence[str]


def stream(
    sensor: str,
    rate_hz: float,
    segments: Sequence[tuple[float, int]],
    names: Names | None = None,
    seed: int = 0,
    **channel: Any,
) -> Stream:
    """A stream of noise; segments are (start in seconds, samples)."""
    names = names or (sensor,)
    spans = tuple(Segment(round(t0 * NS), n_samples) for t0, n_samples in segments)
    size = sum(span.n_samples for span in spans)
    samples = np.random.default_rng(seed).integers(-2000, 2000, (len(names), size)).astype(np.int16)
    channel = {"unit": {"EEG": "uV", "ECG": "mV", "EDA": "uS"}.get(sensor, ""), "gain": 0.5, "offset": 1.0} | channel
    channels = tuple(Channel(label=name, name=name, **channel) for name in names)
    return Stream(SensorType.parse(sensor), rate_hz, channels, spans, ArraySamples(samples))


def label(onset_s: float, duration_s: float, value: str, kind: str = "condition", **more: Any) -> Annotation:
    return Annotation(round(onset_s * NS), round(duration_s * NS), kind, value, **more)


def put(store: Store, recordings: Mapping[str, Recording], people: Mapping[str, str] | None = None, **row: Any) -> None:
    """Publish recordings; ids are <corpus>/<name>, each its own person unless ``people`` says whose it is."""
    by_corpus: dict[str, dict[str, Recording]] = {}
    for recording_id, recording in recordings.items():
        by_corpus.setdefault(recording_id.split("/")[0], {})[recording_id] = recording
    rows, annotations = [], []
    for corpus, some in by_corpus.items():
        writer = SignalWriter(store.objects, corpus)
        made = []
        for recording_id, recording in some.items():
            name = recording_id.split("/", 1)[1]
            digests = [stream_digest(each.digital) for each in recording.streams]
            revision = row.get("revision") or hashlib.sha256("".join(digests).encode()).hexdigest()
            made_from = {"recording_id": recording_id, "revision": revision}
            annotations += [made_from | asdict(each) for each in recording.annotations]
            subject = (people or {}).get(recording_id, name)
            fields = {"session": None, "run": None, "age": recording.age, "sex": recording.sex} | row
            fields |= {"revision": revision, "corpus": corpus, "subject": subject, "person": f"{corpus}/{subject}"}
            streams = [_stream_row(recording_id, no, each, writer) for no, each in enumerate(recording.streams)]
            made.append(made_from | {"duration_ns": recording.duration_ns, "streams": streams} | fields)
        parts = writer.close()
        for each in made:
            for item in each["streams"]:
                item["part_digest"] = parts[item["part"]]
        rows += made
    ids = list(recordings)
    store.tables.replace("annotations", cast(annotations, ANNOTATIONS), "recording_id", ids)
    store.tables.replace("recordings", cast(rows, RECORDINGS), "recording_id", ids)
    store.publish("test")


def _stream_row(recording_id: str, number: int, stream: Stream, writer: SignalWriter) -> dict[str, Any]:
    channels = [
        asdict(channel) | {"index": index, "canonical_unit": canonical_scale(channel, stream.sensor_type)[0]}
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


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return create_store(str(tmp_path / "store"))


@pytest.fixture
def new_store(tmp_path: Path) -> Callable[[str], Store]:
    """Make more empty stores."""
    return lambda name: create_store(str(tmp_path / name))
