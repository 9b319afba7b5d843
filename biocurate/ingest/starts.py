"""When each recording starts after its person's first one; dates themselves are not kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from biocurate.ingest.headers import Found


def starts_of(found: Iterable[Found], there: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Start of each recording whose header tells it, in nanoseconds.

    What the store holds counts, too: a first recording whose file is gone still is the first.

    Parameters
    ----------
    found : iterable of Found
        Every recording of each person in it.
    there : mapping
        recording_id -> its row, with ``start_ns``.
    """
    clocks: dict[str, dict[str, int]] = defaultdict(dict)
    for each in found:
        if each.start_unix_ns is not None:
            clocks[each.unit.person][each.unit.recording_id] = each.start_unix_ns
    starts: dict[str, int] = {}
    for times in clocks.values():
        known = {name: there[name]["start_ns"] for name in times if name in there}
        first = min([*times.values(), *(times[name] - start for name, start in known.items() if start is not None)])
        starts |= {name: start - first for name, start in times.items()}
    return starts
