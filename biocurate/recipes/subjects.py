"""Age and sex of a recording's subject, from where the recipe says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
    fields: Subject, unit: Unit, comments: Sequence[str], age: float | None, sex: str | None
) -> tuple[float | None, str | None, list[str]]:
    """Age and sex by the recipe, with warnings where they are unreadable or the file's header differs.

    Parameters
    ----------
    fields : Subject
    unit : Unit
    comments : sequence of str
        Of the raw files' headers.
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
    years, age_notes = _stated("age", fields.age, age_of, age, unit, comments)
    letter, sex_notes = _stated("sex", fields.sex, sex_of, header_sex, unit, comments)
    return years, letter, age_notes + sex_notes


def differing(warning: str) -> str | None:
    """Tell what a warning says to differ between table and header (``sex: subject-info.csv``); None for another."""
    match = _DIFFERING.fullmatch(warning)
    return None if match is None else match["what"]


def _stated(
    name: str,
    field: SubjectField,
    read: Callable[[str], T | None],
    header: T | None,
    unit: Unit,
    comments: Sequence[str],
) -> tuple[T | None, list[str]]:
    if isinstance(field, HeaderField):
        return header, []
    where = field.file if isinstance(field, Keyed) else "header comments" if field.source == "comments" else "file name"
    texts = texts_of(field, unit, comments)
    value = read(label_of(texts[0], as_cut(field)) or "") if texts else None
    if value is None:
        return None, [f"{name}: none that can be read in {where}"]
    if header is not None and header != value:
        return value, [_DIFFER.format(name=name, where=where)]
    return value, []
