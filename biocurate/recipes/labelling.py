"""The kinds of labels that a recipe can state: where each comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from biocurate.recipes.codes import with_codes
from biocurate.recipes.fields import Beside, Fields, Pattern, Regex, RelativePath, WordMap, case_of

Column = str | int
"""A column by its header, or by its place from 0 where the file has no header."""


class Words(Fields):
    """How a text becomes a label: cut out by `match`, then translated by `map`."""

    match: Regex | None = None
    """Must match the whole text; the group ``value``, else the first group, else all of it is taken."""
    map: WordMap | None = None
    """What is not in it is left out with a warning."""
    codes: str | None = None
    """A code map that came with the program, by name and version: ``rk-to-aasm/1``; `map` adds to it or overrides."""
    numeric: bool = True
    """Whether digits are a number; false for codes that are written in digits."""

    @property
    def counts(self) -> bool:
        """Whether a value that reads as a number is one: what a map gives is a name."""
        return self.numeric and self.map is None

    @model_validator(mode="before")
    @classmethod
    def _translate(cls, fields: object) -> object:
        return with_codes(fields)


class NameLabel(Words):
    """A label of the whole recording from its file's name."""

    source: Literal["run", "session", "subject", "group"] = Field(alias="from")
    group: str | None = None
    """With ``from: group``: a named group of the file pattern."""

    @model_validator(mode="after")
    def _one_group(self) -> NameLabel:
        if (self.source == "group") != (self.group is not None):
            raise ValueError("`group` goes with `from: group`, and with no other")
        return self

    @property
    def group_name(self) -> str:
        """The named group of the file pattern that it reads."""
        return self.group or self.source


class Key(Fields):
    """The column that joins a table's rows to recordings."""

    column: str
    normalise: Regex | None = None
    """Must match the whole cell; the first group, else all of it, is compared. A cell that it does not match joins
    nothing."""
    zero_fill: PositiveInt | None = None
    """Fill with zeros to this many digits: 2 -> 02."""
    group: str = "subject"
    """What it is compared with: a named group of the file pattern, or ``name``, the recording's name."""


class Keyed(Fields):
    """A sidecar table below the root, and how its rows join."""

    file: RelativePath
    key: Key
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """Between cells; a tab in ``.tsv``, else a comma."""
    optional: bool = False
    """Whether a corpus may be without it, or without the column: nothing is joined then."""


class TableLabel(Keyed, Words):
    """A label of the whole recording from its row in a table."""

    source: Literal["table"] = Field(alias="from")
    column: str
    split: str | None = None
    """Cells hold several labels with this between them."""


class CommentLabel(Words):
    """A label of the whole recording from the header's comments, such as those of WFDB."""

    source: Literal["comments"] = Field(alias="from")
    match: Regex
    split: str | None = None
    """What `match` takes holds several labels with this between them."""


class AnnotationLabel(Words):
    """A label from the file's own annotations, with their onset and duration."""

    source: Literal["annotations"] = Field(alias="from")
    kind: Regex | None = None
    match: Regex
    by: str | None = None
    """A named group of the file pattern, such as ``run``, that says what the words mean."""
    cases: dict[Pattern, WordMap] = Field({})
    """With `by`: a regular expression for the group's text -> the `map` that goes with it; the first match wins."""

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        if bool(self.by) != bool(self.cases):
            raise ValueError("`by` (a group of the file pattern) and `cases` (the map for its text) go together")
        if self.by and self.map is not None:
            raise ValueError("give one of `map` and `cases`")
        return self

    def meant(self, groups: Mapping[str, str]) -> AnnotationLabel:
        """The label as it is meant in a recording; where no case fits, it knows no word."""
        if self.by is None:
            return self
        return self.model_copy(update={"map": case_of(self.cases, groups.get(self.by, "")) or {}})


class Onset(Fields):
    """The column that gives a time, and the clock that it is on."""

    column: Column
    clock: Literal["unix", "relative", "file"]
    """Seconds since 1970 UTC, since the recording's start, or since the unix time in the file's first cell."""
    unit: Literal["s", "ms", "us", "ns"] = "s"


class Spans(Words):
    """Rows that are each an instant or an interval."""

    onset: Onset
    every_s: PositiveFloat | None = None
    """Each row lasts this long; rows of equal label that follow on each other become one interval."""
    duration: Column | None = None
    """Column of the length, in the onset's unit."""
    missing_duration: Literal["drop", "instant"] = "drop"
    """What a row without a readable length is: left out with a warning, or an instant."""
    end: Column | None = None
    """Column of the end, on the onset's clock."""
    column: Column | tuple[Column, ...] | None = None
    """Column of the label; of several the first that is there."""
    value: str | None = None
    """The label of every row, where no column gives it."""
    number: Column | None = None
    """Column of a number that goes with it."""

    @model_validator(mode="after")
    def _one_length_one_label(self) -> Spans:
        if sum(field is not None for field in (self.every_s, self.duration, self.end)) > 1:
            raise ValueError("give one of `every_s`, `duration` and `end`")
        if (self.column is None) == (self.value is None) and not isinstance(self.column, tuple):
            raise ValueError("give one of `column` (the label's column) and `value` (the label of every row)")
        return self


class IntervalLabel(Keyed, Spans):
    """Labels of stretches from the rows that a table has for the recording."""

    source: Literal["intervals"] = Field(alias="from")

    @model_validator(mode="after")
    def _has_length(self) -> IntervalLabel:
        if self.every_s is None and self.duration is None and self.end is None:
            raise ValueError("an interval needs one of `every_s`, `duration` and `end`; instants are `from: events`")
        return self


class EventLabel(Spans):
    """Labels from a file of its own beside each recording's files."""

    source: Literal["events"] = Field(alias="from")
    file: Beside
    """Its name; groups of the file pattern in braces."""
    header: bool = False
    """Whether its first row holds column names."""
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None


Label = Annotated[
    NameLabel | TableLabel | CommentLabel | AnnotationLabel | IntervalLabel | EventLabel,
    Field(discriminator="source"),
]
"""A label; ``from`` says which kind."""


class HeaderField(Fields):
    """Age or sex from the raw file's header."""

    source: Literal["header"] = Field(alias="from")


SubjectField = Annotated[HeaderField | NameLabel | TableLabel | CommentLabel, Field(discriminator="source")]
"""Where age or sex comes from."""
