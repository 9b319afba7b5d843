"""What else in a recording says that a window is clean: never the signal that is to be judged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.quality.block import Floats
from biocurate.recording import NS, Recording, Stream, canonical_scale

Criterion = Callable[[Recording, Stream, float, int], NDArray[np.bool_]]
"""Recording, stream, seconds of a window, windows -> which windows are clean."""

STILL_G = 0.01
"""Standard deviation of the wrist's acceleration below which it lies still."""
WORN_S = 60.0
"""In the first minute a device is put on."""
LEAST_BEATS = 0.8
"""Share of a window that the device's own intervals between beats cover: it reports none where it sees artefacts."""
RHYTHM_KINDS = ("rhythm", "dx", "ectopy", "ectopic", "pacing")
UNEQUAL = ("fibrillation", "flutter", "ectopic", "premature", "extrasystol", "pac", "irregular")
"""Words of labels after which one beat is not like the next."""
QUIET_UV = 50.0
"""Standard deviation of an EOG without blinks and looks about; a blink has 100 to 200 uV."""


def still(recording: Recording, stream: Stream, seconds: float, total: int) -> NDArray[np.bool_]:
    """Tell in which windows the accelerometer hardly moves."""
    spread = _spread_of(recording, "ACC", stream, seconds, total)
    return (spread < STILL_G) & (np.arange(total) * seconds >= WORN_S)


def quiet_eyes(recording: Recording, stream: Stream, seconds: float, total: int) -> NDArray[np.bool_]:
    """Tell in which windows the EOG hardly moves."""
    return _spread_of(recording, "EOG", stream, seconds, total) < QUIET_UV


def one_rhythm(recording: Recording, stream: Stream, seconds: float, total: int) -> NDArray[np.bool_]:
    """Tell whether every beat of the recording is of one shape, as far as its labels say."""
    said = " ".join(each.value for each in recording.annotations if each.kind in RHYTHM_KINDS).lower()
    return np.full(total, not any(word in said for word in UNEQUAL))


def beating(recording: Recording, stream: Stream, seconds: float, total: int) -> NDArray[np.bool_]:
    """Tell which windows the device's own intervals between beats cover for the most part."""
    beats = [each for each in recording.annotations if each.kind == "beat"]
    end = np.array([(each.onset_ns - stream.t0_ns) / NS for each in beats])
    interval = np.array([each.number or 0.0 for each in beats])
    inside = (end >= 0) & (end < total * seconds)
    window = (end[inside] // seconds).astype(int)
    return np.asarray(np.bincount(window, interval[inside], minlength=total) >= LEAST_BEATS * seconds)


def physical(stream: Stream) -> Floats:
    """Samples in the canonical unit, NaN where invalid, shape (channels, samples)."""
    scales = np.array([canonical_scale(channel, stream.sensor_type)[1:] for channel in stream.channels])
    out = stream.digital * scales[:, :1] + scales[:, 1:]
    out[~np.isfinite(stream.physical)] = np.nan
    return np.asarray(out)


def _spread_of(recording: Recording, sensor: str, stream: Stream, seconds: float, total: int) -> Floats:
    """Largest standard deviation of another sensor's channels in each window of a stream; infinite past its ends."""
    other = recording.stream(sensor)
    samples = physical(other)
    length = round(seconds * other.rate_hz)
    begin = np.arange(total) * seconds + (stream.t0_ns - other.t0_ns) / NS
    first = np.round(begin * other.rate_hz).astype(np.int64)
    inside = (first >= 0) & (first + length <= samples.shape[1])
    spread = np.full(total, np.inf)
    pieces = samples[:, first[inside, None] + np.arange(length)]
    spread[inside] = pieces.std(axis=2).max(axis=0, initial=0.0)
    return spread
