"""Judge a batch of windows: every measure of their sensor type, and one reason a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biocurate.curate.quality.block import Block
from biocurate.curate.quality.catalogue import measures
from biocurate.curate.quality.reasons import labels, worst
from biocurate.curate.quality.registry import Measure
from biocurate.errors import UsageError
from biocurate.sensors import SensorType

AT_ONCE = 2_000_000
"""Samples that are judged together, which bounds the memory."""


@dataclass(frozen=True)
class Scores:
    """What was measured of a batch."""

    columns: dict[str, NDArray[np.float64]]
    """Of each measure's column: shape (windows, channels), from 0 to 1; NaN where ``reason`` says why."""
    reason: NDArray[np.str_]
    """Shape (windows, channels): ok, or what kept a measure from its value or made it 0."""


def score(
    x: ArrayLike,
    rate_hz: float,
    sensor: SensorType | str,
    unit: str | None = None,
    only: Sequence[Measure] | None = None,
) -> Scores:
    """Judge windows; whatever the samples are, each gets a value or a reason.

    Parameters
    ----------
    x : array, shape (windows, channels, samples), float32
        NaN and infinite where not known.
    rate_hz : float
        Above 0.
    sensor : SensorType or str
    unit : str, optional
        Unit of the samples. Limits of the body are held against them where it is the sensor type's canonical one.
    only : sequence of Measure, optional
        Only these; else all of the sensor type.

    Raises
    ------
    UsageError
        Where the array has not three axes, or the rate is no number above 0.
    """
    with np.errstate(over="ignore"):
        batch = np.asarray(x, dtype=np.float32)
    if batch.ndim != 3:
        raise UsageError(f"windows have three axes, not {batch.ndim}.", mend="Give (windows, channels, samples).")
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise UsageError(f"{rate_hz} is no sampling rate.", mend="Give hertz, above 0.")
    kind = SensorType.parse(str(sensor))
    chosen = measures(kind) if only is None else list(only)
    n_windows, n_channels, n_samples = batch.shape
    rows = batch.reshape(n_windows * n_channels, n_samples)
    step = max(1, AT_ONCE // max(n_samples, 1))
    parts = [
        _judge(Block(kind, float(rate_hz), unit, rows[first : first + step].astype(np.float64)), chosen)
        for first in range(0, max(len(rows), 1), step)
    ]
    shape = n_windows, n_channels
    columns = {
        each.column: np.concatenate([values[each.column] for values, _ in parts]).reshape(shape) for each in chosen
    }
    return Scores(columns, labels(np.concatenate([reason for _, reason in parts]).reshape(shape)))


def _judge(block: Block, chosen: Sequence[Measure]) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int8]]:
    """Values of each measure and the worst reason of each row."""
    found = {each.column: each.function(block) for each in chosen}
    reasons = [block.state(0.0), *(judged.reason for judged in found.values())]
    return {column: judged.value for column, judged in found.items()}, worst(*reasons)
