"""Bytes of small files that were just read: one read serves a plan, the header, the checks, the samples and the hash.

A file is taken for the one that was read while its size and time of last change are the same. A clock of files ticks in
milliseconds, so that a file which changed a moment before it was read could change once more unseen: it is not kept
(as in git's index, see its documentation, "racy-git").
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict

LARGEST = 1 << 22
"""Bytes of a file that is kept."""
ROOM = 1 << 24
"""Bytes of all files that are kept; the oldest go first."""
SETTLED_NS = 1_000_000_000
"""Age of a file's last change from which on it is kept."""

Stamp = tuple[int, int]
"""Size and time of last change in nanoseconds of Unix time."""

_files: OrderedDict[str, tuple[Stamp, bytes]] = OrderedDict()
_held = 0


def keep(path: str, stamp: Stamp, data: bytes) -> None:
    """Keep the bytes that a file was just found to have.

    Parameters
    ----------
    path : str
        On disk.
    stamp : (int, int)
        Size and time of last change, as they were before the file was read.
    data : bytes
    """
    global _held
    drop(path)
    size, mtime_ns = stamp
    if size != len(data) or size > LARGEST or time.time_ns() - mtime_ns < SETTLED_NS:
        return
    _files[path] = stamp, data
    _held += size
    while _held > ROOM:
        drop(next(iter(_files)))


def kept(path: str, stamp: Stamp) -> bytes | None:
    """The bytes of a file that is as it was when it was read; None where they have to be read."""
    found = _files.get(path)
    return found[1] if found is not None and found[0] == stamp else None


def is_kept(path: str) -> bool:
    """Whether there are bytes of a file, of now or of before: where there are none, it need not be looked at."""
    return path in _files


def at_hand(path: str) -> bytes | None:
    """As `kept`, of a file that is looked at now.

    Raises
    ------
    OSError
        It cannot be looked at.
    """
    if path not in _files:
        return None
    status = os.stat(path)  # noqa: PTH116
    return kept(path, (status.st_size, status.st_mtime_ns))


def given(path: str, stamp: Stamp) -> bytes | None:
    """As `kept`, once: a hash is made of them, and whoever hashes the file again looks at the disk."""
    data = kept(path, stamp)
    drop(path)
    return data


def drop(path: str) -> None:
    """Forget a file."""
    global _held
    found = _files.pop(path, None)
    if found is not None:
        _held -= found[0][0]
