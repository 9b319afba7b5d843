"""The most memory that a process holds while a file is run. It brings no torch, whose own memory would hide that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from zoo.deploying.session import Session

STATUS = Path("/proc/self/status")
"""Where Linux tells of a process's memory; other systems do not tell the peak of a process by itself."""

RUNS = 3
"""Inferences: a runtime takes what it needs at the first ones, and keeps it."""


def peaks(file: Path, arrays: Mapping[str, NDArray[Any]]) -> tuple[float, float]:
    """Run a file in this process.

    Returns
    -------
    peak, before : float
        Megabytes: the most that the process held, and the same once the file was read and nothing was run.
        NaN where the system does not tell.
    """
    session = Session(file)
    before = _peak_mb()
    for _ in range(RUNS):
        session.run(arrays)
    return _peak_mb(), before


def _peak_mb() -> float:
    if not STATUS.is_file():
        return float("nan")
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6
