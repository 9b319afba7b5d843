"""The bytes of a file of arrays: mapped from disk, or held in memory where it lies in an archive."""

from __future__ import annotations

import mmap

from biocurate.errors import SourceError
from biocurate.formats.impostors import refuse_impostor
from biocurate.formats.source import Source

MAX_MEMBER = 2**30
"""Largest file, in bytes, that is read out of an archive: it is held in memory."""

Buffer = bytes | mmap.mmap


def bytes_of(source: Source) -> Buffer:
    """Map a file, or hold a member of an archive.

    Raises
    ------
    SourceError
        It is not there, is empty or something else altogether, or is a member that is too large to be held.
    """
    size = source.size
    if source.member is not None and size > MAX_MEMBER:
        raise SourceError(
            f"is too large to be read out of its archive ({size:,} bytes).",
            where=source.virtual,
            mend="Unpack the archive.",
        )
    with source.open() as stream:
        refuse_impostor(stream.read(1024), source.virtual)
        if source.member is None:
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        stream.seek(0)
        return stream.read()
