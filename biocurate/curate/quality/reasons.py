"""Why a window's quality is what it is."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Reason(IntEnum):
    """What stands in the column ``reason``; of several, the least number does."""

    TOO_SHORT = 1
    """Fewer samples than an index of its sensor type needs: the index is null."""
    RATE_TOO_LOW = 2
    """The sampling rate does not reach what an index looks at: the index is null."""
    MISSING = 3
    """Less than half of the samples are known: the index is 0."""
    FLAT = 4
    """Less than half of the samples move: the index is 0."""
    NO_BEATS = 5
    """Fewer than three heart beats or pulses are seen: the index is 0."""
    NO_UNIT = 6
    """The unit is not known, so that limits of the body cannot be held against it: ``out_of_range`` is null."""
    OK = 9
    """Everything could be computed."""

    @property
    def label(self) -> str:
        """As it stands in the store."""
        return self.name.lower().replace("_", "-")


def worst(*reasons: NDArray[np.int8]) -> NDArray[np.int8]:
    """The least of several reasons, row by row."""
    return np.asarray(np.minimum.reduce(reasons))


def labels(reasons: NDArray[np.int8]) -> NDArray[np.str_]:
    """Reasons as they stand in the store, in the same shape."""
    names = np.full(max(Reason) + 1, "", dtype="U16")
    names[list(Reason)] = [reason.label for reason in Reason]
    return np.asarray(names[reasons])
