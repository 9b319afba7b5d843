"""MATLAB files of every version: 4, 5 to 7, and 7.3, told apart by their first bytes.

Files of version 4 to 7 are mapped from disk; variables that version 5 to 7 compressed are unpacked into memory whole,
one file at a time. Those of version 7.3 are HDF5, of which ranges are read.
"""

from __future__ import annotations

from biocurate.errors import SourceError
from biocurate.formats import register
from biocurate.formats.arrays.bytes import bytes_of
from biocurate.formats.arrays.file import Node
from biocurate.formats.arrays.reader import ArrayReader
from biocurate.formats.mat.v4 import Mat4File, order_of
from biocurate.formats.mat.v5 import Mat5File
from biocurate.formats.source import Source

HDF5 = b"\x89HDF\r\n\x1a\n"
"""First bytes of HDF5, which MATLAB writes 512 bytes into the file."""


def open_mat(source: Source) -> Node:
    """Open a file of any version.

    Raises
    ------
    SourceError
        It is no MAT-file, or is damaged.
    """
    buffer = bytes_of(source)
    if _is_hdf5(bytes(buffer[:520])):
        from biocurate.formats.mat.v73 import open_mat73

        return open_mat73(source)
    if bytes(buffer[124:128]) in (b"\x00\x01IM", b"\x01\x00MI"):
        return Mat5File(buffer, source.virtual)
    if len(buffer) >= 20 and order_of(bytes(buffer[:4])) is not None:
        return Mat4File(buffer, source.virtual)
    raise SourceError(
        "is no MAT-file.", where=source.virtual, mend="Download it again, or narrow the recipe's pattern."
    )


def _is_hdf5(first: bytes) -> bool:
    return HDF5 in (first[:8], first[512:520])


@register("mat")
class MatReader(ArrayReader):
    """Reads one MAT-file; axes are in the order of MATLAB's `size`."""

    name = "mat"
    opener = staticmethod(open_mat)
    drops_ones = True

    def is_hdf5(self, source: Source) -> bool:
        """Whether it is of version 7.3."""
        with source.open() as stream:
            return _is_hdf5(stream.read(520))
