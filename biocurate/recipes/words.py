"""From the text in a file to a label."""

from __future__ import annotations

import re

from biocurate.recipes.fields import whole
from biocurate.recipes.labelling import Words


def label_of(text: str | None, words: Words) -> str | None:
    """Cut out, amend and translate one text; None where it says nothing, or where the recipe drops it."""
    cut = _amended(text, words)
    if cut is None or words.map is None:
        return cut
    return words.map.get(cut)


def is_unknown(text: str | None, words: Words) -> bool:
    """Whether a text is there that the recipe neither translates nor drops."""
    if text is None or not text.strip():
        return False
    cut = _amended(text, words)
    return cut is None or (words.map is not None and cut not in words.map)


def _amended(text: str | None, words: Words) -> str | None:
    cut = cut_out(text, words.match)
    return None if cut is None else words.replace.get(cut, cut)


def cut_out(text: str | None, pattern: re.Pattern[str] | None) -> str | None:
    """The part of a text that a pattern takes: its group ``value``, else its first group, else all of it."""
    if text is None or not (text := text.strip()):
        return None
    if pattern is None:
        return text
    match = whole(pattern, text)
    if match is None:
        return None
    cut = match["value"] if "value" in pattern.groupindex else match[1] if pattern.groups else match[0]
    return (cut or "").strip() or None


def is_spelt_beside(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether what `cut_out` leaves of a text stands in the pattern as it is: no ``.*`` has let it through."""
    match = pattern.fullmatch(text.strip())
    if match is None:
        return False
    group: str | int = "value" if "value" in pattern.groupindex else min(pattern.groups, 1)
    beside = match.string[: match.start(group)], match.string[match.end(group) :]
    return match.start(group) >= 0 and all(piece in pattern.pattern for piece in beside)


def number_beside(text: str, pattern: re.Pattern[str] | None) -> float | None:
    """The number that a pattern's group ``number`` takes, if it has one."""
    if pattern is None or "number" not in pattern.groupindex:
        return None
    match = pattern.fullmatch(text.strip())
    return number_of(match["number"]) if match else None


def number_of(text: str | None) -> float | None:
    """The number that a text is, if it is one."""
    try:
        return float(text) if text is not None and re.fullmatch(r"[-+.\deE]+", text.strip()) else None
    except ValueError:
        return None
