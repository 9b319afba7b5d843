"""Make amplitudes comparable: subtract a mean and divide by a spread, of a scope that is declared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from biocurate.curate.views.form import Form, Settling, Stage
from biocurate.curate.views.signal import Floats, Over, Signal
from biocurate.curate.views.step import Step

Method = Literal["zscore", "centre", "minmax"]
"""(x - mean) / standard deviation; x - mean; (x - least) / (greatest - least)."""

Scope = Literal["window", "causal", "calibration", "recording", "subject", "train"]
"""Over which samples mean and spread are taken; ``window`` and ``train`` when windows are read."""

TRANSDUCTIVE = frozenset({"recording", "subject"})
"""Scopes that use samples of a test subject other than those of the window: results have to say so."""


class Normalise(Step, step="normalise"):
    """Bring each channel to a common scale.

    `scope` says whose mean and spread these are: of the ``window`` itself; of the `seconds` before each sample
    (``causal``); of the first `seconds` of a recording (``calibration``), which windows leave out; of the whole
    ``recording`` or all recordings of the ``subject``, which is transductive and printed with every result; or of the
    persons one trains on (``train``). Standard deviations are those of the population, in all scopes. What is flat
    is flagged and only centred: nothing is divided by what arithmetic leaves of a constant.

    All but ``causal`` come last in a chain; only ``clip`` can follow.
    """

    method: Method = "zscore"
    scope: Scope
    seconds: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _own_fields(self) -> Self:
        if (self.scope in {"causal", "calibration"}) != (self.seconds is not None):
            raise ValueError("`seconds` belongs to the scopes causal and calibration, and these need it")
        if self.scope == "causal" and self.method == "minmax":
            raise ValueError("the scope causal has the methods zscore and centre")
        return self

    @property
    def on_read(self) -> bool:
        """All scopes but ``causal`` are a factor and a shift, or are not known before windows are cut."""
        return self.scope != "causal"

    def plan(self, form: Form) -> Stage:
        """Plan it; behind it there is no unit, unless it only centres."""
        units = form.units if self.method == "centre" else ("1",) * len(form.units)
        after = replace(form, units=units)
        if self.seconds is None or self.on_read:
            return Stage(after)
        length = max(1, round(self.seconds * form.rate_hz))
        floor = np.array(form.floor)

        def over(parent: Signal) -> Signal:
            return Running(parent, length, floor, self.method == "zscore")

        return Stage(after, over, Settling(after_s=self.seconds), halo=length)


@dataclass(frozen=True)
class Running(Over):
    """Each sample less the mean of the last `length` samples, by their standard deviation."""

    length: int
    floor: Floats
    divides: bool

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``."""
        low = max(0, start - self.length + 1)
        values = self.parent.read(low, stop)
        level = values[:, :1]
        moved = values - level  # so that squares stay small beside a large offset
        count = np.minimum(np.arange(start, stop) + 1, self.length)
        mean = _trailing(moved, start - low, self.length) / count
        out = moved[:, start - low :] - mean
        if self.divides:
            square = _trailing(moved * moved, start - low, self.length) / count
            spread = np.sqrt(np.maximum(square - mean * mean, 0))
            np.divide(out, spread, out=out, where=spread > self.floor[:, None])
        return out


def _trailing(values: Floats, first: int, length: int) -> Floats:
    """Sums over the last `length` values, of each sample from `first` on."""
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    ends = np.arange(first + 1, values.shape[1] + 1)
    found: Floats = sums[:, ends] - sums[:, np.maximum(ends - length, 0)]
    return found
