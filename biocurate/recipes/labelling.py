"""The kinds of labels that a recipe can state: where each comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from biocurate.recipes.codes import with_codes
from biocurate.recipes.fields import Beside, Fields, Pattern, Regex, RelativePath, TextMap, WordMap, case_of

Column = str | int
"""A column by its header, or by its place from 0 where the file has no header."""


class Words(Fields):
    """How a text becomes a label: cut out by `match`, amended by `replace`, then translated by `map`."""

    match: Regex | None = None
    """Must match the whole text; the group ``value``, else the first group, else all of it is taken. In a table's
    or comments' label of the whole recording, a group ``number`` is the number that goes with it."""
    replace: TextMap = Field({})
    """Text -> what it stands for: ``{300: '>89'}``; any other stays as it is."""
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
    column: str | None = None
    columns: tuple[str, ...] = ()
    """In place of `column`: several that each hold a label or none."""
    split: str | None = None
    """Cells hold several labels with this between them."""

    @property
    def cells(self) -> tuple[str, ...]:
        """Every column that holds labels."""
        return self.columns if self.column is None else (self.column,)

    @model_validator(mode="after")
    def _has_cells(self) -> TableLabel:
        if (self.column is None) != bool(self.columns):
            raise ValueError("give one of `column` and `columns`")
        return self


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

    column: Column | None = None
    clock: Literal["unix", "relative", "file", "rows", "day"]
    """Seconds since 1970 UTC, since the recording's start, or since the unix time in the file's first cell; ``rows``:
    each row follows the one before, the first at the recording's start; ``day``: a time of the day."""
    origin: Column | None = None
    """With ``clock: day``: the column of the time of the day at which the recording starts."""
    unit: Literal["s", "ms", "us", "ns"] = "s"

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.clock == "rows") != (self.column is None):
            raise ValueError("`column` goes with every clock but `rows`")
        if (self.clock == "day") != (self.origin is not None):
            raise ValueError("`clock: day` needs `origin`, and no other clock has one")
        return self


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
    longest_s: PositiveFloat | None = None
    """What is longer is a slip of the pen: it counts as a row without a readable length."""

    @model_validator(mode="after")
    def _one_length_one_label(self) -> Spans:
        if sum(field is not None for field in (self.every_s, self.duration, self.end)) > 1:
            raise ValueError("give one of `every_s`, `duration` and `end`")
        if self.onset.clock == "rows" and self.every_s is None:
            raise ValueError("`clock: rows` needs `every_s`, how long each row lasts")
        if self.onset.clock == "day" and (self.every_s is not None or self.duration is not None):
            raise ValueError("with `clock: day`, a length is given by `end`")
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


class BesideLabel(Spans):
    """Labels from a file beside each recording's own."""

    file: Beside
    """Its name; groups of the file pattern in braces."""


class EventLabel(BesideLabel):
    """Labels from a table beside each recording's files."""

    source: Literal["events"] = Field(alias="from")
    header: bool = False
    """Whether its first row holds column names."""
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None


class TextLabel(BesideLabel):
    """Labels from a list that people wrote, of one recording or of several."""

    source: Literal["text"] = Field(alias="from")
    block: Regex
    """Is found again and again in the list; its named groups are the columns, headings first (`text_blocks`)."""
    key: Key | None = None
    """For a list of several recordings: the column, a group of `block`, that says which."""
    spelled: WordMap = Field({})
    """Cell of the key -> as it should be: names that the list misspells."""

    @model_validator(mode="after")
    def _groups_are_there(self) -> Self:
        onset, key = self.onset, self.key.column if self.key else None
        for used in (onset.column, onset.origin, self.end, self.duration, self.number, self.column, key):
            if used is not None and used not in self.block.groupindex:
                raise ValueError(f"{used!r} is no group of `block`, which has {', '.join(self.block.groupindex)}")
        return self


Label = Annotated[
    NameLabel | TableLabel | CommentLabel | AnnotationLabel | IntervalLabel | EventLabel | TextLabel,
    Field(discriminator="source"),
]
"""A label; ``from`` says which kind."""


class HeaderField(Words):
    """Age or sex from the raw file's header: as its format states them, or cut out of one of its text fields.

    Of a text field only a number of years, or F or M, is ever kept.
    """

    source: Literal["header"] = Field(alias="from")
    field: Literal["patient"] | None = None
    """``patient``: the patient identification of EDF, for files that do not keep to the subfields of EDF+."""

    @model_validator(mode="after")
    def _cuts_a_field(self) -> Self:
        if self.field is not None and self.match is None:
            raise ValueError("`field` needs `match`, whose group `value` takes the age or sex out of it")
        if self.field is None and (self.match or self.replace or self.map is not None):
            raise ValueError("`match`, `replace` and `map` need `field`, the text that they are for")
        return self


SubjectField = Annotated[HeaderField | NameLabel | TableLabel | CommentLabel, Field(discriminator="source")]
"""Where age or sex comes from."""

IdField = Annotated[NameLabel | TableLabel, Field(discriminator="source")]
"""Where the id of a subject comes from."""
