"""Images a second from a store into a store, on one core: reading, drawing and writing, against drawing alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import torch

from biocurate.curate.windows.reading import read_windows
from biocurate.images import kinds
from biocurate.images.drawing.picture import Picture
from biocurate.images.making.ordering import orders, pictures
from biocurate.images.making.part import image_layout, make_part
from biocurate.images.making.plan import Lack, PartTask, Plan
from biocurate.store.arrays import open_array
from biocurate.store.codecs import codec
from biocurate.store.manifests import Manifest
from biocurate.store.objects import Objects
from biocurate.store.signal_reader import SignalReader
from biocurate.store.store import Store

CODECS = ("zstd-1", "zstd-3", "zstd-6", "blosc-lz4-5", "blosc-zstd-3")
"""Codecs that images could be stored with; the second is the one."""


def compare(
    store: Store, manifest: Manifest, sensors: Sequence[str], images: int = 2048, kind: str | None = None
) -> pl.DataFrame:
    """Generate some images of each representation and sensor type into a folder that is removed again.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    sensors : sequence of str
        Sensor types or aliases.
    images : int
        Of each representation and sensor type, about.
    kind : str, optional
        Only this representation.

    Returns
    -------
    DataFrame
        A row a sensor type and representation. ``drawing_s`` and ``whole_s``: images a second of processor time, from
        samples in memory to images in memory, and from the store into a store. ``share`` of drawing in the whole;
        bytes of an image before and after its codec.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = [
            _row(task)
            for each in ([kind] if kind else kinds())
            for task in _tasks(store, manifest, sensors, images, each)
        ]
    finally:
        torch.set_num_threads(before)
    return pl.DataFrame(rows).sort("sensor_type", "representation", maintain_order=True)


def codecs(store: Store, manifest: Manifest, sensor: str, images: int = 512) -> pl.DataFrame:
    """Bytes of an image and images a second of processor time by codec, over chunks as they are stored.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    sensor : str
    images : int
        Of each representation, about.
    """
    rows = []
    for kind in kinds():
        for task in _tasks(store, manifest, [sensor], images, kind):
            pixels = task.lack.pictures[0].draw(_samples(task), task.lack.rate_hz).pixels.numpy()
            chunk = min(len(pixels), image_layout((pixels.shape[1], pixels.shape[2])).chunk)
            chunks = np.split(pixels, range(chunk, len(pixels), chunk))
            found: dict[str, Any] = {"representation": kind, "raw": pixels[0].size}
            for name in CODECS:
                began = time.process_time()
                stored = sum(len(codec(name, "uint8").encode(each)) for each in chunks)
                found[f"{name} bytes"] = stored / len(pixels)
                found[f"{name} /s"] = len(pixels) / max(time.process_time() - began, 1e-9)
            rows.append(found)
    return pl.DataFrame(rows)


def _tasks(store: Store, manifest: Manifest, sensors: Sequence[str], images: int, kind: str) -> list[PartTask]:
    """For each sensor type some neighbouring windows of its most frequent rate, to be drawn in one way."""
    (order,) = orders([manifest], pictures([kind], sensors, {}))
    plan = Plan(store, order, np.empty(0, np.int64))
    most: dict[str, Lack] = {}
    for lack in plan.lacks():
        if lack.sensor not in most or lack.images > most[lack.sensor].images:
            most[lack.sensor] = lack
    return [plan.task(lack, lack.rows[: max(1, images // len(lack.indexes))]) for lack in most.values()]


def _row(task: PartTask) -> dict[str, Any]:
    lack, (picture,) = task.lack, task.lack.pictures
    samples = _samples(task)
    with tempfile.TemporaryDirectory() as aside:
        there = replace(task, objects=Objects(aside))
        make_part(replace(there, lack=replace(lack, rows=lack.rows[:1])))  # what is made once a process is not counted
        open_array.cache_clear()
        whole, made = _timed(make_part, there)
    drawing, _ = _timed(_drawn, picture, samples, lack.rate_hz)
    return {
        "sensor_type": lack.sensor,
        "rate_hz": lack.rate_hz,
        "samples": lack.n_samples,
        "representation": picture.representation.kind,
        "images": task.images,
        "drawing_s": task.images / drawing,
        "whole_s": task.images / whole,
        "share": drawing / whole,
        "raw_bytes": lack.n_bytes / task.images,
        "bytes": made.n_bytes / task.images,
    }


def _samples(task: PartTask) -> torch.Tensor:
    """All samples of a task, shape (images, time)."""
    stream = pl.concat_list(pl.struct("stream_no", start="first"))
    windows = task.lack.rows.select(
        "recording_id", "revision", "duration_ns", view=pl.lit(task.view, pl.String), streams=stream
    )
    reader = SignalReader(task.store, view=task.view, streams=task.streams)
    samples = read_windows(task.store, windows, task.lack.sensor, reader=reader)
    return torch.from_numpy(samples.reshape(-1, task.lack.n_samples))


def _drawn(picture: Picture, samples: torch.Tensor, rate: float) -> object:
    return picture.draw(samples, rate)


def _timed(work: Any, *arguments: Any) -> tuple[float, Any]:  # noqa: ANN401
    """Seconds of processor time, and the result."""
    began = time.process_time()
    result = work(*arguments)
    return max(time.process_time() - began, 1e-9), result
