"""What a store calls files, recordings and persons where a recipe says ``files.hash_names: true``.

Each name is replaced by the first 16 hexadecimal digits of its sha256. There is no key, so that the same files get the
same ids on every machine, a second run finds what the first one stored, and corpora that share persons still do.

It keeps names out of sight of whoever has the store alone: of those who query it, publish it or read its logs. It does
not keep them from someone who can list candidates: a hash of ``Subject07`` or of a date is found by trying all, and
whoever has the raw files can match every row. It is a pseudonym, no anonymity. What the recipe itself spells out, and
labels that it takes from names, are stored as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

SHORTEST = 3
"""A name of fewer letters is not looked for in sentences: a subject called 1 would take every figure with it."""

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")


def hashed(name: str) -> str:
    """A name as a store holds it."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def hide(text: str, names: Iterable[str]) -> str:
    """Put hashes for names in a sentence; of two names that begin at one letter the longer is taken."""
    sought = sorted((name for name in names if len(name) >= SHORTEST), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, sought)), lambda found: hashed(found[0]), text) if sought else text


def reveal(text: str, names: Iterable[str]) -> str:
    """Put names back for their hashes: a terminal may show what a store may not hold."""
    known = {hashed(name): name for name in names}
    return _HASH.sub(lambda found: known.get(found[0], found[0]), text)
