"""Memory of mapped files: pages that were read stay with the process until they are given back."""

from __future__ import annotations

import mmap
from typing import Any

from numpy.typing import NDArray

from biocurate.errors import SourceError
from biocurate.formats.source import Source

LARGE = 64 * 2**20
"""A smaller map may stay as it is: to fault its pages in again costs more than they weigh."""


MAX_MEMBER = 2**30
"""Largest member, in bytes, that is read out of an archive: it is held in memory."""


def mapped(source: Source) -> mmap.mmap | bytes:
    """Map a file into memory, of which nothing is read until it is indexed; a member of an archive is unpacked.

    Nor is a file mapped that was just read (`kept`).

    Raises
    ------
    SourceError
        A member is too large to be held in memory.
    """
    if source.member is None:
        if (data := source.at_hand()) is not None:
            return data
        with source.open() as stream:
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    if source.size > MAX_MEMBER:
        raise SourceError(
            f"is too large to be read out of its archive ({source.size:,} bytes).",
            where=source.virtual,
            mend="Unpack the archive.",
        )
    with source.open() as stream:
        return stream.read()


def give_back(array: NDArray[Any]) -> None:
    """Give the pages of a large mapped file back; what is read next is faulted in again, mostly from the page cache.

    A recording of 20 GB would otherwise count as 20 GB of its reader's memory.

    Parameters
    ----------
    array : array
        A view of the map; nothing happens where it is none.
    """
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    if base is not None and len(base) > LARGE and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
