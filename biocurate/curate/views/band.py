"""Band-pass, high-pass or low-pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Self

from pydantic import Field, model_validator
from scipy import signal as scipy_signal

from biocurate.curate.views.form import Form, Stage, narrowed
from biocurate.curate.views.sections import filtered
from biocurate.curate.views.step import Step


class Band(Step, step="band"):
    """Keep a band of frequencies.

    `order` is that of the prototype and of one pass: forward and backward together double it, and the gain at a
    cut-off is then -6 dB for Butterworth. A cut-off above 0.45 of the sampling rate is left out and recorded.

    Source: Butterworth and Chebyshev type I designs by bilinear transform, as `scipy.signal.butter` and `cheby1` make
    them, in second-order sections; forward-backward: Gustafsson, IEEE Trans. Signal Process. 44(4):988, 1996.
    """

    low_hz: float | None = Field(default=None, gt=0)
    """Below it is removed; nothing is where left out."""
    high_hz: float | None = Field(default=None, gt=0)
    """Above it is removed; nothing is where left out."""
    order: int = Field(default=4, ge=1, le=10)
    design: Literal["butterworth", "chebyshev1"] = "butterworth"
    ripple_db: float = Field(default=0.5, gt=0)
    """In the pass band; of ``chebyshev1`` only."""
    causal: bool = False
    """Forward alone, so that no sample depends on a later one."""

    @model_validator(mode="after")
    def _is_a_band(self) -> Self:
        if self.low_hz is None and self.high_hz is None:
            raise ValueError("it needs low_hz, high_hz or both")
        if self.low_hz is not None and self.high_hz is not None and self.low_hz >= self.high_hz:
            raise ValueError("low_hz lies above high_hz")
        return self

    def plan(self, form: Form) -> Stage:
        """Design it for the stream's rate."""
        low, high, dropped = self.low_hz, self.high_hz, []
        if high is not None and high > form.reach_hz:
            dropped.append(f"low-pass {high:g} Hz at {form.rate_hz:g} Hz")
            high = None
        if low is not None and low > form.reach_hz:
            dropped.append(f"high-pass {low:g} Hz at {form.rate_hz:g} Hz")
            low = None
        if low is None and high is None:
            return Stage(form, dropped=tuple(dropped))
        kind, edges = ("bandpass", (low, high)) if low and high else ("highpass", low) if low else ("lowpass", high)
        if self.design == "butterworth":
            sos = scipy_signal.butter(self.order, edges, kind, fs=form.rate_hz, output="sos")
        else:
            sos = scipy_signal.cheby1(self.order, self.ripple_db, edges, kind, fs=form.rate_hz, output="sos")
        after = replace(form, band_hz=narrowed(form.band_hz, low, high))
        return filtered(form, after, sos, self.causal, tuple(dropped))
