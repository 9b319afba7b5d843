"""How windows are asked for: the YAML of a window set, validated."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError, model_validator

from biocurate.curate.fields import Nanoseconds, Part, Sensor, faults_of
from biocurate.errors import UsageError


class WindowRule(Part):
    """How windows are cut and labelled."""

    length: Nanoseconds
    hop: Nanoseconds
    """From one window's start to the next one's; the length where it is left out."""
    corpora: tuple[str, ...] = ()
    """Only recordings of these; of all where there is none."""
    require: tuple[Sensor, ...] = ()
    """Only windows that all of these cover."""
    labels: tuple[str, ...] = ()
    """Kinds of annotation that become a column."""
    share: float = Field(default=0.5, ge=0.5, le=1)
    """A value labels a window when it covers more than this share of it, or all of it."""

    @model_validator(mode="before")
    @classmethod
    def _hop_is_length(cls, fields: Any) -> Any:  # noqa: ANN401
        if isinstance(fields, dict) and "length" in fields and fields.get("hop") is None:
            return {**fields, "hop": fields["length"]}
        return fields


def parse_rule(fields: object, where: str = "windows") -> WindowRule:
    """Validate a rule for windows; UsageError that names every wrong field."""
    try:
        return WindowRule.model_validate(fields)
    except ValidationError as error:
        raise UsageError(f"the windows cannot be cut so: {faults_of(error)}.", where=where) from error
