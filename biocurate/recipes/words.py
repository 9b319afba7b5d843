"""From the text in a file to a label."""

from __future__ import annotations

import re

from biocurate.recipes.labelling import Words


def label_of(text: str | None, words: Words) -> str | None:
    """Cut out and translate one text; None where it says nothing, or where the recipe drops it."""
    cut = cut_out(text, words.match)
    if cut is None or words.map is None:
        return cut
    return words.map.get(cut)


def is_unknown(text: str | None, words: Words) -> bool:
    """Whether a text is there that the recipe neither translates nor drops."""
    if text is None or not text.strip():
        return False
    cut = cut_out(text, words.match)
    return cut is None or (words.map is not None and cut not in words.map)


def cut_out(text: str | None, pattern: re.Pattern[str] | None) -> str | None:
    """The part of a text that a pattern takes: its group ``value``, else its first group, else all of it."""
    if text is None or not (text := text.strip()):
        return None
    if pattern is None:
        return text
    match = pattern.fullmatch(text)
    if match is None:
        return None
    cut = match["value"] if "value" in pattern.groupindex else match[1] if pattern.groups else match[0]
    return (cut or "").strip() or None


def number_of(text: str | None) -> float | None:
    """The number that a text is, if it is one."""
    try:
        return float(text) if text is not None and re.fullmatch(r"[-+.\deE]+", text.strip()) else None
    except ValueError:
        return None
