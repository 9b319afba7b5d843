"""Digital and physical limits of eight characters that give back a channel's gain and offset.

An EDF header does not hold a gain: it holds two digital and two physical numbers, in eight ASCII characters each, and
the line through them is the calibration (EDF 1992, "the header record"). Limits that were written once are found again;
for any other calibration the pair is searched whose line comes nearest, among all digital limits outside the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FLOAT32 = 2.0**-24
"""Relative rounding error of float32."""

_WIDTH = 8
_SEARCHED = 1 << 15
_BEST = 128
_QUICK = 1 << 11
_NEAR = 1e-6  # of a digital step: what is found as near as this needs no further search


@dataclass(frozen=True)
class Limits:
    """What stands in the header, and what it gives back."""

    digital_min: int
    digital_max: int
    physical_min: str
    physical_max: str
    gain: float
    offset: float
    steps: float
    """Largest difference to the calibration wanted, over the data, in digital steps."""
    is_equal: bool
    """Whether gain and offset come back to float32 or better."""
    covers: bool
    """Whether the data lie within the digital limits."""


def eight(value: Fraction | float, rounding: str = ROUND_HALF_EVEN) -> str:
    """Nearest decimal number of at most eight characters, without an exponent, which EDF does not know.

    Raises
    ------
    ValueError
        None fits.
    """
    number = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else Decimal(value)
    if abs(number) < 10**_WIDTH:
        room = _WIDTH - 1 - len(str(int(number)))
        for decimals in range(max(min(room, _WIDTH - 2), 0), -1, -1):
            text = f"{number.quantize(Decimal(1).scaleb(-decimals), rounding):f}"
            if len(text) <= _WIDTH:
                text = text.rstrip("0").rstrip(".") if "." in text else text
                return "0" if text == "-0" else text
    raise ValueError(f"{float(value)} does not fit {_WIDTH} characters")


@lru_cache(maxsize=4096)
def limits(gain: float, offset: float, low: int, high: int, bits: int) -> Limits | None:
    """Find limits for a calibration.

    Parameters
    ----------
    gain, offset : float
        physical = digital * gain + offset
    low, high : int
        Extremes of the valid samples; the digital limits lie outside of them.
    bits : int
        16 for EDF, 24 for BDF.

    Returns
    -------
    Limits or None
        None where no number near the calibration fits, or it is no line.
    """
    if not (np.isfinite(gain) and np.isfinite(offset) and gain):
        return None
    first, last = -(1 << bits - 1), (1 << bits - 1) - 1
    low, high = max(min(low, high), first), min(max(low, high), last)
    for bottom, top in _usual(bits):
        usual = _made(gain, offset, low, high, bottom, top)
        if usual is not None and usual.covers and (usual.gain, usual.offset) == (gain, offset):
            return usual
    lower, upper = _searched(first, min(low, last - 1)), _searched(last, max(high, first + 1))
    quick = _nearest(gain, offset, low, high, lower[:_QUICK], upper[:_QUICK])
    if quick is not None and quick.is_equal and quick.steps < _NEAR:
        return quick
    found = _nearest(gain, offset, low, high, lower, upper)
    if found is not None and found.is_equal:
        return found
    # Data up to the last integer leave no room to search; a right calibration is worth more than limits around them.
    inside = _nearest(gain, offset, low, high, _searched(first, 0), _searched(last, 1))
    return inside if inside is not None and (inside.is_equal or found is None) else found


def _usual(bits: int) -> Iterator[tuple[int, int]]:
    """Digital limits that converters and writers have, the widest first: all integers of so many bits."""
    for each in range(bits, 7, -1):
        half = 1 << each - 1
        yield -half, half - 1
        yield 1 - half, half - 1


def _searched(outer: int, inner: int) -> NDArray[np.int64]:
    """Digital values from the outermost inwards: those near both ends where there are too many."""
    step = 1 if inner >= outer else -1
    count = abs(inner - outer) + 1
    if count <= 2 * _SEARCHED:
        return np.arange(outer, inner + step, step, dtype=np.int64)
    ends = np.arange(_SEARCHED, dtype=np.int64) * step
    return np.concatenate([outer + ends, (inner - ends)[::-1]])


def _nearest(
    gain: float, offset: float, low: int, high: int, lower: NDArray[np.int64], upper: NDArray[np.int64]
) -> Limits | None:
    lower, bottom = _printable(gain, offset, lower)
    upper, top = _printable(gain, offset, upper)
    if not len(lower) or not len(upper):
        return None
    bottom, top = bottom[:, None], top[None, :]
    span = upper[None, :] - lower[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = (top - bottom) / span
        offsets = top - upper[None, :] * gains
        away = [np.abs((gains - gain) * place + (offsets - offset)) for place in (low, high)]
    # Equal to the last bit comes first, of these the widest; else what is nearest over the data.
    cost = np.where((gains == gain) & (offsets == offset), -span.astype(float), np.maximum(*away))
    cost[~np.isfinite(cost) | (span <= 0)] = np.inf
    row, column = np.unravel_index(np.argmin(cost), cost.shape)
    if not np.isfinite(cost[row, column]):
        return None
    return _made(gain, offset, low, high, int(lower[row]), int(upper[column]))


def _printable(gain: float, offset: float, digital: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Those whose physical value loses least in eight characters, of equals the outermost; and these values."""
    physical = digital * gain + offset
    negative = physical < 0
    whole = np.maximum(np.floor(np.log10(np.maximum(np.abs(physical), 1e-300))) + 1, 1)
    fits = whole + negative <= _WIDTH
    scale = 10.0 ** np.clip(_WIDTH - 1 - negative - whole, 0, _WIDTH - 2)
    rounded = np.round(physical * scale) / scale
    lost = np.abs(rounded - physical)
    rounding = 4 * np.finfo(float).eps * (np.abs(physical) + abs(offset))
    lost[lost <= rounding] = 0
    kept = np.flatnonzero(fits)
    best = kept[np.lexsort((kept, lost[kept]))[:_BEST]]
    return digital[best], rounded[best]


def _made(gain: float, offset: float, low: int, high: int, first: int, last: int) -> Limits | None:
    try:
        bottom, top = eight(first * gain + offset), eight(last * gain + offset)
    except ValueError:
        return None
    # As a reader computes them; see `EdfSignal.calibration`.
    read_gain = (float(top) - float(bottom)) / (last - first)
    read_offset = float(top) - last * read_gain
    if not read_gain:
        return None
    away = max(abs((read_gain - gain) * place + (read_offset - offset)) for place in (low, high))
    equal = abs(read_gain - gain) <= FLOAT32 * abs(gain) and abs(read_offset - offset) <= FLOAT32 * max(
        abs(offset), abs(gain)
    )
    covers = first <= low and high <= last
    return Limits(first, last, bottom, top, read_gain, read_offset, away / abs(gain), equal, covers)
