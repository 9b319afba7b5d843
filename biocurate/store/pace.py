"""Hand batches to a writer no faster than it writes them.

Delta's writer takes whatever comes into a queue of its own: ten million windows that are made faster than they are
encoded would lie there by the hundred megabytes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pyarrow as pa

AHEAD = 32 * 2**20
"""Bytes of batches that may wait."""

PATIENCE_S = 1.0
"""A writer that frees nothing for so long is not waited for again: what is held may be somebody else's."""

STEP_S = 0.002


def paced(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give on batches, each when the writer has let go of most of those before.

    Parameters
    ----------
    batches : iterator of RecordBatch
    """
    before, patient = pa.total_allocated_bytes(), True
    for batch in batches:
        patient = patient and _let_go(before + AHEAD)
        yield batch


def _let_go(most: int) -> bool:
    """Wait until Arrow holds no more than so many bytes; tells whether it came to that."""
    until = time.monotonic() + PATIENCE_S
    while pa.total_allocated_bytes() > most:
        if time.monotonic() > until:
            return False
        time.sleep(STEP_S)
    return True
