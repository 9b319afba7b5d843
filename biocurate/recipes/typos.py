"""What to say about a name that is none of those allowed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: object, allowed: Iterable[str]) -> str:
    """Name the nearest match, then all that is allowed."""
    names = sorted(map(str, allowed))
    close = get_close_matches(str(name), names, n=1) or get_close_matches(
        str(name).lower(), [candidate.lower() for candidate in names], n=1
    )
    guess = next((candidate for candidate in names if close and candidate.lower() == close[0].lower()), None)
    hint = f"Did you mean {guess!r}? " if guess else ""
    return f"{hint}Allowed: {', '.join(names) or 'nothing'}."
