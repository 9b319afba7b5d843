"""What is left to be said in a recipe that was drafted."""

from __future__ import annotations

import re

MARK = "TODO"
"""What a draft writes where a person must say something."""

_UNSAID = re.compile(r"(title|licence|citation|url)\s*:\s*[\"']?unknown[\"']?\s*(#.*)?")
_FIELD = re.compile(r"[#\s]*(\w+)\s*:.*")
_RULE = re.compile(r"\s*- \{match: (.*), sensor: .*")


def todos(text: str) -> list[tuple[int, str]]:
    """Places of a recipe's text that are not finished.

    Returns
    -------
    list of (int, str)
        Line, from 1, and what stands there: every `MARK` in a comment, and every field that still says ``unknown``.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        code, sign, comment = line.partition(f"# {MARK}")
        if sign:
            field = _RULE.fullmatch(code) or _FIELD.fullmatch(code)
            said = comment.lstrip(": ").strip()
            found.append((number, f"{field[1]}: {said}" if field else said))
        elif unsaid := _UNSAID.fullmatch(line.strip()):
            found.append((number, f"{unsaid[1]}: it is still unknown"))
    return found
