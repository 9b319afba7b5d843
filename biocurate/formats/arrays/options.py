"""What a recipe says about files of named arrays: MATLAB's and HDF5.

A path names a variable: names joined by ``/`` (fields of a struct, groups), a number from 0 for one element of a cell
or struct array, and ``*`` for the element that is the recording's own, in a file that holds many.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveFloat, StringConstraints, model_validator

EACH = "*"
"""The step of a path that stands for one element of a list after another, each of which is a recording."""

Path = Annotated[str, StringConstraints(min_length=1)]
Axis = Literal["record", "block", "channel", "time"]
TimeUnit = Literal["samples", "s", "ms", "us", "ns"]


class ArrayFields(BaseModel):
    """Base of the models: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class From(ArrayFields):
    """A value, or one a channel, that is read from a variable."""

    path: Path = Field(alias="from")
    attribute: str | None = None
    """HDF5 only: the attribute of that name instead of the variable's own content."""
    per: Literal["file", "record"] = "file"
    """``record``: the first axis (of a vector: its only one) has one entry a recording."""


class SexFrom(From):
    """Sex, and how the file writes it."""

    map: dict[str, Literal["F", "M"]] = {}
    """Text or number in the file -> F or M; without it, words such as ``female`` are understood."""


class Signals(ArrayFields):
    """Arrays whose channels share a sampling rate."""

    path: Path | tuple[Path, ...]
    """One variable, or several that are alike."""
    axes: tuple[Axis, ...] = ("time",)
    """What each axis is, in the order of MATLAB's `size` or of HDF5's shape; nothing is transposed unasked.
    ``block``: stretches of equal length that follow one another without a gap. ``record``: one recording each."""
    labels: tuple[str, ...] | From | None = None
    """Of the channels; without the axis ``channel``, one a path, by default the variable's own name."""
    rate_hz: PositiveFloat | From
    unit: str | tuple[str, ...] | From = ""
    gain: FiniteFloat | tuple[FiniteFloat, ...] | From = 1.0
    """Physical value of one step; of all channels, or one each."""
    offset: FiniteFloat | tuple[FiniteFloat, ...] | From = 0.0
    """Physical value of 0."""
    invalid: int | None = None
    """The value that means 'no sample'."""
    optional: bool = False
    """Whether a file may lack the variables."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The variables."""
        return (self.path,) if isinstance(self.path, str) else self.path

    @model_validator(mode="after")
    def _axes_fit(self) -> Self:
        if "time" not in self.axes or len(set(self.axes)) < len(self.axes):
            raise ValueError("`axes` needs `time`, and each axis once")
        if not self.paths:
            raise ValueError("`path` names no variable")
        if "record" in self.axes and any(EACH in steps(path) for path in self.paths):
            raise ValueError("say which recording is meant by the axis `record` or by `*` in the path, not by both")
        if any(steps(path).count(EACH) > 1 for path in self.paths):
            raise ValueError("a path has one `*` at most")
        return self

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        if "channel" not in self.axes:
            if isinstance(self.labels, tuple) and len(self.labels) != len(self.paths):
                raise ValueError("without the axis `channel`, `labels` needs one label a path")
            if isinstance(self.labels, From) and len(self.paths) > 1:
                raise ValueError("labels that are read from the file go with one path")
        elif self.labels is None:
            raise ValueError("the axis `channel` needs `labels`: no order of channels is guessed")
        elif len(self.paths) > 1:
            raise ValueError("several paths go with arrays of one channel; give those with more an entry each")
        return self

    @model_validator(mode="after")
    def _gains_are_gains(self) -> Self:
        gains = self.gain if isinstance(self.gain, tuple) else (self.gain,)
        if 0.0 in gains:
            raise ValueError("a `gain` of 0 leaves nothing of the signal")
        return self


class Onsets(From):
    """When annotations begin."""

    unit: TimeUnit
    base: Literal[0, 1] | None = None
    """With ``unit: samples``: the number of the first sample, 0 or 1 (as MATLAB counts)."""
    rate_hz: PositiveFloat | None = None
    """With ``unit: samples``: the rate they are counted at; by default the signals' own, where they share one."""

    @model_validator(mode="after")
    def _counts_from_somewhere(self) -> Self:
        if (self.unit == "samples") != (self.base is not None):
            raise ValueError("`unit: samples` needs `base`, and no other unit has one")
        if self.rate_hz is not None and self.unit != "samples":
            raise ValueError("`rate_hz` goes with `unit: samples`")
        return self


class Marks(ArrayFields):
    """Annotations that the file holds; without `onset`, `every_s` and `rate_hz`, one value of the whole recording."""

    kind: str
    onset: Onsets | None = None
    every_s: PositiveFloat | None = None
    """The values follow one another from the recording's start, and each lasts this long."""
    rate_hz: PositiveFloat | None = None
    """The values are numbers at this rate, from the recording's start: each stretch of equal ones is one interval."""
    duration: From | None = None
    """In the onset's unit; without it, annotations are instants."""
    end: From | None = None
    """In the onset's unit and on its count."""
    value: str | From
    """The value of all, or one each; numbers are written as text."""
    number: From | None = None
    channel: str | None = None
    """Canonical name or label of the channel, where they are of one."""
    optional: bool = False
    """Whether a file may lack the variables."""

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if sum(each is not None for each in (self.onset, self.every_s, self.rate_hz)) > 1:
            raise ValueError("give one of `onset`, `every_s` and `rate_hz`")
        if self.rate_hz is not None and self.number is not None:
            raise ValueError("`number` goes with `onset` or `every_s`")
        if self.duration is not None and self.end is not None:
            raise ValueError("give `duration` or `end`")
        if self.onset is None and (self.duration is not None or self.end is not None):
            raise ValueError("`duration` and `end` need `onset`")
        if self.onset is None and isinstance(self.value, str):
            raise ValueError("a `value` that is the same for all needs `onset`")
        return self

    @property
    def read(self) -> tuple[From, ...]:
        """Everything that is read from variables."""
        fields = (self.onset, self.duration, self.end, self.value, self.number)
        return tuple(field for field in fields if isinstance(field, From))


class Records(ArrayFields):
    """The file holds many recordings: entries of the axis ``record``, or what ``*`` stands for."""

    id: From | None = None
    """Their names, one each; by default the names of the groups that ``*`` stands for, else their numbers from 0."""


class ArrayOptions(ArrayFields):
    """Options of the readers `mat` and `hdf5`."""

    signals: tuple[Signals, ...] = Field(min_length=1)
    records: Records | None = None
    annotations: tuple[Marks, ...] = ()
    age: From | None = None
    """In years."""
    sex: SexFrom | None = None

    @model_validator(mode="after")
    def _one_or_many(self) -> Self:
        for each in self.signals:
            for path in each.paths:
                if (("record" in each.axes) or EACH in steps(path)) != (self.records is not None):
                    raise ValueError(
                        f"{path!r}: `records` goes with the axis `record`, or `*` in the path, in every signal"
                    )
        values = [value for marks in self.annotations for value in marks.read] + [
            value for value in (self.age, self.sex) if value is not None
        ]
        if self.records is None and any(value.per == "record" or EACH in steps(value.path) for value in values):
            raise ValueError("`per: record` and `*` need `records`")
        return self


def steps(path: str) -> list[str]:
    """Names along a path; none for the file itself, ``/``."""
    return [step for step in path.split("/") if step]
