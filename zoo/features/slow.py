"""Slowly varying quantities: temperature, heart rate from a device, oxygen saturation, pressure; and motion."""

from __future__ import annotations

import numpy as np

from zoo.features import known
from zoo.features.block import Block, Columns, Floats


def statistics(block: Block) -> Columns:
    """Mean, slope, spread, least and greatest value of each channel.

    A single channel's features go without its name, which differs between devices. A constant channel is a reading
    like any other here, so that only invalid samples make a window unknown.
    """
    x, _ = block.clean()
    known_enough = np.isfinite(block.x).mean(axis=-1) > 0.5
    columns: list[tuple[str, str, Floats]] = []
    for row, channel in enumerate(block.channels):
        of = x[:, row]
        prefix = "" if len(block.channels) == 1 else f"{channel}."
        columns += [
            (f"{prefix}{name}", unit, np.where(known_enough[:, row], values, np.nan))
            for name, unit, values in (
                ("mean", "canonical unit", of.mean(axis=1)),
                ("slope", "canonical unit/min", 60 * slope(of, block.rate_hz)),
                ("spread", "canonical unit", of.std(axis=1)),
                ("least", "canonical unit", of.min(axis=1)),
                ("greatest", "canonical unit", of.max(axis=1)),
            )
        ]
    return Columns.of(columns)


def motion(block: Block) -> Columns:
    """How much an accelerometer or gyroscope moves, whatever way it is worn.

    The magnitude over the axes is used: its mean, its spread, and its mean change a second.
    """
    x, usable = block.clean()
    good = usable.any(axis=1)
    magnitude = np.sqrt((x**2).sum(axis=1))
    change = np.abs(np.diff(magnitude, axis=1)).mean(axis=1) * block.rate_hz
    columns = [
        ("magnitude", "canonical unit", magnitude.mean(axis=1)),
        ("spread", "log10 canonical unit", known.log10(magnitude.std(axis=1))),
        ("change", "log10 canonical unit/s", known.log10(change)),
    ]
    return Columns.of([(name, unit, np.where(good, values, np.nan)) for name, unit, values in columns])


def slope(x: Floats, rate_hz: float) -> Floats:
    """Least-squares slope of each row a second, shape (windows,)."""
    seconds = (np.arange(x.shape[-1]) - (x.shape[-1] - 1) / 2) / rate_hz
    square = (seconds**2).sum()
    return np.asarray(x @ seconds / square) if square else np.zeros(len(x))
