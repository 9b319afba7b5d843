"""A threshold on quality, as a manifest's definition writes it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from biocurate.curate.fields import Part, Sensor
from biocurate.errors import UsageError


class QualityRule(Part):
    """What the windows of a manifest have to meet: ``{sensor: ECG, measure: ecg_sqi_v1, at_least: 0.8}``."""

    sensor: Sensor
    measure: str
    """Column of an absolute measure; a relative one is refused."""
    at_least: float | None = Field(default=None, ge=0, le=1)
    at_most: float | None = Field(default=None, ge=0, le=1)
    """One of the two: at_least for indices, at_most for shares of faults."""
    channels: Literal["all", "any", "share"] = "all"
    """Which channels of the sensor type in the window have to meet it."""
    share: float | None = Field(default=None, gt=0, le=1)
    """With ``channels: share``, of the channels, at least."""

    @field_validator("measure")
    @classmethod
    def _absolute(cls, column: str) -> str:
        from biocurate.curate.quality.catalogue import find_measure

        try:
            measure = find_measure(column)
        except UsageError as error:
            raise ValueError(f"{error.what} {error.mend}") from error
        if measure.relative:
            raise ValueError(
                f"{column} is relative: it orders windows of one sensor and place, and no threshold on it means the "
                "same elsewhere; `biocurate quality list` shows the absolute ones"
            )
        return column

    @model_validator(mode="after")
    def _fits(self) -> Self:
        from biocurate.curate.quality.catalogue import find_measure

        if not find_measure(self.measure).is_for(self.sensor):
            raise ValueError(f"{self.measure} is no measure of {self.sensor}")
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("say either at_least or at_most")
        if (self.channels == "share") != (self.share is not None):
            raise ValueError("`share` and `channels: share` go together")
        return self

    def __str__(self) -> str:
        bound = f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"
        which = f"{self.share:g} of the" if self.share is not None else self.channels
        return f"{self.measure} {bound} in {which} channels of {self.sensor}"
