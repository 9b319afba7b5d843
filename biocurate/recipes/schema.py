"""A recipe's fields: everything that is particular about a corpus, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, StringConstraints, model_validator

from biocurate.recipes.fields import Fields, Regex, Sensor, Template, template_fields
from biocurate.recipes.labelling import EventLabel, HeaderField, Keyed, Label, NameLabel, SubjectField
from biocurate.recipes.typos import nearest

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class Files(Fields):
    """Which files are recordings, and whose."""

    pattern: Regex
    """Matches the whole path below the root, members of zip archives too (``Raw_data/S10.zip/EDA.csv``). The groups
    ``subject``, ``session`` and ``run`` say whose it is; files that differ in ``signal`` only make one recording."""
    name: Template | None = None
    """Name of the recording from the groups; by default the file's name without its extension."""
    reader: str
    options: dict[str, Any] = Field({})
    signals: dict[str, dict[str, Any]] = Field({})
    """Value of the group ``signal`` -> options that join `options` for that file."""

    @model_validator(mode="after")
    def _groups_exist(self) -> Files:
        groups = self.pattern.groupindex
        for field in sorted(template_fields(self.name) if self.name else ()):
            if field not in groups:
                raise ValueError(f"`name` uses {{{field}}}, which is no group of `pattern`. {nearest(field, groups)}")
        if self.signals and "signal" not in groups:
            raise ValueError("`signals` needs a group (?P<signal>…) in `pattern`")
        if "signal" in groups and self.name is None:
            raise ValueError("a `pattern` with the group 'signal' needs `name`: files of one name make one recording")
        return self


class ChannelRule(Fields):
    """What the channels are whose label it matches."""

    match: Regex
    """Matches the whole label as the file has it."""
    sensor: Sensor | None = None
    skip: bool = False
    """Known, and deliberately not read."""
    name: Template | None = None
    """Canonical name, from the groups of `match`; by default its group ``name``, else what the label itself says."""
    reference: Template | None = None
    position: Template | None = None
    unit: str | None = None
    """The true unit, where the file states none or a wrong one."""
    gain: float | None = None
    """Physical value of one digital step, where the file states none or a wrong one."""
    offset: float | None = None
    prefilter: str | None = None
    unit_status: Literal["suspect"] | None = None
    """``suspect``: what the file states as its unit is not to be trusted."""
    reason: str | None = None
    """Why; goes with `unit_status` into the recording's warnings."""

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


class KeepRule(Fields):
    """Annotations of the raw file that are kept as they are; free text may name a person, so none is kept unasked."""

    kind: Regex
    match: Regex
    """Matches the whole text."""


class Subject(Fields):
    """Where age and sex come from."""

    age: SubjectField = HeaderField.model_validate({"from": "header"})
    sex: SubjectField = HeaderField.model_validate({"from": "header"})


class Expect(Fields):
    """What the corpus has as published; a smaller copy is no contradiction, another rate or channel is."""

    subjects: PositiveInt | None = None
    recordings: PositiveInt | None = None
    rate_hz: PositiveFloat | dict[Sensor, PositiveFloat] | None = None
    channels: dict[Sensor, NonNegativeInt] = Field({})
    """Channels of each sensor type in every recording."""


class Definition(Fields):
    """A whole recipe."""

    name: Name
    title: str
    licence: str
    access: Literal["open", "registered", "credentialed"]
    citation: str
    url: str
    mains_hz: Literal[50, 60] | None = None
    """Frequency of the mains where it was recorded."""
    persons: Name | None = None
    """Namespace of person ids, for corpora that share persons; by default the corpus' name."""
    files: Files
    ignore: tuple[Regex, ...] = ()
    """Files that are known and deliberately not read."""
    channels: tuple[ChannelRule, ...] = ()
    """The first that matches wins; channels that match none are read by their label and reported."""
    labels: dict[LabelName, Label] = Field({})
    """Kind of the annotations -> where they come from."""
    annotations: tuple[KeepRule, ...] = ()
    subject: Subject = Subject()
    expect: Expect = Expect()

    @model_validator(mode="after")
    def _names_fit(self) -> Definition:
        groups = self.files.pattern.groupindex
        spoken: dict[str, Label | SubjectField] = {"subject.age": self.subject.age, "subject.sex": self.subject.sex}
        spoken |= {f"labels.{kind}": label for kind, label in self.labels.items()}
        for field, label in spoken.items():
            for used in sorted(_groups_of(label) - set(groups)):
                raise ValueError(f"`{field}` uses {used!r}, no group of `files.pattern`. {nearest(used, groups)}")
        return self


def _groups_of(label: Label | SubjectField) -> set[str]:
    """Groups of the file pattern that a label needs."""
    if isinstance(label, NameLabel):
        return {label.group_name}
    if isinstance(label, Keyed):
        return {label.key.group} - {"name"}
    if isinstance(label, EventLabel):
        return template_fields(label.file)
    return set()
