"""Real samples to measure on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.formats import reader, scan

SUFFIXES = {".edf": "edf", ".bdf": "edf", ".hea": "wfdb"}
"""Readers of files that need no options."""


def end_to_end(root: Path) -> tuple[NDArray[Any], float]:
    """The first stream of every EDF or WFDB file below a folder, end to end, as long as they are alike.

    Returns
    -------
    array, shape (channels, samples), and the rate in hertz
    """
    blocks: list[NDArray[Any]] = []
    rate = 0.0
    for source in scan(root):
        if Path(source.name).suffix in SUFFIXES:
            read = reader(SUFFIXES[Path(source.name).suffix])
            stream = read.read(source, read.Options()).streams[0]
            rate = rate or stream.rate_hz
            if stream.rate_hz == rate and (not blocks or len(stream.channels) == len(blocks[0])):
                blocks.append(stream.digital)
    if not blocks:
        raise UsageError("there is no EDF or WFDB file to measure on.", where=str(root))
    return np.ascontiguousarray(np.concatenate(blocks, axis=1)), rate
