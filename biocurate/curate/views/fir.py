"""Band-pass by a linear-phase filter of finite length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from pydantic import Field, model_validator
from scipy import signal as scipy_signal

from biocurate.curate.views.form import Form, Settling, Stage, narrowed
from biocurate.curate.views.signal import Floats, Over, Signal
from biocurate.curate.views.step import Step


class Fir(Step, step="fir"):
    """Keep a band of frequencies by a windowed-sinc filter, forward and backward.

    Its length is a time, and not a number of samples, so that rates get the same filter. A low cut-off that is lower
    than the length can tell does little: 0.05 Hz in 0.3 s only lessens what is slower than some hertz.

    Source: `scipy.signal.firwin` with a Hamming window; Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed.,
    section 7.5. With 0.3 s it is the ECG filter of BioSPPy, on which HuBERT-ECG was trained.
    """

    low_hz: float | None = Field(default=None, gt=0)
    high_hz: float | None = Field(default=None, gt=0)
    length_s: float = Field(default=0.3, gt=0, le=60)

    @model_validator(mode="after")
    def _is_a_band(self) -> Self:
        if self.low_hz is None and self.high_hz is None:
            raise ValueError("it needs low_hz, high_hz or both")
        if self.low_hz is not None and self.high_hz is not None and self.low_hz >= self.high_hz:
            raise ValueError("low_hz lies above high_hz")
        return self

    def plan(self, form: Form) -> Stage:
        """Design it for the stream's rate."""
        wanted = {"high-pass": self.low_hz, "low-pass": self.high_hz}
        dropped = tuple(f"{kind} {hz:g} Hz at {form.rate_hz:g} Hz" for kind, hz in wanted.items()
                        if hz is not None and hz > form.reach_hz)  # fmt: skip
        low, high = (None if hz is None or hz > form.reach_hz else hz for hz in wanted.values())
        if low is None and high is None:
            return Stage(form, dropped=dropped)
        taps = int(self.length_s * form.rate_hz) // 2 * 2 + 1
        kind, edges = ("bandpass", (low, high)) if low and high else ("highpass", low) if low else ("lowpass", high)
        once = scipy_signal.firwin(taps, edges, pass_zero=kind, fs=form.rate_hz)
        both = np.convolve(once, once[::-1])
        reach = len(both) // 2

        def over(parent: Signal) -> Signal:
            return Convolved(parent, both)

        settled_s = reach / form.rate_hz
        after = replace(form, band_hz=narrowed(form.band_hz, low, high))
        return Stage(after, over, Settling(settled_s, settled_s), reach, dropped)


@dataclass(frozen=True)
class Convolved(Over):
    """A signal under a symmetric filter; beyond its ends it goes on as its mirror image through the end point."""

    taps: Floats

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``."""
        reach = len(self.taps) // 2
        low, high = max(0, start - reach), min(self.n_samples, stop + reach)
        values = self.parent.read(low, high)
        short = (low - (start - reach), stop + reach - high)
        if any(short):
            ahead = min(max(short), self.n_samples - 1)
            left, right = self.parent.read(0, ahead + 1), self.parent.read(self.n_samples - ahead - 1, self.n_samples)
            values = np.concatenate(
                [_mirrored(left, short[0])[:, ::-1], values, _mirrored(right[:, ::-1], short[1])], axis=1
            )
        out = np.empty((len(values), stop - start))
        for row, channel in enumerate(values):
            out[row] = scipy_signal.oaconvolve(channel, self.taps, mode="valid")
        return out


def _mirrored(edge: Floats, n_samples: int) -> Floats:
    """What lies beyond an end, going outwards: the samples inside, turned about the outermost one.

    Parameters
    ----------
    edge : array, shape (channels, samples), the outermost sample first
    n_samples : int
    """
    beyond = 2 * edge[:, :1] - edge[:, 1 : n_samples + 1]
    missing = n_samples - beyond.shape[1]
    last = beyond[:, -1:] if beyond.shape[1] else edge[:, :1]
    return np.concatenate([beyond, np.repeat(last, missing, axis=1)], axis=1) if missing else beyond
