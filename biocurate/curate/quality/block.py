"""Windows that are judged together, and what several measures need of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.quality.limits import Limits, limits_of
from biocurate.curate.quality.plateaus import clipped, flat
from biocurate.curate.quality.reasons import Reason
from biocurate.sensors import SensorType
from biocurate.sensors.units import CANONICAL

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Result = TypeVar("Result")
HALF = 0.5
"""Share of the samples that must be known, and move, before an index says more than 0."""


class Judged(NamedTuple):
    """What a measure says of each row."""

    value: Floats
    """Shape (rows,), from 0 to 1; NaN where the reason says why."""
    reason: NDArray[np.int8]
    """Shape (rows,), codes of `Reason`."""


@dataclass(frozen=True)
class Block:
    """Rows of one sensor type, rate and unit: one row a channel of a window."""

    sensor: SensorType
    rate_hz: float
    unit: str | None
    samples: Floats
    """Shape (rows, samples); NaN and infinite where not known."""

    _shared: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, make: Callable[[], Result]) -> Result:
        """What several measures need, such as beats: made by the first that asks."""
        if name not in self._shared:
            self._shared[name] = make()
        made: Result = self._shared[name]
        return made

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.samples.shape[0])

    @property
    def seconds(self) -> float:
        """Length of a window."""
        return float(self.samples.shape[1] / self.rate_hz)

    @property
    def limits(self) -> Limits:
        """Limits of the sensor type."""
        return limits_of(self.sensor)

    @cached_property
    def known(self) -> Mask:
        """Samples that are finite numbers."""
        return np.isfinite(self.samples)

    @cached_property
    def centred(self) -> Floats:
        """Deviations from each row's median over its standard deviation; 0 where not known or where nothing moves."""
        x = np.where(self.known, self.samples, np.nan)
        blank = ~self.known.any(axis=1)
        x[blank] = 0.0
        if not x.size:
            return x
        middle = np.median(x, axis=1) if self.known.all() else np.nanmedian(x, axis=1)
        x = np.where(self.known, x - middle[:, None], 0.0)
        # By the greatest deviation first: the square of a float near the ends of its range would be 0 or infinite.
        x /= _or_one(np.abs(x).max(axis=1, keepdims=True))
        x /= _or_one(np.sqrt(np.square(x).mean(axis=1, keepdims=True)))
        return np.asarray(x)

    @cached_property
    def flat(self) -> Mask:
        """Samples that stand still for longer than the sensor type's signal does."""
        if self.limits.flat_s is None:
            return np.zeros(self.samples.shape, dtype=bool)
        return flat(self.samples, self.known, self._count(self.limits.flat_s))

    @cached_property
    def clipped(self) -> Mask:
        """Samples that stand at the window's greatest or least value."""
        if self.limits.clip_s is None:
            return np.zeros(self.samples.shape, dtype=bool)
        return clipped(self.samples, self.known, self._count(self.limits.clip_s))

    @cached_property
    def outside(self) -> Mask:
        """Known samples that no body gives; none where the sensor type has no limits or the unit is another."""
        low, high = self.limits.low, self.limits.high
        if low is None or high is None or not self.has_unit:
            return np.zeros(self.samples.shape, dtype=bool)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.known & ((self.samples < low) | (self.samples > high)))

    @cached_property
    def steep(self) -> Mask:
        """Known samples that are reached faster than the sensor type's signal moves."""
        steepest = self.limits.steepest
        found = np.zeros(self.samples.shape, dtype=bool)
        if steepest is not None and self.has_unit and self.samples.shape[1] > 1:
            with np.errstate(invalid="ignore", over="ignore"):
                fast = np.abs(np.diff(self.samples, axis=1)) * self.rate_hz > steepest
            both = self.known[:, 1:] & self.known[:, :-1]
            found[:, 1:] = fast & both
        return found

    @cached_property
    def usable(self) -> Mask:
        """Samples that are known, move, are not clipped, within the limits and not too steep."""
        return np.asarray(self.known & ~self.flat & ~self.clipped & ~self.outside & ~self.steep)

    @property
    def has_unit(self) -> bool:
        """Whether the samples are in the sensor type's canonical unit, so that limits can be held against them."""
        return self.unit is not None and self.unit == CANONICAL[self.sensor]

    @cached_property
    def spectrum(self) -> tuple[Floats, Floats]:
        """Frequencies in hertz, shape (bins,), and the power of each row under a Hann taper, shape (rows, bins).

        The taper's own mean is taken off, so that a level is no power at all.
        """
        n = self.samples.shape[1]
        if n < 2:
            return np.zeros(1), np.zeros((self.rows, 1))
        taper = np.hanning(n + 2)[1:-1]
        x = self.centred - (self.centred * taper).sum(axis=1, keepdims=True) / taper.sum()
        power = np.square(np.abs(np.fft.rfft(x * taper, axis=1)))
        return np.asarray(np.fft.rfftfreq(n, 1 / self.rate_hz), np.float64), np.asarray(power, np.float64)

    def power(self, low: float, high: float) -> Floats:
        """Power from ``low`` up to below ``high`` hertz of each row, shape (rows,)."""
        frequencies, power = self.spectrum
        return np.asarray(power[:, (frequencies >= low) & (frequencies < high)].sum(axis=1))

    def share(self, low: float, high: float, of_low: float = 0.0, of_high: float = np.inf) -> Floats:
        """Share of the power from ``of_low`` to ``of_high`` that lies from ``low`` to ``high``; 0 without any."""
        whole = self.power(of_low, of_high)
        return np.asarray(np.clip(self.power(low, high) / _or_one(whole), 0.0, 1.0))

    def usable_share(self) -> Floats:
        """Share of usable samples of each row; 0 in windows without a sample."""
        return _mean(self.usable)

    def state(self, shortest_s: float, least_rate_hz: float = 0.0) -> NDArray[np.int8]:
        """What already speaks against each row: `Reason` codes, OK where nothing does."""
        reason = np.full(self.rows, Reason.OK, dtype=np.int8)
        # The last says most: what cannot be judged at all comes before what is judged as 0.
        reason[_mean(self.known & ~self.flat) < HALF] = Reason.FLAT
        moves = (self.centred != 0).any(axis=1) if self.samples.shape[1] else np.zeros(self.rows, dtype=bool)
        reason[~moves] = Reason.FLAT
        reason[_mean(self.known) < HALF] = Reason.MISSING
        if self.rate_hz < least_rate_hz:
            reason[:] = Reason.RATE_TOO_LOW
        if self.seconds < shortest_s or self.samples.shape[1] < 3:
            reason[:] = Reason.TOO_SHORT
        return reason

    def _count(self, seconds: float) -> int:
        """Samples in so many seconds, three at least."""
        return max(3, round(seconds * self.rate_hz))


def judged(value: Floats, reason: NDArray[np.int8]) -> Judged:
    """An index as it stands in the store: from 0 to 1, 0 where the signal is not there, NaN where it cannot be told."""
    value = np.clip(np.nan_to_num(value, nan=0.0, posinf=0.0, neginf=0.0), 0.0, 1.0)
    value[(reason == Reason.MISSING) | (reason == Reason.FLAT) | (reason == Reason.NO_BEATS)] = 0.0
    value[(reason == Reason.TOO_SHORT) | (reason == Reason.RATE_TOO_LOW)] = np.nan
    return Judged(value, reason)


def _mean(mask: Mask) -> Floats:
    """Share of True in each row; 0 in rows without a sample."""
    return np.asarray(mask.sum(axis=1) / max(mask.shape[1], 1))


def _or_one(size: Floats) -> Floats:
    """What to divide by: 1 in the place of 0."""
    return np.where(size > 0, size, 1.0)
