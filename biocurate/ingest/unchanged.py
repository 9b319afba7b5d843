"""Whether a file is as it was, told by its size and time of last change; the time itself is not stored.

Files that were copied with their times kept say when they were recorded, and a store keeps no dates. What it has is a
hash of the time, cut to 32 bits and salted with the file's content: one changed file in four thousand million of the
same size passes for unchanged. It hides the time from readers, not from somebody who tries every second of a decade.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from biocurate.formats.source import Source
from biocurate.ingest.job import stamp

BITS = 32
"""A time in nanoseconds since 1970 is longer: by that, stores that have such times are known."""


def mark(sha256: str, mtime_ns: int) -> int:
    """What ``sources.mtime_ns`` holds of a time of last change.

    Parameters
    ----------
    sha256 : str
        Of the file's bytes.
    mtime_ns : int
        Nanoseconds of Unix time.
    """
    return int.from_bytes(hashlib.sha256(f"{sha256} {mtime_ns}".encode()).digest()[: BITS // 8], "big")


def is_unchanged(source: Source, item: Mapping[str, Any]) -> bool:
    """Whether size and time of a file are those that an entry of ``sources`` was made with."""
    found = stamp(source)
    if found is None or found[0] != item["bytes"]:
        return False
    # Stores that an earlier version wrote hold the time itself.
    return item["mtime_ns"] in (found[1], mark(item["sha256"], found[1]))
