"""Why files were not read, told so that those of one fault are counted together."""

from __future__ import annotations

import re

_FILE = re.compile(r"^(?:[^:]*(\.\w{1,8})|[0-9a-f]{16}): ")
"""The file that a message is about where that is not its row's own: a companion's name, or its hash."""
_FIGURE = re.compile(r"\b\d[\d,]*(?:\.\d+)?\b")


def reason_of(message: str) -> str:
    """Give a failure's message with ``*`` for the name of a companion and ``#`` for figures."""
    return _FIGURE.sub("#", _FILE.sub(r"*\1: ", message))
