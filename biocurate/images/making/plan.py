"""Which images a set is to hold, which it lacks, and the tasks that draw them: a stretch of windows at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.images.drawing.picture import Picture
from biocurate.images.making.ids import STREAM, image_ids
from biocurate.recording import ns_to_samples
from biocurate.store.manifests import Manifest
from biocurate.store.objects import Objects
from biocurate.store.signal_reader import SignalReader, view_of
from biocurate.store.sql import nearest
from biocurate.store.store import Store

PART_BYTES = 64 * 1024 * 1024
"""Decoded bytes of a part at most: small enough that a killed run loses little."""

PART_IMAGES = 1024
"""A task draws no fewer where there are more: each costs an array's objects."""

TASKS_PER_WORKER = 4
"""Tasks a worker at least, so that all end at about the same time."""

WINDOWS = 100_000
"""Windows of a manifest that are planned at once, which bounds memory; images need none until they are drawn."""

SPAN = ("window_id", "recording_id", "revision", "t0_ns", "duration_ns", "stream_no", "first")
"""One stream of one window; ``first`` is its first sample in the stream."""

ALIKE = ("sensor_type", "rate_hz", "duration_ns", "montage")
"""Windows that share these are read as one array, and their images have one size."""

NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Order:
    """What one set is to show.

    Parameters
    ----------
    image_set : str
    manifest : Manifest
        The set has images of its windows and of no others.
    pictures : mapping of str to tuple of Picture
        How each sensor type is drawn; canonical names, as `SensorType` has them.
    channels : tuple of str
        Canonical channel names; all where there are none.
    """

    image_set: str
    manifest: Manifest
    pictures: Mapping[str, tuple[Picture, ...]]
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lack:
    """Images that are to be drawn: each channel in each picture of windows that are read as one array."""

    sensor: str
    rate_hz: float
    n_samples: int
    n_channels: int
    """Channels of the streams."""
    indexes: tuple[int, ...]
    """Channels to draw."""
    names: tuple[str, ...]
    """Their names."""
    pictures: tuple[Picture, ...]
    rows: pl.DataFrame
    """Columns `SPAN`, sorted as the samples lie in the store."""

    @property
    def images(self) -> int:
        """Number of images."""
        return self.rows.height * len(self.indexes) * len(self.pictures)

    @property
    def n_bytes(self) -> int:
        """Bytes of the images' pixels."""
        of_window = sum(math.prod(picture.grid(self.n_samples, self.rate_hz)) for picture in self.pictures)
        return self.rows.height * len(self.indexes) * of_window


@dataclass(frozen=True)
class PartTask:
    """Windows whose images become one part a picture; their samples are read once."""

    store: Store
    image_set: str
    manifest: str
    view: str | None
    lack: Lack
    streams: pl.DataFrame
    """The catalogue of their streams: no task reads a table."""
    objects: Objects
    """Where parts are written."""
    device: str = "cpu"

    @property
    def images(self) -> int:
        """Number of images."""
        return self.lack.images


@dataclass(frozen=True)
class Survey:
    """What an order comes to before anything is drawn."""

    wanted: int
    lacking: int
    n_bytes: int
    """Bytes of the pixels that are lacking."""
    windows_without: int
    """Windows that have none of its sensor types and channels."""
    sensors: frozenset[str]
    """Sensor types of the order that windows have."""
    channels: frozenset[str]
    """Channels of these, whether they are drawn or not."""


@dataclass(frozen=True)
class Plan:
    """An order over a store, and what of it is there.

    Parameters
    ----------
    store : Store
    order : Order
    there : array of int64, sorted
        Ids of images that the set holds.
    """

    store: Store
    order: Order
    there: NDArray[np.int64]

    @cached_property
    def view(self) -> str | None:
        """The view that the windows are of."""
        return view_of(self.order.manifest.rows)

    @cached_property
    def catalogue(self) -> pl.DataFrame:
        """Streams of the sensor types in the manifest's recordings."""
        ids = self.order.manifest.rows["recording_id"].unique().to_list()
        streams = SignalReader(self.store, ids, self.view).streams
        return streams.filter(pl.col("sensor_type").is_in(list(self.order.pictures)))

    @cached_property
    def _streams(self) -> pl.DataFrame:
        # Names and units of all channels of a stream, as one number: they have to be the same in what is read together.
        montage = pl.concat_str(
            pl.col("names", "canonical_units").list.eval(pl.element().fill_null("")).list.join("\n"), separator="\n\n"
        ).rank("dense")
        return self.catalogue.select(*STREAM, "sensor_type", "rate_hz", "names", "part", "start", montage=montage)

    def survey(self) -> Survey:
        """Count what is wanted and what of it is lacking.

        Raises
        ------
        UsageError
            Where a representation's parameters make no sense for a rate.
        """
        wanted = lacking = n_bytes = without = 0
        sensors: set[str] = set()
        channels: set[str] = set()
        for windows in self.order.manifest.rows.iter_slices(WINDOWS):
            spans = self._spans(windows)
            drawn = pl.Series("window_id", [], dtype=pl.Int64)
            for alike in _alike(spans):
                kind = self._kind(alike)
                sensors.add(kind.sensor)
                channels.update(alike["names"][0].drop_nulls())
                for picture in kind.pictures:
                    picture.representation.shortest(kind.rate_hz)  # refuses parameters that make no sense for a rate
                if kind.indexes:
                    drawn.append(kind.rows["window_id"])
                wanted += kind.images
                for lack in self._lacks(kind):
                    lacking, n_bytes = lacking + lack.images, n_bytes + lack.n_bytes
            without += windows.height - drawn.n_unique()
        return Survey(wanted, lacking, n_bytes, without, frozenset(sensors), frozenset(channels))

    def lacks(self) -> Iterator[Lack]:
        """What is to be drawn, a stretch of the manifest after the other."""
        for windows in self.order.manifest.rows.iter_slices(WINDOWS):
            for alike in _alike(self._spans(windows)):
                yield from self._lacks(self._kind(alike))

    def tasks(self, images: int, workers: int, device: str = "cpu") -> Iterator[PartTask]:
        """Cut what is to be drawn into tasks that own whole parts, of windows near each other in the store.

        Parameters
        ----------
        images : int
            That the run will draw in all.
        workers : int
            That it has.
        device : str
            Where tasks draw.
        """
        most = max(PART_IMAGES, -(-images // (TASKS_PER_WORKER * max(workers, 1))))
        for lack in self.lacks():
            largest = max(math.prod(picture.grid(lack.n_samples, lack.rate_hz)) for picture in lack.pictures)
            at_most = min(PART_BYTES // largest, -(-most // len(lack.pictures)))
            for rows in lack.rows.iter_slices(max(1, at_most // len(lack.indexes))):
                yield self.task(lack, rows, device)

    def task(self, lack: Lack, rows: pl.DataFrame, device: str = "cpu") -> PartTask:
        """A task of some of the windows that lack images."""
        order = self.order
        streams = self.catalogue.join(rows.select(STREAM).unique(), on=STREAM, how="semi", maintain_order="left")
        mine = Lack(**{**vars(lack), "rows": rows})
        return PartTask(
            store=self.store,
            image_set=order.image_set,
            manifest=order.manifest.name,
            view=self.view,
            lack=mine,
            streams=streams,
            objects=self.store.objects,
            device=device,
        )

    def _spans(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Streams of the sensor types that cover some windows, sorted as they lie in the store."""
        spans = windows.lazy().select("window_id", *STREAM[:2], "t0_ns", "duration_ns", "streams")
        spans = spans.explode("streams").unnest("streams").rename({"start": "first"})
        found = spans.join(self._streams.lazy(), on=STREAM).with_columns(at=pl.col("start") + pl.col("first"))
        return found.sort("part", "at", *STREAM, "first").collect()

    def _kind(self, alike: pl.DataFrame) -> Lack:
        """All that is wanted of windows that are read as one array."""
        sensor, rate_hz, duration_ns = alike.select("sensor_type", "rate_hz", "duration_ns").row(0)
        names, channels = list(alike["names"][0]), self.order.channels
        indexes = tuple(index for index, name in enumerate(names) if not channels or name in channels)
        return Lack(
            sensor=sensor,
            rate_hz=rate_hz,
            n_samples=ns_to_samples(duration_ns, rate_hz),
            n_channels=len(names),
            indexes=indexes,
            names=tuple(names[index] for index in indexes),
            pictures=self.order.pictures[sensor],
            rows=alike.select(SPAN),
        )

    def _lacks(self, kind: Lack) -> Iterator[Lack]:
        """What the set lacks of it: windows that lack the same, and of them pictures that lack the same channels."""
        if not kind.indexes:
            return
        if not self.there.size:
            yield kind
            return
        for rows, lacking in _patterns(kind.rows, self._lacking(kind)):
            alike: dict[tuple[bool, ...], list[Picture]] = {}
            for picture, channels in zip(kind.pictures, lacking.T.tolist(), strict=True):
                alike.setdefault(tuple(channels), []).append(picture)
            for channels, pictures in alike.items():
                chosen = [place for place, is_lacking in enumerate(channels) if is_lacking]
                if chosen:
                    indexes, names = (tuple(each[place] for place in chosen) for each in (kind.indexes, kind.names))
                    changed: dict[str, Any] = {"rows": rows, "indexes": indexes, "names": names}
                    yield Lack(**{**vars(kind), **changed, "pictures": tuple(pictures)})

    def _lacking(self, kind: Lack) -> NDArray[np.bool_]:
        """Whether the set lacks an image, shape (windows, channels, pictures)."""
        each = [image_ids(kind.rows, kind.indexes, picture.numbered(self.view)) for picture in kind.pictures]
        ids = np.stack(each, axis=-1)
        place = np.minimum(np.searchsorted(self.there, ids), self.there.size - 1)
        return np.asarray(self.there[place] != ids)


def _alike(spans: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Spans that are read as one array, in the order of the store."""
    yield from spans.partition_by(ALIKE, maintain_order=True)


def _patterns(rows: pl.DataFrame, lacking: NDArray[np.bool_]) -> Iterator[tuple[pl.DataFrame, NDArray[np.bool_]]]:
    """Rows that lack the same images, and what they lack, shape (channels, pictures)."""
    bits = np.packbits(lacking.reshape(rows.height, -1), axis=1)
    _, first, which = np.unique(
        np.ascontiguousarray(bits).view(f"V{bits.shape[1]}")[:, 0], return_index=True, return_inverse=True
    )
    for number, place in enumerate(first):
        if lacking[place].any():
            yield rows.filter(pl.Series(which == number)), lacking[place]


def refuse_absent(orders: Sequence[Order], surveys: Sequence[Survey]) -> None:
    """Refuse a sensor type or channel that no manifest has, and a manifest that has none of the sensor types.

    Raises
    ------
    UsageError
    """
    named = ", ".join(repr(order.manifest.name) for order in orders)
    which = f"manifest {named}" if len(orders) == 1 else f"the manifests {named}"
    for kind in sorted(set().union(*(order.pictures for order in orders))):
        if not any(kind in survey.sensors for survey in surveys):
            there = {each for order in orders for each in _sensors(order.manifest)}
            raise UsageError(f"no window of {which} has {kind}.", mend=nearest(kind, sorted(there)))
    for order, survey in zip(orders, surveys, strict=True):
        if not survey.sensors:
            kinds = " or ".join(order.pictures)
            mend = nearest(next(iter(order.pictures)), _sensors(order.manifest))
            raise UsageError(f"no window of manifest {order.manifest.name!r} has {kinds}.", mend=mend)
    known = set().union(*(survey.channels for survey in surveys))
    for name in sorted(set().union(*(order.channels for order in orders)) - known):
        kinds = " and ".join(sorted(set().union(*(order.pictures for order in orders))))
        raise UsageError(f"{kinds} have no channel {name!r}.", mend=nearest(name, sorted(known)))


def _sensors(manifest: Manifest) -> list[str]:
    return sorted(manifest.rows.lazy().select(pl.col("sensor_types").explode().unique()).collect()["sensor_types"])
