"""Types of a recipe's fields, and what is checked of each."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from biocurate.errors import UsageError
from biocurate.recipes.backtracking import runs_away, splits
from biocurate.recipes.typos import nearest
from biocurate.sensors import SensorType

T = TypeVar("T")
MOST_SPLITS = 2
"""Power of a text's length with which the ways to split it over a pattern may grow."""
LONGEST = 1000
"""Letters of a text that patterns are held against: with `MOST_SPLITS`, a few seconds at worst."""


class Fields(BaseModel):
    """A mapping in a recipe: names that it does not know are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


def _regex(value: Any) -> re.Pattern[str]:  # noqa: ANN401
    if isinstance(value, re.Pattern):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no regular expression; write it as a quoted text")
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
    if runs_away(pattern):
        raise ValueError(
            f"{value!r} may take for ever on a text that it does not match: it repeats what can repeat by itself, as "
            r"(\w+)+ does, so that every way to split the text is tried. Leave out one of the two, or let what is "
            r"repeated end in something that it does not hold, as (\w+-)+ does"
        )
    if splits(pattern) > MOST_SPLITS:
        raise ValueError(
            f"{value!r} can split a text that it does not match in so many ways that a long one takes minutes: more "
            f"than {MOST_SPLITS + 1} of its repetitions follow each other and can read the same letters, as those of "
            ".*_.*_.*_.* do. Let them stop where the next one begins: [^_]*_[^_]*_[^_]*_.*"
        )
    return pattern


def whole(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Match the whole of a text from a file; one of more than `LONGEST` letters matches nothing."""
    return pattern.fullmatch(text) if len(text) <= LONGEST else None


def case_of(cases: Mapping[str, T], text: str) -> T | None:
    """The first case whose pattern matches the whole text."""
    return next((case for pattern, case in cases.items() if re.fullmatch(pattern, text)), None)


def _sensor(value: Any) -> SensorType:  # noqa: ANN401
    try:
        return SensorType.parse(str(value))
    except UsageError:
        raise ValueError(f"{value!r} is no sensor type. {nearest(value, SensorType)}") from None


def _relative(value: Any) -> str:  # noqa: ANN401
    path = PurePosixPath(str(value))
    if (
        not isinstance(value, str)
        or not value
        or path.is_absolute()
        or ".." in path.parts
        or re.search(r"[\\:]", value)
    ):
        raise ValueError(f"{value!r} is not a path below the corpus' root; '..', '\\' and absolute paths are refused")
    return str(path)


def _words(value: Any) -> dict[str, str | None]:  # noqa: ANN401
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping from the text in the file to the label, such as {1: rest, 2: task}")
    for item in (*value, *value.values()):
        if isinstance(item, bool):
            raise ValueError("YAML reads yes, no, on and off as true and false; quote the word")
        if item is not None and not isinstance(item, str | int | float):
            raise ValueError(f"{item!r} is no text")
    return {str(key): None if label is None else str(label) for key, label in value.items()}


def template_fields(template: str) -> set[str]:
    """Names in braces in a template.

    Raises
    ------
    ValueError
        The template is none: a lone brace, or more than a name in the braces.
    """
    names = set()
    for _, name, spec, conversion in string.Formatter().parse(template):
        if name is not None:
            if not name.isidentifier() or spec or conversion:
                raise ValueError(f"{template!r}: write only a group's name in braces, such as {{subject}}")
            names.add(name)
    return names


def _template(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no text")
    template_fields(value)
    return value


Regex = Annotated[re.Pattern[str], BeforeValidator(_regex)]
"""A regular expression of Python's `re`; it must match the whole text."""

Sensor = Annotated[SensorType, BeforeValidator(_sensor)]
"""A sensor type or an alias."""

RelativePath = Annotated[str, BeforeValidator(_relative)]
"""A path below the corpus' root, through zip archives too: ``labels.zip/all.csv``."""

WordMap = Annotated[dict[str, str | None], BeforeValidator(_words)]
"""Text in the file -> label; null drops it."""

TextMap = Annotated[dict[str, str], BeforeValidator(_words)]
"""Text in the file -> the text that is meant."""

Pattern = Annotated[str, AfterValidator(lambda value: _regex(value).pattern)]
"""A regular expression as its text, for keys; it must match the whole of what it is held against."""

Template = Annotated[str, BeforeValidator(_template)]
"""Text with ``{group}`` where a named group of a pattern goes."""

Beside = Annotated[tuple[Template, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
"""Name of a file in the recording's own folder or, with a leading ``/``, below the root; of several the first there."""
