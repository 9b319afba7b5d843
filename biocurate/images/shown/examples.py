"""Windows to look at: one of each sensor type, on the channel that shows best what its readers look for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import StoreError
from biocurate.images.representations.bands import USUAL
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
SHOWN: Mapping[SensorType, Sequence[str]] = {
    SensorType.EEG: ("O1", "O2", "OZ", "POZ", "PZ", "P3", "P4"),  # where alpha is: Berger 1929; IFCN glossary 2017
    SensorType.ECG: ("II", "MLII", "I"),  # along the heart's axis: upright P, QRS and T
}
"""Channels that are looked at first, by sensor type."""
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


def find_windows(
    store: Store,
    sensors: Sequence[str] = (),
    seconds: float | None = None,
    recordings: Sequence[str] = (),
    channel: str | None = None,
) -> list[Window]:
    """Take a window of each sensor type: the middle of a recording, the same one every time.

    Recordings whose rate reaches the sensor type's band come first.

    Parameters
    ----------
    store : Store
    sensors : sequence of str
        Sensor types or aliases; all that the store has where left out.
    seconds : float, optional
        Length of each; what makes sense for its sensor type where left out.
    recordings : sequence of str
        A window of each sensor type in each of these.
    channel : str, optional
        Name of the channel; the one that shows most where left out.

    Raises
    ------
    StoreError
        Where the store has no such recording, sensor type or channel, or no window of it that could be drawn.
    """
    streams = store.streams.sort("recording_id", "stream_no").collect()
    parts = [(name, streams.filter(pl.col("recording_id") == name)) for name in recordings] or [("", streams)]
    found = []
    for name, part in parts:
        there = part["sensor_type"].unique().sort().to_list()
        if not there:
            raise StoreError(f"there is no recording {name!r}.", where=store.url, mend="See: biocurate status")
        for sensor in [SensorType.parse(sensor) for sensor in sensors] or [SensorType(name) for name in there]:
            mine = [row for row in part.iter_rows(named=True) if row["sensor_type"] == str(sensor)]
            mine.sort(key=lambda row: not _reached(row["sensor_type"], row["rate_hz"]))
            window = next(_windows(store, sensor, mine, seconds or SECONDS.get(sensor, USUAL_S), channel), None)
            if window is not None:
                found.append(window)
            elif sensors:
                raise StoreError(
                    f"there is no window of {sensor}{f' {channel}' if channel else ''} that could be drawn.",
                    where=name or store.url,
                    mend=f"Choose among {', '.join(there)}, or a shorter --length, or another --channel.",
                )
    return found


def _reached(sensor: str, rate: float) -> bool:
    """Whether the rate reaches the sensor type's band: an envelope of one hertz is no EMG."""
    usual = USUAL.get(SensorType(sensor), {})
    return all(float(str(hertz)) < rate / 2 for hertz in usual.values())


def _windows(
    store: Store, sensor: SensorType, streams: Sequence[dict[str, Any]], seconds: float, channel: str | None
) -> Iterator[Window]:
    """Stretches without a gap that can be drawn; where the middle cannot, what comes before and after."""
    tried = 0
    for stream in streams:
        names = [each["name"] or each["label"] for each in stream["channels"]]
        chosen = _channel(names, SHOWN.get(sensor, ()) if channel is None else (channel,))
        if chosen is None and channel is not None:
            continue
        longest = max(stream["segments"], key=lambda segment: segment["n_samples"])
        length_s, begins_s = longest["n_samples"] / stream["rate_hz"], longest["t0_ns"] / NS
        spare = length_s - seconds
        for share in (0.5, 0.25, 0.75) if spare >= 0 else ():
            tried += 1
            if tried > TRIES:
                return
            start_s = begins_s + spare * share
            read = store.recording(stream["recording_id"]).read(stream["stream_id"], start_s, start_s + seconds)
            samples = read[[chosen or 0]]
            if np.isfinite(samples).all() and np.ptp(samples) > 0:
                name = names[chosen or 0]
                yield Window(sensor, stream["recording_id"], name, start_s, stream["rate_hz"], samples)


def _channel(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Which of the names is the first that is wanted."""
    upper = [name.upper() for name in names]
    return next((upper.index(each.upper()) for each in wanted if each.upper() in upper), None)
