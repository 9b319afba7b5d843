"""Representations side by side: the same windows of each sensor type, drawn in every way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from biocurate.errors import StoreError, UsageError
from biocurate.images.drawing import Status, draw
from biocurate.images.registry import kinds, representation
from biocurate.images.render import colour as paint
from biocurate.images.render import resize
from biocurate.recording import NS
from biocurate.sensors import SensorType
from biocurate.store.store import Store

SECONDS: Mapping[SensorType, float] = {
    SensorType.GSR: 60.0,  # some rises of skin conductance
    SensorType.RESP: 60.0,  # some fifteen breaths
    SensorType.CO2: 60.0,
    SensorType.TEMP: 120.0,
    SensorType.SPO2: 120.0,  # one desaturation
    SensorType.HR: 120.0,
}
"""Length of a window by sensor type, where it is not `USUAL_S`."""

USUAL_S = 10.0
TRIES = 20
"""Windows of a sensor type that are tried until one has no missing sample and is not constant."""


@dataclass(frozen=True)
class Window:
    """One channel of a span of a recording."""

    sensor: SensorType
    recording_id: str
    channel: str
    start_s: float
    rate_hz: float
    samples: NDArray[np.float32]
    """Shape (1, time)."""


def find_windows(store: Store, sensors: Sequence[str] = (), seconds: float | None = None) -> list[Window]:
    """Take a window of each sensor type: the middle of a recording, the same one every time.

    Parameters
    ----------
    store : Store
    sensors : sequence of str
        Sensor types or aliases; all that the store has where left out.
    seconds : float, optional
        Length of each; what makes sense for its sensor type where left out.

    Raises
    ------
    StoreError
        Where the store has no such sensor type, or no window of it that could be drawn.
    """
    streams = store.streams.sort("recording_id", "stream_no").collect()
    there = streams["sensor_type"].unique().sort().to_list()
    found = []
    for sensor in [SensorType.parse(sensor) for sensor in sensors] or [SensorType(name) for name in there]:
        mine = streams.filter(pl.col("sensor_type") == str(sensor))
        window = next(_windows(store, sensor, mine, seconds or SECONDS.get(sensor, USUAL_S)), None)
        if window is not None:
            found.append(window)
        elif sensors:
            raise StoreError(
                f"there is no window of {sensor} that could be drawn.",
                where=store.url,
                mend=f"Choose among {', '.join(there)}, or a shorter --length.",
            )
    return found


def _windows(store: Store, sensor: SensorType, streams: pl.DataFrame, seconds: float) -> Iterator[Window]:
    """First channels of stretches without a gap that can be drawn; where the middle cannot, what comes before."""
    tried = 0
    for stream in streams.iter_rows(named=True):
        longest = max(stream["segments"], key=lambda segment: segment["n_samples"])
        length_s, begins_s = longest["n_samples"] / stream["rate_hz"], longest["t0_ns"] / NS
        spare = length_s - seconds
        for share in (0.5, 0.25, 0.75) if spare >= 0 else ():
            tried += 1
            if tried > TRIES:
                return
            start_s = begins_s + spare * share
            samples = store.recording(stream["recording_id"]).read(stream["stream_id"], start_s, start_s + seconds)[:1]
            if np.isfinite(samples).all() and np.ptp(samples) > 0:
                name = stream["channels"][0]["name"] or stream["channels"][0]["label"]
                yield Window(sensor, stream["recording_id"], name, start_s, stream["rate_hz"], samples)


def gallery(
    windows: Sequence[Window],
    file: Path,
    representations: Sequence[str] = (),
    *,
    size: int = 224,
    colour: str = "viridis",
) -> int:
    """Write a PNG with a row for each window and a column for each representation; returns the number of images.

    A representation has the defaults of the window's sensor type. Where it cannot draw a window, the cell says why.

    Parameters
    ----------
    windows : sequence of Window
    file : Path
    representations : sequence of str
        Their kinds; all that there are where left out.
    size : int
        Side of each image in pixels.
    colour : str
        Colour map.

    Raises
    ------
    UsageError
        Where there is no such representation or colour map, the file cannot be written, or matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as missing:
        mend = "pip install 'biocurate[images]'"
        raise UsageError("A contact sheet needs matplotlib, which is not installed.", mend=mend) from missing

    chosen = list(representations) or kinds()
    figure = Figure(figsize=(2.4 * len(chosen), 2.6 * len(windows)), dpi=100, layout="constrained")
    grid = np.asarray(figure.subplots(len(windows), len(chosen), squeeze=False))
    shown = 0
    for axis, kind in zip(grid[0], chosen, strict=True):
        axis.set_title(kind, fontsize=11)
    for axes, window in zip(grid, windows, strict=True):
        for axis, kind in zip(axes, chosen, strict=True):
            image = _image(window, kind, size, colour)
            axis.set_xticks([])
            axis.set_yticks([])
            if isinstance(image, str):
                axis.text(0.5, 0.5, image, ha="center", va="center", wrap=True, fontsize=8)
            else:
                axis.imshow(image, interpolation="none", aspect="auto")
                shown += 1
        seconds = window.samples.shape[1] / window.rate_hz
        axes[0].set_ylabel(f"{window.sensor} {window.channel}\n{seconds:g} s at {window.rate_hz:g} Hz", fontsize=10)
        axes[0].set_xlabel(f"{window.recording_id}, {window.start_s:.0f} s", fontsize=8)
    try:
        figure.savefig(file, format="png")
    except OSError as error:
        raise UsageError(f"the file cannot be written: {error.strerror or error}.", where=str(file)) from error
    return shown


def _image(window: Window, kind: str, size: int, colour: str) -> NDArray[np.uint8] | str:
    """One image, shape (size, size, 3), or why there is none."""
    made = representation(kind, window.sensor)
    try:
        drawing = draw(torch.from_numpy(window.samples), window.rate_hz, made)
    except UsageError as error:
        return error.what
    status = Status(int(drawing.status[0]))
    if status is not Status.OK:
        return status.label
    image: NDArray[np.uint8] = paint(resize(drawing.pixels, size, made.resizing), colour)[0].permute(1, 2, 0).numpy()
    return image
