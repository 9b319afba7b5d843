"""Cut off what lies beyond two values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from biocurate.curate.views.form import Form, Stage
from biocurate.curate.views.signal import Floats, Over, Signal
from biocurate.curate.views.step import Step
from biocurate.errors import ViewError


class Clip(Step, step="clip"):
    """Set what lies below `low` to it, and what lies above `high`.

    Behind a normalisation the two are numbers without a unit; else they are meant for one, which is named.
    """

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    unit: str = "1"
    """Canonical unit that the two are in; ``1`` behind a normalisation."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError("low lies above high")
        return self

    @property
    def needs_units(self) -> bool:
        """Where the limits are in a unit."""
        return self.unit != "1"

    def plan(self, form: Form) -> Stage:
        """Check the unit."""
        others = sorted(set(form.units) - {self.unit})
        if others:
            raise ViewError(f"clip is for {self.unit}, and the stream is in {', '.join(map(repr, others))}")

        def over(parent: Signal) -> Signal:
            return Clipped(parent, self.low, self.high)

        return Stage(form, over)


@dataclass(frozen=True)
class Clipped(Over):
    """A signal within two values."""

    low: float
    high: float

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``."""
        return np.clip(self.parent.read(start, stop), self.low, self.high)
