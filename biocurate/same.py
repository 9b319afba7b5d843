"""What a function made of a thing, for whoever hands it the very same one: it is known by itself, not by what it holds.

Most files of a corpus have the same channels, and readers make them once (`formats.edf`): what follows from them need
not be worked out for each file anew. To compare hundreds of fields, or to hash them, would take half as long as that.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")

KEPT = 256
"""Things that a function remembers; then it begins anew."""


def of_the_same(function: Callable[[Item, Key], Made]) -> Callable[[Item, Key], Made]:
    """Let a function of a tuple, or of what else cannot change, and of something to ask of it, remember what it made.

    Parameters
    ----------
    function : callable
        Pure; nobody may change what it gives.
    """
    before: dict[tuple[int, Any], tuple[Item, Made]] = {}

    @wraps(function)
    def remembered(item: Item, key: Key) -> Made:
        place = id(item), key
        found = before.get(place)
        if found is None:
            if len(before) >= KEPT:
                before.clear()
            # It is held with what was made of it: as long as it is, nothing else can have its id.
            found = before[place] = item, function(item, key)
        return found[1]

    return remembered
