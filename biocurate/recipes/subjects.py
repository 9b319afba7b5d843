"""Age and sex of a recording's subject, from where the recipe says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from biocurate.recipes.labelling import HeaderField, Keyed, SubjectField
from biocurate.recipes.labels import as_cut, texts_of
from biocurate.recipes.schema import Subject
from biocurate.recipes.units import Unit
from biocurate.recipes.words import label_of

T = TypeVar("T", float, str)

_SEXES = {"f": "F", "female": "F", "w": "F", "woman": "F", "m": "M", "male": "M", "man": "M"}
_AGE = re.compile(r"(?P<over>>\s*)?(?P<years>\d{1,3}(?:\.\d+)?)\s*(?:\+|y|yr|yrs|years)?", re.IGNORECASE)
_DIFFER = "{name}: {where} and file header differ; that of {where} is kept"
_DIFFERING = re.compile(r"(?P<what>(?:age|sex): (?P<where>.+)) and file header differ; that of (?P=where) is kept")
OLDEST = 120.0
"""Years; what is above is a wrong cell."""


def age_of(text: str) -> float | None:
    """Years that a text states: ``51``, ``51 years``, ``>89`` (read as 90); None where it states none."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        return None
    years = float(match["years"])
    years += 1.0 if match["over"] else 0.0
    return years if 0 <= years <= OLDEST else None


def sex_of(text: str) -> str | None:
    """``F`` or ``M``; None where a text says neither."""
    return _SEXES.get(text.strip().lower())


def subject_of(
    fields: Subject,
    unit: Unit,
    comments: Sequence[str],
    header: Mapping[str, str],
    age: float | None,
    sex: str | None,
) -> tuple[float | None, str | None, list[str]]:
    """Age and sex by the recipe, with warnings where they are unreadable or the file's header differs.

    Parameters
    ----------
    fields : Subject
    unit : Unit
    comments : sequence of str
        Of the raw files' headers.
    header : mapping of str to str
        Their text fields.
    age, sex : optional
        As the raw files' headers state them.

    Returns
    -------
    age : float or None
    sex : str or None
    warnings : list of str
        Never a value, only that it differs.
    """
    header_sex = sex_of(sex) if sex is not None else None
    years, age_notes = _stated("age", fields.age, age_of, age, _texts(fields.age, unit, comments, header))
    letter, sex_notes = _stated("sex", fields.sex, sex_of, header_sex, _texts(fields.sex, unit, comments, header))
    return years, letter, age_notes + sex_notes


def differing(warning: str) -> str | None:
    """Tell what a warning says to differ between table and header (``sex: subject-info.csv``); None for another."""
    match = _DIFFERING.fullmatch(warning)
    return None if match is None else match["what"]


def _differ(header: float | str, value: float | str) -> bool:
    """Whether two statements cannot both be true; an age with months is that of a header's whole years."""
    if isinstance(header, float) and isinstance(value, float):
        return abs(header - value) >= 1
    return header != value


def _stated(
    name: str,
    field: SubjectField,
    read: Callable[[str], T | None],
    header: T | None,
    texts: Sequence[str],
) -> tuple[T | None, list[str]]:
    if isinstance(field, HeaderField) and field.field is None:
        return header, []
    where = _place(field)
    value = read(label_of(texts[0], as_cut(field)) or "") if texts else None
    if value is None:
        return None, [f"{name}: none that can be read in {where}"]
    if header is not None and _differ(header, value):
        return value, [_DIFFER.format(name=name, where=where)]
    return value, []


def _texts(field: SubjectField, unit: Unit, comments: Sequence[str], header: Mapping[str, str]) -> Sequence[str]:
    """What the files say, before `as_cut` translates it."""
    if isinstance(field, HeaderField):
        return [header.get(field.field or "", "")]
    return texts_of(field, unit, comments) or []


def _place(field: SubjectField) -> str:
    """Where a field is read, for warnings."""
    if isinstance(field, Keyed):
        return field.file
    return {"comments": "header comments", "header": "the header's patient field"}.get(field.source, "file name")
