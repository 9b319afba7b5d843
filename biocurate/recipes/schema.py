"""A recipe's fields: everything that is particular about a corpus, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from biocurate.recipes.correcting import Correction
from biocurate.recipes.fields import Beside, Fields, Pattern, Regex, Sensor, Template, WordMap, case_of, template_fields
from biocurate.recipes.labelling import (
    AnnotationLabel,
    BesideLabel,
    HeaderField,
    IdField,
    Keyed,
    Label,
    NameLabel,
    SubjectField,
    TextLabel,
)
from biocurate.recipes.typos import nearest

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Rates = Annotated[
    tuple[PositiveFloat, ...], BeforeValidator(lambda value: value if isinstance(value, list) else [value])
]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]

RECORD = "record"
"""The group that has the name of a recording, in files that hold many (the reader's option `records`)."""


class Files(Fields):
    """Which files are recordings, and whose."""

    pattern: Regex
    """Matches the whole path below the root, members of zip archives too (``Raw_data/S10.zip/EDA.csv``). The groups
    ``subject``, ``session`` and ``run`` say whose it is; files that differ in ``signal`` only make one recording."""
    name: Template | None = None
    """Name of the recording from the groups; by default the file's name without its extension. Where files hold many
    recordings, the group ``record`` is the name of each in its file: ``'{part}/{record}'``."""
    reader: str | dict[str, str]
    """Name of the format; where files of several formats are read, extension -> format: ``{.edf: edf, .set: mne}``."""
    options: dict[str, Any] = Field({})
    """The reader's options; where there are several readers, name of the format -> its options."""
    signals: dict[str, dict[str, Any]] = Field({})
    """Value of the group ``signal`` -> options that join `options` for that file."""
    hash_names: bool = False
    """Whether the store holds hashes for the names of files and what is taken from them: ids of recordings, persons,
    subjects, sessions and runs, ``sources`` and ``failures``. For corpora whose names identify somebody; `naming` says
    what it protects from. Corpora that share `persons` must agree on it; a store that already holds the names keeps
    them, so start a new one."""

    @model_validator(mode="after")
    def _groups_exist(self) -> Files:
        groups = self.pattern.groupindex
        for field in sorted(template_fields(self.name) if self.name else ()):
            if field not in groups and field != RECORD:
                raise ValueError(f"`name` uses {{{field}}}, which is no group of `pattern`. {nearest(field, groups)}")
        if isinstance(self.reader, dict) and self.signals:
            raise ValueError("`signals` goes with one `reader`")
        if self.signals and "signal" not in groups:
            raise ValueError("`signals` needs a group (?P<signal>…) in `pattern`")
        if "signal" in groups and self.name is None:
            raise ValueError("a `pattern` with the group 'signal' needs `name`: files of one name make one recording")
        return self


class ChannelRule(Fields):
    """What the channels are whose label it matches."""

    match: Regex
    """Matches the whole label as the file has it."""
    recordings: Regex | None = None
    """Matches the whole name of a recording; of all where absent."""
    sensor: Sensor | None = None
    skip: bool = False
    """Known, and deliberately not read."""
    name: Template | None = None
    """Canonical name, from the groups of `match`; by default its group ``name``, else what the label itself says."""
    reference: Template | None = None
    position: Template | None = None
    unit: str | None = None
    """The true unit, where the file states none or a wrong one."""
    default_unit: str | None = None
    """The unit where the file states none; it does not overrule the file."""
    gain: float | None = None
    """Physical value of one digital step, where the file states none or a wrong one."""
    offset: float | None = None
    prefilter: str | None = None
    unit_status: Literal["suspect"] | None = None
    """``suspect``: what the file states as its unit is not to be trusted."""
    reason: str | None = None
    """Why; goes with `unit_status` into the recording's warnings."""
    clock: str | None = Field(None, pattern=r"[A-Za-z0-9][A-Za-z0-9_-]*")
    """The device whose clock timed it, where the recording's devices have several; the rest go by the recording's."""

    @model_validator(mode="after")
    def _is_complete(self) -> ChannelRule:
        if self.skip == (self.sensor is not None):
            raise ValueError("give `sensor`, or `skip: true`")
        if self.unit_status and not self.reason:
            raise ValueError("`unit_status: suspect` needs a `reason`")
        for template in filter(None, (self.name, self.reference, self.position)):
            for field in sorted(template_fields(template) - set(self.match.groupindex)):
                raise ValueError(f"{{{field}}} is no group of `match`. {nearest(field, self.match.groupindex)}")
        return self


class ChannelTable(Fields):
    """A table beside a recording that says what its channels are: a row a channel. The recipe's own rules go first."""

    file: Beside
    label: str
    """Column of the channel's label, as in the file."""
    sensor: str
    """Column of the sensor type."""
    unit: str | None = None
    """Column of the unit."""
    reference: str | None = None
    """Column of the reference."""
    status: str | None = None
    """Column of the state: ``bad`` makes an annotation of kind ``channel`` over the whole recording."""
    map: WordMap = Field({})
    """Text in the column of the sensor type -> sensor type; what is not in it is taken as it stands."""


class KeepRule(Fields):
    """Annotations of the raw file that are kept as they are; free text may name a person, so none is kept unasked."""

    kind: Regex
    match: Regex
    """Matches the whole text."""


class Subject(Fields):
    """Who it is, and where age and sex come from."""

    id: IdField | None = None
    """Where the id comes from that tells persons apart; by default the group ``subject``, else the recording's name.
    A recording that a table gives no id is not read."""
    age: SubjectField = HeaderField.model_validate({"from": "header"})
    sex: SubjectField = HeaderField.model_validate({"from": "header"})


class Expect(Fields):
    """What the corpus has as published; a smaller copy is no contradiction, another rate or channel is."""

    subjects: PositiveInt | None = None
    recordings: PositiveInt | None = None
    rate_hz: Rates | dict[Sensor, Rates] | None = None
    """Of all channels or by sensor type; several where recordings differ."""
    channels: dict[Sensor, NonNegativeInt] = Field({})
    """Channels of each sensor type in every recording."""
    other_channels: bool = False
    """Whether a recipe with channel rules that was never tried on the corpus may meet channels that none matches."""
    duration_s: tuple[PositiveFloat, ...] = ()
    """Lengths that recordings have, where all have one of a few; `biocurate audit` holds them against it."""


class Persons(Fields):
    """Namespaces of person ids: one name, or several in a corpus that was put together from others."""

    all: Name | None = None
    """Of every person; what ``persons: name`` stands for."""
    by: str | None = None
    """A named group of the file pattern."""
    cases: dict[Pattern, Name] = Field({})
    """With `by`: a regular expression for the group's text -> the namespace; where none fits, the corpus' name."""

    @model_validator(mode="after")
    def _one_way(self) -> Persons:
        if bool(self.by) != bool(self.cases) or bool(self.by) == bool(self.all):
            raise ValueError(
                "write one name, or `by` (a group of the file pattern) and `cases` (the name for its text)"
            )
        return self

    def namespace(self, groups: Mapping[str, str]) -> str | None:
        """The namespace of a recording's person."""
        return case_of(self.cases, groups.get(self.by, "")) if self.by else self.all


class Definition(Fields):
    """A whole recipe."""

    name: Name
    title: str
    licence: str
    access: Literal["open", "registered", "credentialed"]
    redistribute: bool | None = None
    """Whether the licence lets others pass its files on; absent where that is not known."""
    share_alike: bool = False
    """Whether what is derived from it must stay under its licence."""
    citation: str
    url: str
    obtain: str = ""
    """How to come by the files."""
    verified: Literal["real", "twin", "none"] = "none"
    """What it was tried on: the corpus' own files, or twins of them that the tests write as its sources say."""
    mains_hz: Literal[50, 60] | None = None
    """Frequency of the mains where it was recorded."""
    persons: Annotated[
        Persons | None, BeforeValidator(lambda value: {"all": value} if isinstance(value, str) else value)
    ] = None
    """Namespace of person ids, for corpora that share persons; by default the corpus' name."""
    files: Files
    ignore: tuple[Regex, ...] = ()
    """Files that are known and deliberately not read."""
    channels: tuple[ChannelRule, ...] = ()
    """The first that matches wins; channels that match none are read by their label and reported."""
    channel_table: ChannelTable | None = None
    corrections: tuple[Correction, ...] = ()
    """What headers state wrongly."""
    labels: dict[LabelName, Label] = Field({})
    """Kind of the annotations -> where they come from."""
    annotations: tuple[KeepRule, ...] = ()
    subject: Subject = Subject()
    expect: Expect = Expect()

    @property
    def reads_annotations(self) -> bool:
        """Whether any of the files' own annotations are let through, as they are or as labels."""
        return bool(self.annotations) or any(isinstance(label, AnnotationLabel) for label in self.labels.values())

    @model_validator(mode="after")
    def _names_fit(self) -> Definition:
        groups = self.files.pattern.groupindex
        spoken: dict[str, Label | SubjectField] = {"subject.age": self.subject.age, "subject.sex": self.subject.sex}
        spoken |= {"subject.id": self.subject.id} if self.subject.id else {}
        spoken |= {f"labels.{kind}": label for kind, label in self.labels.items()}
        needed = {field: _groups_of(label) for field, label in spoken.items()}
        if self.persons and self.persons.by:
            needed["persons.by"] = {self.persons.by}
        if self.channel_table:
            needed["channel_table.file"] = _fields_of(self.channel_table.file)
        for field, used_groups in needed.items():
            for used in sorted(used_groups - set(groups) - {RECORD}):
                raise ValueError(f"`{field}` uses {used!r}, no group of `files.pattern`. {nearest(used, groups)}")
        return self


def _groups_of(label: Label | SubjectField) -> set[str]:
    """Groups of the file pattern that a label needs."""
    if isinstance(label, NameLabel):
        return {label.group_name}
    if isinstance(label, Keyed):
        return {label.key.group} - {"name"}
    if isinstance(label, TextLabel) and label.key:
        return _fields_of(label.file) | ({label.key.group} - {"name"})
    if isinstance(label, BesideLabel):
        return _fields_of(label.file)
    if isinstance(label, AnnotationLabel) and label.by:
        return {label.by}
    return set()


def _fields_of(templates: Beside) -> set[str]:
    return {field for template in templates for field in template_fields(template)}
