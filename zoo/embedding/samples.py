"""Embed the windows of a manifest by their samples: a vector a window, of all its sensor types at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from biocurate.engine import Progress, Silent
from biocurate.images.making.commits import committing
from biocurate.images.making.ids import image_ids
from biocurate.recording import NS
from biocurate.sensors import SensorType
from biocurate.store.embeddings import PREFIX
from biocurate.store.runs import Run
from biocurate.store.signal_reader import view_of
from biocurate.store.store import Store
from zoo.data.placed import PlacedRows
from zoo.embedding.following import follow
from zoo.embedding.parts import Outcome, check_name, named, written
from zoo.embedding.source import Source
from zoo.models.registry import model_config

PART_WINDOWS = 1024
"""Vectors of a part: what a killed run loses at most, beside what waits to be published."""

KIND = "samples"
"""Begins what stands for the representation of such a vector."""

SPAN = ("recording_id", "revision", "t0_ns", "duration_ns")

Channels = Mapping[str, Sequence[str]]
"""Canonical names by sensor type."""


@dataclass(frozen=True)
class Given:
    """What a network is given of windows; the order of sensor types and of channels changes nothing."""

    sensors: list[str]
    channels: dict[str, list[str]]
    """By sensor type; all of those that are not in it."""
    view: str | None
    """Id of the view that the windows are of."""

    @classmethod
    def of(cls, rows: pl.DataFrame, sensors: Sequence[str], channels: Channels) -> Given:
        """Sort what is asked of windows."""
        kinds = sorted({str(SensorType.parse(sensor)) for sensor in sensors})
        chosen = {str(SensorType.parse(sensor)): sorted(set(names)) for sensor, names in channels.items()}
        return cls(kinds, dict(sorted(chosen.items())), view_of(rows))

    @property
    def representation(self) -> str:
        """Id: a kind, a hyphen and a hash."""
        told = json.dumps([self.sensors, self.channels, self.view])
        return f"{KIND}-{sha256(told.encode()).hexdigest()[:12]}"

    def windows(self, store: Store, rows: pl.DataFrame, source: Source) -> PlacedRows:
        """The windows as the network takes them; ModelError where it does not take them."""
        return PlacedRows(store.url, rows, self.sensors, source.takes, self.channels, store.opened_at)


def embed_windows(
    store: Store,
    source: Source,
    manifest: str,
    sensors: Sequence[str] = (),
    channels: Channels | None = None,
    name: str | None = None,
    *,
    batch_size: int = 32,
    device: str = "cpu",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Embed every window of a manifest that has a signal.

    A set is of the windows of one manifest, of one choice of sensor types and channels, and of one model's weights. A
    window that lacks some of the sensor types is embedded by the others. The set follows the manifest: windows that
    are gone leave it, those that are new join it at the next run.

    Parameters
    ----------
    store : Store
    source : Source
    manifest : str
        Built, with labels or without.
    sensors : sequence of str
        Given to the network together; all that it knows and the windows have where left out.
    channels : mapping of sensor type to names, optional
        Only these, as far as a recording has them; all of a sensor type that is not in it.
    name : str, optional
        ``<manifest>-<source>`` where left out.
    batch_size : int
        Windows that the model is given at once.
    device : str
        ``cpu`` or ``cuda``.
    overwrite : bool
        Make all vectors anew, and drop what the set holds.
    progress : Progress, optional
        Is told of windows.

    Raises
    ------
    StoreError
        Where there is no such manifest.
    StaleError
        Where windows are of recordings that have been replaced.
    UsageError
        Where the name is none, or a set of this name is of other windows, sensor types, channels or weights.
    ModelError
        Where the model takes no samples, or not these; see `zoo.data.layout.layout`.
    DamageError
        Where a stored byte is missing or changed.
    LeaseError
        While another process writes to the store.
    """
    source.takes  # noqa: B018  # a model of images is refused before anything is looked up
    began, bar = time.monotonic(), progress or Silent()
    found = Outcome(name or named(manifest, source), None, source.model, source.weights, manifest=manifest)
    check_name(store, found.name)
    rows = store.manifest(manifest).rows
    given = Given.of(rows, sensors or _known(source, rows), channels or {})
    model_config(source.model).spec.check(source.model, map(SensorType, given.sensors), _seconds(rows))
    windows = given.windows(store, rows, source)
    numbered = _numbered(rows, manifest, given)
    of = {"image_set": None, "manifest": manifest, "representation": given.representation}
    run = Run("embed", found.name, {**of, "model": source.model, "weights": source.weights, "source": source.origin})
    with store.lease(f"biocurate zoo embed {found.name}", run.run_id):
        there = follow(store, found.name, source, numbered.lazy(), of, overwrite)
        found.there_before, found.dropped = int(there.ids.size), there.dropped
        lacks = windows.covered & ~np.isin(numbered["image_id"].to_numpy(), there.ids)
        wanted = np.flatnonzero(lacks)
        # Those with as many channels side by side, so that none is filled up, and then as they lie in the store.
        wanted = wanted[np.argsort(windows.layout.width[wanted], kind="stable")]
        bar.start(len(wanted))
        with committing(store, PREFIX) as commits:
            for start in range(0, len(wanted), PART_WINDOWS):
                at = wanted[start : start + PART_WINDOWS]
                vectors, has = vectors_of(source, windows, at, batch_size, device)
                if has.any():
                    said = {"sensors": given.sensors, "channels": given.channels}
                    commits.add(
                        found.name, written(store, source, found, numbered[at[has]], iter([vectors[has]]), said)
                    )
                bar.advance(len(at))
        if found.made or found.dropped:
            run.finish(store, done=found.made)
        found.snapshot_id = store.publish(run.run_id)
    found.left_out = rows.height - found.made - found.there_before
    found.seconds = time.monotonic() - began
    return found


def vectors_of(
    source: Source, windows: PlacedRows, at: NDArray[np.intp], batch_size: int, device: str = "cpu"
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Embed windows, batches of as many channels at a time.

    Parameters
    ----------
    source : Source
    windows : PlacedRows
    at : array of int
        Places of those that have a channel, one at least.
    batch_size : int
    device : str

    Returns
    -------
    array, shape (windows, width), float32, in the order of ``at``
    array of bool, shape (windows,): those of which a channel has a signal; vectors of the others mean nothing
    """
    network = source.network.to(device)
    vectors: NDArray[np.float32] | None = None
    has = np.zeros(len(at), bool)
    with torch.inference_mode():
        for some in _alike(windows.layout.width[at], batch_size):
            inputs = {key: each.to(device) for key, each in windows.inputs(at[some]).items()}
            made = network.embed(**inputs).float().cpu().numpy()  # type: ignore[operator]
            vectors = np.empty((len(at), made.shape[1]), np.float32) if vectors is None else vectors
            vectors[some], has[some] = made, inputs["present"].any(dim=1).cpu().numpy()
    assert vectors is not None
    return vectors, has


def _alike(width: NDArray[np.intp], batch_size: int) -> Iterator[NDArray[np.intp]]:
    """Batches of equal widths: what else is in a batch changes no vector, whatever a network norms over."""
    for each in np.unique(width):
        mine = np.flatnonzero(width == each)
        yield from np.array_split(mine, range(batch_size, len(mine), batch_size))


def _known(source: Source, rows: pl.DataFrame) -> list[str]:
    """Sensor types of the windows that a network knows."""
    known = model_config(source.model).spec.sensors
    there = rows["sensor_types"].explode().unique().drop_nulls().sort().to_list()
    return [name for name in there if not known or SensorType(name) in known]


def _numbered(rows: pl.DataFrame, manifest: str, given: Given) -> pl.DataFrame:
    """Windows of a manifest as rows of a set, in the manifest's order."""
    ids = image_ids(rows.select(*SPAN).with_columns(stream_no=pl.lit(-1)), [0], given.representation)
    return rows.select("window_id", *SPAN).with_columns(
        image_id=pl.Series(ids[:, 0], dtype=pl.Int64),
        representation=pl.lit(given.representation),
        manifest=pl.lit(manifest),
        sensor_types=pl.lit(given.sensors, pl.List(pl.String)),
    )


def _seconds(rows: pl.DataFrame) -> float:
    return float(rows["duration_ns"].max() or 0) / NS  # type: ignore[arg-type]
