"""Multiply by a number that the unit is known for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import Field

from biocurate.curate.views.form import Form, Stage
from biocurate.curate.views.signal import Floats, Over, Signal
from biocurate.curate.views.step import Step
from biocurate.errors import ViewError


class Scale(Step, step="scale"):
    """Multiply by a factor, such as 0.01 for microvolts that a model takes by the hundred.

    The factor is meant for one unit, so that a stream in another one is refused, and one whose unit is in doubt, too.
    """

    factor: float = Field(allow_inf_nan=False)
    unit: str
    """Canonical unit that the factor is for."""

    @property
    def needs_units(self) -> bool:
        """It does."""
        return True

    def plan(self, form: Form) -> Stage:
        """Check the unit."""
        others = sorted(set(form.units) - {self.unit})
        if others:
            raise ViewError(f"scale is for {self.unit}, and the stream is in {', '.join(map(repr, others))}")
        floor = tuple(abs(self.factor) * each for each in form.floor)

        def over(parent: Signal) -> Signal:
            return Scaled(parent, self.factor)

        units = tuple(f"{1 / self.factor:g} {self.unit}" if self.factor else "1" for _ in form.units)
        return Stage(replace(form, units=units, floor=floor), over)


@dataclass(frozen=True)
class Scaled(Over):
    """A signal times a factor."""

    factor: float

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``."""
        return self.parent.read(start, stop) * self.factor
