"""HDF5 files: arrays by their paths, whichever program wrote them; ranges are read as they are asked for."""

from __future__ import annotations

from biocurate.formats import register
from biocurate.formats.arrays.reader import ArrayReader
from biocurate.formats.hdf5.file import open_hdf5
from biocurate.formats.source import Source


@register("hdf5")
class Hdf5Reader(ArrayReader):
    """Reads one HDF5 file; axes are in the order of the array's shape."""

    name = "hdf5"
    opener = staticmethod(open_hdf5)
    drops_ones = False

    def is_hdf5(self, source: Source) -> bool:
        """It is, or it is no file of this reader."""
        return True
