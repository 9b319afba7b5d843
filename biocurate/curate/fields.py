"""Fields of the YAML that curation is asked by: durations, sensor types, labels, names."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from biocurate.curate.durations import format_duration, parse_duration
from biocurate.errors import UsageError
from biocurate.sensors import SensorType

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
"""What window sets and manifests may be called: a folder's name, and with ``-`` as ``_`` a name in SQL."""


def _nanoseconds(value: object) -> int:
    # A bare number is refused: 10 could be meant as seconds or nanoseconds.
    if not isinstance(value, str):
        raise ValueError(f"{value!r} has no unit; write a text such as 10s, 500ms or 1min")
    try:
        return parse_duration(value)
    except UsageError as error:
        raise ValueError(str(error)) from error


def _sensor(value: object) -> object:
    if isinstance(value, str):
        try:
            return SensorType.parse(value)
        except UsageError as error:
            raise ValueError(str(error)) from error
    return value


def _text(value: object) -> object:
    """Labels are text; YAML reads ``0: calm`` as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Nanoseconds = Annotated[
    int,
    BeforeValidator(_nanoseconds, json_schema_input_type=str),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
Text = Annotated[str, BeforeValidator(_text)]
Sensor = Annotated[SensorType, BeforeValidator(_sensor)]


_TEXT = "constrained-str"
"""What the validator calls a field that is a text."""


class Part(BaseModel):
    """A piece of a YAML file: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def faults_of(error: ValidationError) -> str:
    """Every wrong field of a YAML file, and what is wrong with it."""
    faults = error.errors(include_url=False)
    # Of a field that may be a text or more, what is wrong with the more is what a user wants to know.
    told = [fault for fault in faults if _TEXT not in fault["loc"]] or faults
    return "; ".join(dict.fromkeys(map(_fault, told)))


def _fault(fault: Any) -> str:  # noqa: ANN401
    # The tag of a union stands second in the path; the field's own path is what a user knows.
    # Words of the validator that are no field's name fall out.
    steps = [step for step in fault["loc"] if isinstance(step, int) or step.replace("_", "a").islower()]
    steps = [step for step in steps if isinstance(step, int) or not set(step) & set("-[(")]
    if len(steps) > 1 and steps[0] in {"windows", "split"}:
        del steps[1]
    place = ".".join(map(str, steps))
    text = fault["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{place or 'the whole'}: {text[:1].lower()}{text[1:]}"
