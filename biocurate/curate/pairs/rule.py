"""What a manifest's definition asks of pairs."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from biocurate.curate.clocks.said import ClockRule
from biocurate.curate.fields import Nanoseconds, Part, Sensor


class PairRule(Part):
    """Sensor types that cover a window at once: ``{sensors: [ECG, PPG], min_rate_hz: 100, max_uncertainty: 20ms}``."""

    sensors: tuple[Sensor, ...] = Field(min_length=2)
    """Every two of them make a pair; the same one twice means two streams of it."""
    min_rate_hz: float | None = Field(default=None, gt=0)
    """Of both streams, their native rate."""
    max_uncertainty: Nanoseconds | None = None
    """Of the offset between the two clocks; one that is only declared has none, and does not meet it."""

    clocks: dict[str, ClockRule] = Field(default_factory=dict)
    """By device, an offset or events that are said of its clock; what the store has of the others counts."""

    @model_validator(mode="after")
    def _is_not_negative(self) -> Self:
        if self.max_uncertainty is not None and self.max_uncertainty < 0:
            raise ValueError("`max_uncertainty` cannot be negative")
        return self

    def __str__(self) -> str:
        rate = "" if self.min_rate_hz is None else f" at {self.min_rate_hz:g} Hz or more"
        sure = "" if self.max_uncertainty is None else f", uncertainty up to {self.max_uncertainty / 1e6:g} ms"
        return f"{' and '.join(map(str, self.sensors))}{rate}{sure}"
