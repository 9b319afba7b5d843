"""A stored recording as a `Recording` again; its samples stay in the store until a range of them is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.recording import Annotation, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.arrays import open_array
from biocurate.store.objects import Objects
from biocurate.store.signals import part_key
from biocurate.store.stored import StoredRecording

_CHANNEL = [item.name for item in fields(Channel) if item.name != "place"]
_ANNOTATION = [item.name for item in fields(Annotation)]


@dataclass(frozen=True)
class StoredSamples:
    """Samples of a stream, in its part."""

    objects: Objects
    part: str
    digest: str
    start: int
    """First sample in the part."""
    shape: tuple[int, int]
    """Channels, samples."""
    dtype: np.dtype[Any]

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)`` of every channel, shape (channels, stop - start).

        Raises
        ------
        DamageError
            Where a stored byte is missing or differs.
        """
        start, stop, _ = slice(start, stop).indices(self.shape[1])
        reader = open_array(self.objects, part_key(self.part), self.digest)
        return reader.read(self.start + start, self.start + max(start, stop))


def restored(stored: StoredRecording) -> Recording:
    """Make the recording that a reader and a recipe once made; what the store does not keep is not in it."""
    rows = stored.annotations().select(_ANNOTATION).iter_rows(named=True)
    streams = stored.row["streams"]
    places = stored.row["places"] or [[None] * row["n_channels"] for row in streams]
    return Recording(
        streams=tuple(_stream(stored.objects, row, each) for row, each in zip(streams, places, strict=True)),
        annotations=tuple(Annotation(**{**row, "value": row["value"] or ""}) for row in rows),
        age=stored.row["age"],
        sex=stored.row["sex"],
    )


def _stream(objects: Objects, row: Mapping[str, Any], places: Sequence[int | None]) -> Stream:
    channels = [
        Channel(**{name: channel[name] for name in _CHANNEL}, place=place)
        for channel, place in zip(row["channels"], places, strict=True)
    ]
    shape = row["n_channels"], row["n_samples"]
    return Stream(
        sensor_type=SensorType.parse(row["sensor_type"]),
        rate_hz=row["rate_hz"],
        channels=tuple(channels),
        segments=tuple(Segment(segment["t0_ns"], segment["n_samples"]) for segment in row["segments"]),
        samples=StoredSamples(objects, row["part"], row["part_digest"], row["start"], shape, np.dtype(row["dtype"])),
    )
