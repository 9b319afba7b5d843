"""The bytes of a file of arrays: mapped from disk, or held in memory where it lies in an archive."""

from __future__ import annotations

import mmap

from biocurate.formats.impostors import refuse_impostor
from biocurate.formats.mapped import mapped
from biocurate.formats.source import Source

Buffer = bytes | mmap.mmap


def bytes_of(source: Source) -> Buffer:
    """Map a file, or hold a member of an archive.

    Raises
    ------
    SourceError
        It is not there, is empty or something else altogether, or is a member that is too large to be held.
    """
    with source.open() as stream:
        refuse_impostor(stream.read(1024), source.virtual)
    return mapped(source)
