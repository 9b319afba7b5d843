"""What a model takes: checked before its weights are loaded and before it is fed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from biocurate.errors import ModelError
from biocurate.sensors import SensorType

Band = tuple[float | None, float | None]
"""Lowest and highest frequency, in hertz; None is open."""


@dataclass(frozen=True)
class StreamSpec:
    """What a model takes of one sensor type; it asks nothing of what is left out."""

    sensor: SensorType
    channels: tuple[str, ...] = ()
    """Canonical names, in the order that the model takes them."""
    rate_hz: float | None = None
    unit: str | None = None
    """Canonical unit; ``1`` of what was normalised."""
    band_hz: Band | None = None
    """What the recorder and the view let through."""


@dataclass(frozen=True)
class Found:
    """What there is of one sensor type: streams of one rate, of the same channels, units and band."""

    sensor: SensorType
    channels: tuple[str, ...]
    rate_hz: float
    units: tuple[str, ...]
    band_hz: Band = (None, None)


@dataclass(frozen=True)
class ImageSpec:
    """What a model takes of images."""

    channels: int = 1
    size: int | None = None
    """Side in pixels; None is the option `size`."""
    dtype: str = "uint8"
    representations: tuple[str, ...] = ()
    """Kinds that it can take; empty means any."""

    def __str__(self) -> str:
        side = "--size" if self.size is None else str(self.size)
        kinds = f", {' or '.join(self.representations)}" if self.representations else ""
        return f"{self.channels} channel{'s' if self.channels > 1 else ''}, {side} x {side}, {self.dtype}{kinds}"

    def check(self, model: str, representations: Iterable[str]) -> None:
        """Refuse images of kinds that the model is not made for; ModelError with those that it takes."""
        foreign = sorted(set(representations) - set(self.representations)) if self.representations else []
        if foreign:
            mend = f"Draw {' or '.join(self.representations)}: biocurate images generate --representation …"
            raise ModelError(f"it does not take images of {', '.join(foreign)}.", where=model, mend=mend)


@dataclass(frozen=True)
class SensorSpec:
    """What a model takes; it is checked before any sample is read."""

    input: Literal["features", "window", "image", "embedding"]
    """What one input is: features of a window, its samples, an image of one of its channels, or vectors of such."""
    sensors: tuple[SensorType, ...] = ()
    """Sensor types that it can take; empty means any."""
    window_s: tuple[float, float] | None = None
    """Shortest and longest window, in seconds."""
    image: ImageSpec | str = ""
    """Of images; what no field says, in words."""
    streams: tuple[StreamSpec, ...] = ()
    """What it asks of each sensor type."""
    view: str | None = None
    """Name of the view that its windows have to be of."""

    def check(self, model: str, sensors: Iterable[SensorType], window_s: float) -> None:
        """Refuse data that the model is not made for.

        Raises
        ------
        ModelError
            A sensor type or window length that the model cannot take, with what to change.
        """
        foreign = [str(sensor) for sensor in sensors if self.sensors and sensor not in self.sensors]
        if foreign:
            takes = ", ".join(map(str, self.sensors))
            raise ModelError(f"it does not take {', '.join(foreign)}.", where=model, mend=f"--sensors can be {takes}.")
        if self.window_s and not self.window_s[0] <= window_s <= self.window_s[1]:
            low, high = self.window_s
            mend = f"Build windows of {low:g} to {high:g} s: biocurate windows build NAME --length …"
            raise ModelError(f"windows of {window_s:g} s do not suit it.", where=model, mend=mend)

    def check_streams(self, model: str, found: Sequence[Found], view: str | None) -> None:
        """Refuse streams that are not as the model takes them.

        Parameters
        ----------
        model : str
        found : sequence of Found
            Every form in which the windows have a sensor type.
        view : str or None
            Id of the view that the windows are of: its name, a hyphen and a hash.

        Raises
        ------
        ModelError
            A view, sensor type, channel, order, rate, unit or band other than what the model takes, and the mend.
        """
        if self.view and (view or "").rpartition("-")[0] != self.view:
            mend = f"biocurate preprocess {self.view}; then build the manifest with `view: {self.view}`."
            there = view or "raw ones"
            raise ModelError(f"it takes windows of the view {self.view}, not {there}.", where=model, mend=mend)
        for asked in self.streams:
            mine = [each for each in found if each.sensor == asked.sensor]
            if not mine:
                mend = f"Build windows that `require` {asked.sensor}."
                raise ModelError(f"it takes {asked.sensor}, which no window has.", where=model, mend=mend)
            for each in mine:
                _check(model, asked, each)


def _check(model: str, asked: StreamSpec, found: Found) -> None:
    """One form against what is asked of it."""
    lacking = [name for name in asked.channels if name not in found.channels]
    if lacking:
        mend = f"Select recordings that have {', '.join(asked.channels)}, in the manifest's `where`; or use a montage."
        raise ModelError(f"{asked.sensor} lacks {', '.join(lacking)}.", where=model, mend=mend)
    if asked.rate_hz is not None and not math.isclose(asked.rate_hz, found.rate_hz, rel_tol=1e-6):
        mend = f"Resample in a view: {{step: resample, rate_hz: {asked.rate_hz:g}}}."
        raise ModelError(
            f"{asked.sensor} has {found.rate_hz:g} Hz, it takes {asked.rate_hz:g} Hz.", where=model, mend=mend
        )
    taken = asked.channels or found.channels
    units = dict(zip(found.channels, found.units, strict=True))
    foreign = sorted({units[name] for name in taken} - {asked.unit})
    if asked.unit is not None and foreign:
        how = "normalise" if asked.unit == "1" else "scale"
        mend = f"Use a view with {{step: {how}}}, or leave out what is not in {asked.unit}."
        raise ModelError(f"{asked.sensor} is in {', '.join(foreign)}, it takes {asked.unit}.", where=model, mend=mend)
    if asked.band_hz is not None and not _same_band(asked.band_hz, found.band_hz):
        low, high = asked.band_hz
        mend = f"Filter in a view: {{step: band, low_hz: {low}, high_hz: {high}}}."
        raise ModelError(
            f"{asked.sensor} is of {found.band_hz} Hz, it takes {asked.band_hz} Hz.", where=model, mend=mend
        )


def _same_band(asked: Band, found: Band) -> bool:
    """Equal to a hundredth; an end that is not asked for may be anywhere."""
    pairs = zip(asked, found, strict=True)
    return all(a is None or (b is not None and math.isclose(a, b, rel_tol=0.01)) for a, b in pairs)
