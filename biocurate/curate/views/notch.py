"""Notch at the mains."""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy import signal as scipy_signal

from biocurate.curate.views.form import Form, Stage
from biocurate.curate.views.sections import filtered
from biocurate.curate.views.step import Step


class Notch(Step, step="notch"):
    """Take out the mains: the one frequency that the corpus' recipe declares, and its harmonics where asked for.

    What lies above 0.45 of the sampling rate is left out and recorded, and so is all of it where the recipe declares
    no frequency.

    Source: second-order notch of `scipy.signal.iirnotch`: Orfanidis, Introduction to Signal Processing, 1996,
    section 11.3.
    """

    q: float = Field(default=30.0, gt=0)
    """Frequency by -3 dB bandwidth, of one pass."""
    harmonics: int = Field(default=1, ge=1, le=10)
    """1: the frequency itself; 2: also twice it; and so on."""
    hz: float | None = Field(default=None, gt=0)
    """In the place of the declared frequency."""
    causal: bool = False
    """Forward alone, so that no sample depends on a later one."""

    def plan(self, form: Form) -> Stage:
        """Design it for the stream's rate and the corpus' mains."""
        mains = self.hz or form.mains_hz
        if mains is None:
            return Stage(form, dropped=("notch: no mains frequency is declared",))
        every = [mains * number for number in range(1, self.harmonics + 1)]
        dropped = tuple(f"notch {each:g} Hz at {form.rate_hz:g} Hz" for each in every if each > form.reach_hz)
        kept = [each for each in every if each <= form.reach_hz]
        if not kept:
            return Stage(form, dropped=dropped)
        sections = [scipy_signal.tf2sos(*scipy_signal.iirnotch(each, self.q, fs=form.rate_hz)) for each in kept]
        return filtered(form, form, np.concatenate(sections), self.causal, dropped)
