"""What a stream is like between two steps of a chain, and what a step makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from biocurate.curate.views.signal import Signal
from biocurate.sensors import SensorType

REACH = 0.45
"""Share of the sampling rate above which no cut-off is taken: a filter fails there, or rings."""

Band = tuple[float | None, float | None]
"""Low and high cut-off in hertz; None where it is not known."""


@dataclass(frozen=True)
class Form:
    """What a stream is like between two steps."""

    sensor: SensorType
    rate_hz: float
    names: tuple[str, ...]
    """Of the channels, in order."""
    units: tuple[str, ...]
    """Canonical unit of each channel; ``1`` once it is normalised."""
    band_hz: Band = (None, None)
    mains_hz: float | None = None
    """As the corpus declares it."""
    doubtful: tuple[str, ...] = ()
    """Channels whose unit cannot be relied on."""
    floor: tuple[float, ...] = ()
    """Of each channel: a standard deviation up to this is no signal, but what arithmetic leaves of a constant."""

    @property
    def reach_hz(self) -> float:
        """The highest cut-off that a filter can have at this rate."""
        return REACH * self.rate_hz


@dataclass(frozen=True)
class Settling:
    """How far an edge reaches into the samples beside it."""

    after_s: float = 0.0
    """Behind a beginning, in seconds."""
    before_s: float = 0.0
    """Ahead of an end."""

    def __add__(self, other: Settling) -> Settling:
        return Settling(self.after_s + other.after_s, self.before_s + other.before_s)


@dataclass(frozen=True)
class Stage:
    """A step as it is carried out on one stream."""

    form: Form
    """What the stream is like behind it."""
    over: Callable[[Signal], Signal] | None = None
    """Puts the step over a signal; None where the step is left out."""
    settling: Settling = Settling()
    halo: int = 0
    """Samples on either side, at the rate ahead of the step, that a block needs beyond its own."""
    dropped: tuple[str, ...] = ()
    """What of the step is not done, and why."""


def narrowed(band: Band, low: float | None, high: float | None) -> Band:
    """The band behind one more filter: the higher of the low cut-offs, the lower of the high ones."""
    lows = [each for each in (band[0], low) if each is not None]
    highs = [each for each in (band[1], high) if each is not None and math.isfinite(each)]
    return (max(lows) if lows else None, min(highs) if highs else None)
