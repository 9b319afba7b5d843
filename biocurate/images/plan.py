"""Which images a set is to hold, which it lacks, and the tasks that draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.images.registry import Representation
from biocurate.recording import ns_to_samples
from biocurate.sensors import SensorType
from biocurate.store.manifests import Manifest
from biocurate.store.signal_reader import SignalReader, view_of
from biocurate.store.sql import nearest
from biocurate.store.store import Store

PART_BYTES = 64 * 1024 * 1024
"""Decoded bytes of a part at most: small enough that a killed run loses little."""

PART_IMAGES = 1024
"""A task draws no fewer where there are more: each costs a commit."""

TASKS_PER_WORKER = 4
"""Tasks a worker at least, so that all end at about the same time."""

SPAN = ("window_id", "recording_id", "revision", "t0_ns", "duration_ns", "view", "stream_no", "first")
"""One stream of one window; ``first`` is its first sample in the stream."""

ALIKE = ("sensor_type", "rate_hz", "duration_ns", "n_channels", "montage", "indexes")
"""Windows that share these are read as one array, and their images have one size."""

_OF_STREAM = ("sensor_type", "rate_hz", "n_channels", "montage", "part", "at")


@dataclass(frozen=True)
class PartTask:
    """Windows whose images become one part."""

    store: Store
    image_set: str
    manifest: str
    representation: Representation
    sensor: str
    rate_hz: float
    n_samples: int
    n_channels: int
    """Channels of the streams."""
    indexes: tuple[int, ...]
    """Channels to draw."""
    names: tuple[str, ...]
    """Their names."""
    rows: pl.DataFrame
    """Columns `SPAN` and image_ids, sorted as the samples lie in the store."""

    @property
    def images(self) -> int:
        """Number of images."""
        return self.rows.height * len(self.indexes)


def wanted(
    store: Store,
    manifest: Manifest,
    representation: Representation,
    sensors: Sequence[str],
    channels: Sequence[str] = (),
) -> pl.DataFrame:
    """One row an image: each channel of each stream of the sensor types that covers a window.

    Raises
    ------
    StaleError
        Where the manifest was made from recordings that have been replaced.
    UsageError
        Where no window has such a sensor type or channel, or the representation's parameters make no sense for a rate.
    """
    view = view_of(manifest.rows)
    rows = manifest.rows.with_columns(view=pl.lit(view, pl.String))
    store.check_live(rows.lazy(), f"manifests/{manifest.name}", manifest.snapshot_id)
    if not sensors:
        raise UsageError("No sensor type is named.", where="images", mend="Say which to draw, such as EEG.")
    kinds = [str(SensorType.parse(sensor)) for sensor in sensors]
    for kind in kinds:
        _refuse_absent(kind, rows["sensor_types"].explode(), f"no window of manifest {manifest.name!r} has {kind}")
    streams = SignalReader.of(store, rows).streams
    # Names and units of all channels of a stream, as one number: they have to be the same in what is read together.
    montage = pl.concat_str(
        pl.col("names", "canonical_units").list.eval(pl.element().fill_null("")).list.join("\n"), separator="\n\n"
    ).rank("dense")
    streams = streams.filter(pl.col("sensor_type").is_in(kinds)).with_columns(montage=montage)
    spans = (
        rows.select("window_id", "recording_id", "revision", "t0_ns", "duration_ns", "view", "streams")
        .explode("streams")
        .unnest("streams")
        .rename({"start": "first"})
        .join(streams, on=["recording_id", "revision", "stream_no"])
        .with_columns(at=pl.col("start") + pl.col("first"), index=pl.int_ranges("n_channels"), channel="names")
    )
    images = spans.select(*SPAN, *_OF_STREAM, "index", "channel").explode("index", "channel")
    for name in channels:
        _refuse_absent(name, images["channel"], f"{' and '.join(kinds)} have no channel {name!r}")
    if channels:
        images = images.filter(pl.col("channel").is_in(list(channels)))
    for rate_hz in images["rate_hz"].unique():
        representation.shortest(rate_hz)  # refuses parameters that make no sense for a rate, before anything is drawn
    drawn = representation.id if view is None else f"{representation.id}@{view}"
    return images.with_columns(image_id=pl.Series(image_ids(images, drawn)))


def _refuse_absent(name: str, present: pl.Series, what: str) -> None:
    known = present.drop_nulls().unique().sort().to_list()
    if name not in known:
        raise UsageError(f"{what}.", mend=nearest(name, known))


def image_ids(images: pl.DataFrame, representation_id: str) -> NDArray[np.int64]:
    """Give images the same numbers in every store: a hash of the span, the channel and the representation.

    Parameters
    ----------
    images : DataFrame
        recording_id, revision, stream_no, index, t0_ns and duration_ns.
    representation_id : str

    Returns
    -------
    array of int64, shape (images,), not negative; a billion of them collide with a chance of 5 %
    """
    keys = images.select("recording_id", "revision", "stream_no", "index")
    channels = keys.unique()
    salts = [
        int.from_bytes(sha256("\n".join(map(str, (*key, representation_id))).encode()).digest()[:8], "little")
        for key in channels.iter_rows()
    ]
    salted = keys.join(channels.with_columns(salt=pl.Series(salts, dtype=pl.UInt64)), on=keys.columns, how="left")
    mixed = _mix(salted["salt"].to_numpy() ^ _mix(images["t0_ns"].to_numpy().astype(np.uint64)))
    mixed = _mix(mixed ^ images["duration_ns"].to_numpy().astype(np.uint64))
    return (mixed >> np.uint64(1)).astype(np.int64)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits; source: Steele, Lea & Flood, Fast splittable pseudorandom number generators, OOPSLA 2014."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def tasks(
    store: Store,
    image_set: str,
    manifest: str,
    representation: Representation,
    images: pl.DataFrame,
    workers: int,
) -> Iterator[PartTask]:
    """Cut images into tasks that own a part each: of one representation, one size, and near each other in the store."""
    least = max(PART_IMAGES, -(-images.height // (TASKS_PER_WORKER * max(workers, 1))))
    spans = images.group_by(*SPAN, *_OF_STREAM, maintain_order=True).agg(
        indexes=pl.col("index"), names=pl.col("channel"), image_ids=pl.col("image_id")
    )
    for (sensor, rate_hz, duration_ns, n_channels, _, indexes), alike in spans.group_by(*ALIKE, maintain_order=True):
        n_samples = ns_to_samples(duration_ns, rate_hz)
        height, width = representation.grid(max(n_samples, representation.shortest(rate_hz)), rate_hz)
        step = max(1, min(PART_BYTES // (height * width), least) // len(indexes))
        for rows in alike.sort("part", "at").iter_slices(step):
            yield PartTask(
                store=store,
                image_set=image_set,
                manifest=manifest,
                representation=representation,
                sensor=sensor,
                rate_hz=rate_hz,
                n_samples=n_samples,
                n_channels=n_channels,
                indexes=tuple(indexes),
                names=tuple(rows["names"][0]),
                rows=rows.select(*SPAN, "image_ids"),
            )
