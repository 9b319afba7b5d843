"""Another sampling rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import signal as scipy_signal

from biocurate.curate.views.form import Form, Settling, Stage, narrowed
from biocurate.curate.views.signal import Floats, Over, Runs, Signal
from biocurate.curate.views.step import Step

HALF = 10
"""Samples of the lower rate on either side that a new sample is made of."""

FINEST = 20_000
"""Largest denominator of a ratio of rates, the larger by the smaller. One that needs more is off by 1.25e-9 of itself
at most, 0.1 ms in a day, which no clock of a recorder keeps."""


class Resample(Step, step="resample"):
    """Change the sampling rate by a polyphase filter; beyond its ends a segment goes on as the line through them.

    The filter is that of `scipy.signal.resample_poly`, with each of its phases scaled to pass a constant unchanged:
    otherwise an offset of ten thousand comes out as a ripple of some tens.

    Source: `scipy.signal.resample_poly` with ``padtype="line"``; Crochiere & Rabiner, Multirate Digital Signal
    Processing, 1983, chapter 3.
    """

    rate_hz: float = Field(gt=0, le=100_000)

    def plan(self, form: Form) -> Stage:
        """Find the ratio of the rates."""
        ratio = ratio_of(self.rate_hz, form.rate_hz)
        if ratio == 1:
            return Stage(replace(form, rate_hz=self.rate_hz))
        up, down = ratio.numerator, ratio.denominator
        reach = -(-HALF * max(up, down) // up)
        after = replace(
            form, rate_hz=self.rate_hz, band_hz=narrowed(form.band_hz, None, min(form.rate_hz, self.rate_hz) / 2)
        )

        def over(parent: Signal) -> Signal:
            return Resampled(parent, up, down)

        return Stage(after, over, Settling(reach / form.rate_hz, reach / form.rate_hz), reach + down)


@dataclass(frozen=True)
class Resampled(Over):
    """A signal at ``up / down`` of its rate."""

    up: int
    down: int

    @property
    def n_samples(self) -> int:
        """As many as begin before the segment's end."""
        return -(-self.parent.n_samples * self.up // self.down)

    @property
    def missing(self) -> Runs:
        """Where each channel has no sample, at the new rate."""
        return tuple(
            np.stack([runs[:, 0] * self.up // self.down, -(-runs[:, 1] * self.up // self.down)], axis=1)
            for runs in self.parent.missing
        )

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``."""
        taps, delay = phases(self.up, self.down)
        reach = -(-HALF * max(self.up, self.down) // self.up) + 1
        # From a sample that both grids share, so that the phases fall as they do from the segment's start.
        shared = (start * self.down // self.up - reach) // self.down
        low, high = shared * self.down, -(-stop * self.down // self.up) + reach
        values = self._extended(low, high)
        first = start - shared * self.up + delay
        out = np.empty((len(values), stop - start))
        for row, channel in enumerate(values):
            out[row] = scipy_signal.upfirdn(taps, channel, self.up, self.down)[first : first + stop - start]
        return out

    def _extended(self, low: int, high: int) -> Floats:
        """The parent's samples ``[low, high)``, on the line through its ends where these lie beyond them."""
        inside = self.parent.read(max(0, low), min(self.parent.n_samples, high))
        ahead, behind = max(0, -low), max(0, high - self.parent.n_samples)
        if not ahead and not behind:
            return inside
        first, slope, last = self._line
        left = first + slope * np.arange(-ahead, 0)
        right = last + slope * np.arange(1, behind + 1)
        return np.concatenate([left, inside, right], axis=1)

    @cached_property
    def _line(self) -> tuple[Floats, Floats, Floats]:
        n_samples = self.parent.n_samples
        first, last = self.parent.read(0, 1), self.parent.read(n_samples - 1, n_samples)
        return first, (last - first) / max(1, n_samples - 1), last


def ratio_of(new_hz: float, old_hz: float) -> Fraction:
    """A ratio of rates in numbers that a polyphase filter can have."""
    exact = Fraction(new_hz) / Fraction(old_hz)
    if exact < 1:
        return 1 / (1 / exact).limit_denominator(FINEST)
    return exact.limit_denominator(FINEST)


@lru_cache(maxsize=32)
def phases(up: int, down: int) -> tuple[Floats, int]:
    """The filter, with zeros ahead so that its centre falls on a new sample; and how many new samples that is.

    Returns
    -------
    taps : array, shape (zeros + 2 * 10 * max(up, down) + 1,)
    delay : int
    """
    taps = prototype(up, down)
    half = len(taps) // 2
    ahead = -half % down
    return np.concatenate([np.zeros(ahead), taps]), (half + ahead) // down


@lru_cache(maxsize=32)
def prototype(up: int, down: int) -> NDArray[np.float64]:
    """The filter of `scipy.signal.resample_poly`, each phase scaled so that it sums to one."""
    widest = max(up, down)
    taps: Floats = scipy_signal.firwin(2 * HALF * widest + 1, 1.0 / widest, window=("kaiser", 5.0))
    for phase in range(up):
        taps[phase::up] /= taps[phase::up].sum()
    return taps
