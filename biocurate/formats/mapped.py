"""Memory of mapped files: pages that were read stay with the process until they are given back."""

from __future__ import annotations

import mmap
from typing import Any

from numpy.typing import NDArray

LARGE = 64 * 2**20
"""A smaller map may stay as it is: to fault its pages in again costs more than they weigh."""


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
