"""What a curated selection is: the YAML of a manifest, validated.

```yaml
name: eegmat-rest-task
title: Rest against mental arithmetic, 10 s windows
windows: {corpora: [eegmat], length: 10s, hop: 10s, require: [EEG, ECG]}    # or {set: w10}, a set that is built
where: "age >= 18"                                        # or `query`: a SELECT that returns window_id
label: {column: condition, map: {rest: rest, arithmetic: task}}
split: {method: hash, seed: 0, fractions: {train: 0.7, val: 0.15, test: 0.15}}
```
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    ValidationError,
    model_validator,
)

from biocurate.curate.durations import format_duration, parse_duration
from biocurate.errors import ManifestError, UsageError
from biocurate.sensors import SensorType
from biocurate.store.stale import OWN_SET

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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WindowRule(_Part):
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


class WindowSet(_Part):
    """A window set that is built already."""

    set: str = Field(pattern=f"^{NAME}$")


def _set_or_rule(value: object) -> str:
    """Tell a set's name from a rule, so that a fault is reported of the right one."""
    return "set" if isinstance(value, WindowSet) or (isinstance(value, dict) and "set" in value) else "rule"


class LabelRule(_Part):
    """Which column is the label, and what its values are called."""

    column: str
    map: dict[Text, Text] | None = None
    """New name of each value; windows with a value that is not named are left out."""
    keep: tuple[Text, ...] | None = None
    """Only these values, after the mapping."""

    @property
    def classes(self) -> list[str] | None:
        """The labels in the order that the definition gives them; None where it gives none."""
        if self.keep is not None:
            return list(self.keep)
        return list(dict.fromkeys(self.map.values())) if self.map is not None else None


class HashSplit(_Part):
    """Each person is placed by a hash: stable when the store grows, not balanced."""

    method: Literal["hash"] = "hash"
    seed: int = 0
    fractions: dict[str, float] = Field(default={"train": 0.7, "val": 0.15, "test": 0.15}, min_length=1)


class FoldSplit(_Part):
    """Persons are dealt into folds of equal size."""

    method: Literal["kfold"]
    seed: int = 0
    folds: int = Field(default=5, ge=2)


class Definition(_Part):
    """A curated selection."""

    name: str = Field(pattern=f"^{NAME}$")
    title: str = ""
    windows: Annotated[
        Annotated[WindowSet, Tag("set")] | Annotated[WindowRule, Tag("rule")], Discriminator(_set_or_rule)
    ]
    where: str | None = None
    """Condition on columns of the windows and of their recordings."""
    query: str | None = None
    """A SELECT that returns window_id; ``windows`` is the set, every other relation can be joined."""
    label: LabelRule | None = None
    split: HashSplit | FoldSplit = Field(default=HashSplit(), discriminator="method")

    @model_validator(mode="before")
    @classmethod
    def _method_is_hash(cls, fields: Any) -> Any:  # noqa: ANN401
        # A discriminator needs its field; the method is hash where the definition names none.
        if isinstance(fields, dict) and isinstance(fields.get("split"), dict):
            return {**fields, "split": {"method": "hash", **fields["split"]}}
        return fields

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.where is not None and self.query is not None:
            raise ValueError("`where` and `query` exclude each other: put the condition into the query")
        return self

    @property
    def window_set(self) -> str:
        """Name of the window set that it selects from: the one it names, or its own."""
        return self.windows.set if isinstance(self.windows, WindowSet) else f"{OWN_SET}{self.name}"

    @property
    def window_rule(self) -> WindowRule | None:
        """How to cut its own windows, with a column for the label; None where it uses a set."""
        if isinstance(self.windows, WindowSet):
            return None
        wanted = self.windows.labels
        if self.label is not None and self.label.column not in wanted:
            wanted = (*wanted, self.label.column)
        return self.windows.model_copy(update={"labels": wanted})

    def canonical(self) -> str:
        """The definition as JSON that is the same wherever it means the same.

        Fields that hold their default are left out, so that a field which joins later changes no hash. Fields are
        sorted, but the order of labels and of splits means something, and stays.
        """
        fields = _sorted(self.model_dump(mode="json", exclude_defaults=True))
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def _sorted(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _sorted(value) if isinstance(value, dict) and name not in {"map", "fractions"} else value
        for name, value in sorted(fields.items())
    }


def load_definition(path: Path | str) -> Definition:
    """Read a definition from YAML.

    Raises
    ------
    ManifestError
        Where the file cannot be read, is no YAML, or holds a field that is wrong or unknown.
    """
    file = Path(path)
    try:
        fields = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"the definition cannot be read: {error.strerror}.", where=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"this is no YAML: {' '.join(str(error).split())}.", where=str(path)) from error
    return parse_definition(fields, where=str(path))


def parse_definition(fields: object, where: str = "definition") -> Definition:
    """Validate a definition; ManifestError that names every wrong field."""
    try:
        return Definition.model_validate(fields)
    except ValidationError as error:
        raise ManifestError(f"the definition is not valid: {_faults(error)}.", where=where) from error


def parse_rule(fields: object, where: str = "windows") -> WindowRule:
    """Validate a rule for windows; UsageError that names every wrong field."""
    try:
        return WindowRule.model_validate(fields)
    except ValidationError as error:
        raise UsageError(f"the windows cannot be cut so: {_faults(error)}.", where=where) from error


def _faults(error: ValidationError) -> str:
    return "; ".join(dict.fromkeys(_fault(fault) for fault in error.errors(include_url=False)))


def _fault(fault: Any) -> str:  # noqa: ANN401
    # The tag of a union stands second in the path; the field's own path is what a user knows.
    steps = list(fault["loc"])
    if len(steps) > 1 and steps[0] in {"windows", "split"}:
        del steps[1]
    place = ".".join(map(str, steps))
    text = fault["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{place or 'the whole'}: {text[:1].lower()}{text[1:]}"
