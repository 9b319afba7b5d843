"""Rows of a recording whose samples are stored already, written anew without reading one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.outline import Held
from biocurate.recipes import Recipe, Unit
from biocurate.recording import Recording, Segment, Stream
from biocurate.store.arrays import open_array
from biocurate.store.objects import Objects
from biocurate.store.signals import part_key, stored_dtype

PLACE = ("digest", "part", "start", "part_digest")
"""Columns of a stream that say where its samples lie."""


@dataclass(frozen=True)
class StoredSamples:
    """Samples of a stored stream; nothing is read before someone asks."""

    objects: Objects
    row: Mapping[str, Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return int(self.row["n_channels"]), int(self.row["n_samples"])

    @property
    def dtype(self) -> np.dtype[Any]:
        """As stored."""
        dtype: np.dtype[Any] = np.dtype(self.row["dtype"])
        return dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        array = open_array(self.objects, part_key(self.row["part"]), self.row["part_digest"])
        return array.read(self.row["start"] + start, self.row["start"] + stop)


def relabelled(recipe: Recipe, unit: Unit, row: Mapping[str, Any], objects: Objects) -> Recording | None:
    """Make the recording that reading its files again would give, without its reader's warnings.

    Its samples are those in the store, since the files, the readers and their options are what they were.

    Parameters
    ----------
    recipe : Recipe
    unit : Unit
    row : mapping
        Its whole row of ``recordings``.
    objects : Objects
        The store's root.

    Returns
    -------
    Recording or None
        None where the recipe makes other streams of the files now, or a reader cannot tell: it must be read.
    """
    try:
        raw = recipe.outline_raw(unit, held_by(row["streams"]))
    except Exception:
        return None  # whatever it is, it is recorded when the file is read
    if raw is None:
        return None
    recording = recipe.told(unit, replace(raw, warnings=()))
    if not _are_alike(recording.streams, row["streams"]):
        return None
    stored = [
        replace(stream, samples=StoredSamples(objects, item))
        for stream, item in zip(recording.streams, row["streams"], strict=True)
    ]
    return replace(recording, streams=tuple(stored))


def held_by(streams: Sequence[Mapping[str, Any]]) -> dict[str, Held]:
    """What a store knows of each label; nothing of those that several channels share."""
    held = {}
    counts = Counter(channel["label"] for stream in streams for channel in stream["channels"])
    for stream in streams:
        first = stream["t0_ns"]
        segments = tuple(Segment(each["t0_ns"] - first, each["n_samples"]) for each in stream["segments"])
        for channel in stream["channels"]:
            if counts[channel["label"]] == 1:
                held[channel["label"]] = Held(stream["rate_hz"], np.dtype(stream["dtype"]), segments, first)
    return held


def _are_alike(streams: Sequence[Stream], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether streams are those of the rows: the same channels of the same samples, in the same order."""
    return len(streams) == len(rows) and all(map(_is_alike, streams, rows))


def _is_alike(stream: Stream, row: Mapping[str, Any]) -> bool:
    mine = (
        str(stream.sensor_type),
        stream.rate_hz,
        stream.n_samples,
        stored_dtype(stream.samples.dtype).name,
        [(segment.t0_ns, segment.n_samples) for segment in stream.segments],
        [channel.label for channel in stream.channels],
    )
    return mine == (
        row["sensor_type"],
        row["rate_hz"],
        row["n_samples"],
        row["dtype"],
        [(segment["t0_ns"], segment["n_samples"]) for segment in row["segments"]],
        [channel["label"] for channel in row["channels"]],
    )
