"""Training persons dealt into parts, so that a penalty is chosen on persons that it was not fitted to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]

INNER = 4
"""Parts that training persons are dealt into."""


def dealt(person: Codes | None, windows: int) -> Codes:
    """Part of each training window, shape (windows,); windows count as persons where these are not known."""
    group = np.arange(windows) if person is None else np.unique(person, return_inverse=True)[1]
    return np.asarray(group % INNER)
