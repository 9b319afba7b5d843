"""How windows are asked for: the YAML of a window set, validated.

```yaml
length: 30s
hop: 30s
require: [EEG]
align: {to: stage}                                        # windows tile each scored stretch, from its onset
within: {kind: stage, leave_out: [W], margin: 30min}      # from half an hour before sleep to half an hour after it
labels:
  - stage                                                 # the value that covers more than half of a window
  - {kind: rhythm, rule: fraction, value: AFIB, name: af_share}
  - {kind: statement, rule: list}
```
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from biocurate.curate.fields import NAME, Nanoseconds, Part, Sensor, Text, faults_of
from biocurate.errors import UsageError

Rule = Literal["majority", "single", "onset", "fraction", "list"]
"""What makes an annotation a window's label; `biocurate.curate.windows.labels` says how."""


class LabelColumn(Part):
    """One label column of a window set."""

    kind: str
    """Kind of annotation."""
    rule: Rule = "majority"
    """majority: the value that covers more than ``share`` of the window, or all of it; single: the one value that
    touches it; onset: the value at its first instant; fraction: the share of it that ``value`` covers; list: every
    value that touches it."""
    name: str = ""
    """Of the column; where left out the kind, with the value that a fraction is of."""
    value: Text | None = None
    """Of the rule ``fraction``: whose share."""
    share: float | None = Field(default=None, ge=0.5, le=1)
    """Of the rule ``majority``; the window set's where left out."""

    @model_validator(mode="before")
    @classmethod
    def _named_by_kind(cls, fields: Any) -> Any:  # noqa: ANN401
        if isinstance(fields, dict) and not fields.get("name"):
            # A share is of one value, so that several of a kind can stand side by side.
            value = fields.get("value")
            ending = "" if value is None else "_" + re.sub(r"[^A-Za-z0-9_-]", "_", str(value))
            return {**fields, "name": f"{fields.get('kind', '')}{ending}"}
        return fields

    @model_validator(mode="after")
    def _own_fields(self) -> LabelColumn:
        if not self.name.startswith(self.kind) and not re.fullmatch(NAME, self.name):
            raise ValueError(f"{self.name!r} is no name for a column: use letters, digits, - and _")
        if (self.value is not None) != (self.rule == "fraction"):
            raise ValueError("`value` belongs to the rule fraction, and that rule needs it")
        if self.share is not None and self.rule != "majority":
            raise ValueError("`share` belongs to the rule majority")
        return self


class Align(Part):
    """Windows that begin at annotations and not at the recording's start."""

    to: str
    """Kind of annotation. Windows tile an interval from its onset, as many as lie in it; an instant has one."""
    values: tuple[Text, ...] = ()
    """Only annotations of these values; of all where there is none."""
    before: Nanoseconds | None = None
    """How long before the annotation its first window begins; windows may then reach past the annotation's end."""
    once: bool = False
    """One window an annotation, however long it is."""


class Within(Part):
    """A part of each recording, beyond which no window lies."""

    kind: str
    """Kind of annotation: from the first onset to the last end. Recordings without one have no window."""
    leave_out: tuple[Text, ...] = ()
    """Values that do not count, such as wake around sleep."""
    margin: Nanoseconds | None = None
    """How far windows may lie before and after."""


class WindowRule(Part):
    """How windows are cut and labelled."""

    length: Nanoseconds
    hop: Nanoseconds
    """From one window's start to the next one's; the length where it is left out."""
    corpora: tuple[str, ...] = ()
    """Only recordings of these; of all where there is none."""
    require: tuple[Sensor, ...] = ()
    """Only windows that all of these cover."""
    view: str = Field(default="", pattern=f"^({NAME})?$")
    """Of the streams that this view made; of those that were recorded where left out."""
    edges: bool = False
    """Of a view: also windows that reach into what an edge or gap has not let settle."""
    align: Align | None = None
    """Where windows begin; on the recording's own grid, one every ``hop`` from its start, where left out."""
    within: Within | None = None
    """Beyond which part of a recording no window lies."""
    labels: tuple[Annotated[str, Field(min_length=1)] | LabelColumn, ...] = ()
    """Kinds of annotation that become a column, by majority where only the kind is given."""
    share: float = Field(default=0.5, ge=0.5, le=1)
    """By majority, a value labels a window when it covers more than this share of it, or all of it."""

    @property
    def columns(self) -> tuple[LabelColumn, ...]:
        """Label columns with their rules."""
        return tuple(LabelColumn(kind=each) if isinstance(each, str) else each for each in self.labels)

    @model_validator(mode="before")
    @classmethod
    def _hop_is_length(cls, fields: Any) -> Any:  # noqa: ANN401
        if isinstance(fields, dict) and "length" in fields and fields.get("hop") is None:
            return {**fields, "hop": fields["length"]}
        return fields

    @model_validator(mode="before")
    @classmethod
    def _align_by_kind(cls, fields: Any) -> Any:  # noqa: ANN401
        if isinstance(fields, dict) and isinstance(fields.get("align"), str):
            return {**fields, "align": {"to": fields["align"]}}
        return fields

    @model_validator(mode="after")
    def _names_differ(self) -> WindowRule:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two label columns are called {twice[0]}: give one another `name`")
        return self


def parse_rule(fields: object, where: str = "windows") -> WindowRule:
    """Validate a rule for windows; UsageError that names every wrong field."""
    try:
        return WindowRule.model_validate(fields)
    except ValidationError as error:
        raise UsageError(f"the windows cannot be cut so: {faults_of(error)}.", where=where) from error
