"""Measures that cost little and that every sensor type has: shares of samples, and shares of power.

Each is a share by its own definition, 0 where there is nothing of the fault, and so absolute; only kurtosis is not.
"""

from __future__ import annotations

import numpy as np

from biocurate.curate.quality.block import Block, Floats, Judged
from biocurate.curate.quality.reasons import Reason
from biocurate.curate.quality.registry import register
from biocurate.sensors import SensorType

MAINS_HZ = (50.0, 60.0)
HARMONICS = 3
WIDTH_HZ = 0.5
"""How far a grid's frequency and the taper's own width spread a line; EN 50160 allows 1 %."""

_WAVES = (
    SensorType.ECG,
    SensorType.EEG,
    SensorType.EOG,
    SensorType.EMG,
    SensorType.PPG,
    SensorType.ABP,
    SensorType.RESP,
)
_DRIFTING = tuple(each for each in _WAVES if each is not SensorType.EOG)
_KLECKNER = "Kleckner et al., IEEE Trans. Biomed. Eng. 65 (2018) 1460"


@register("missing", version=1, good=False, source="share of samples, by definition")
def missing(block: Block) -> Judged:
    """Share of samples that are not known: gaps, invalid codes, infinite values."""
    return _share(block, ~block.known)


@register("flat", version=1, good=False, source="share of samples; length by sensor type: limits.py")
def flat(block: Block) -> Judged:
    """Share of samples that stand still for longer than the sensor type's signal does."""
    return _share(block, block.flat)


@register("clipped", version=1, good=False, source="share of samples; length by sensor type: limits.py")
def clipped(block: Block) -> Judged:
    """Share of samples that stand at the window's greatest or least value."""
    return _share(block, block.clipped)


@register("out_of_range", version=1, good=False, source=f"limits by sensor type: limits.py; of GSR {_KLECKNER}")
def out_of_range(block: Block) -> Judged:
    """Share of samples beyond what a body gives, or reached faster than it moves."""
    made = _share(block, block.outside | block.steep)
    if block.limits.low is None or block.has_unit:
        return made
    return Judged(np.full(block.rows, np.nan), np.minimum(made.reason, np.int8(Reason.NO_UNIT)))


@register("usable", version=1, source="share of samples: 1 less those of missing, flat, clipped and out of range")
def usable(block: Block) -> Judged:
    """Share of samples that none of the faults above touches."""
    return _share(block, block.usable)


@register("mains", version=1, good=False, sensors=_WAVES, source="share of power within 0.5 Hz of a line (EN 50160)")
def mains(block: Block) -> Judged:
    """Share of power at 50 or 60 Hz, whichever is more, and its first harmonics, as far as the rate reaches."""
    found = np.zeros(block.rows)
    for line in MAINS_HZ:
        lines = [line * number for number in range(1, HARMONICS + 1) if line * number < 0.5 * block.rate_hz]
        found = np.maximum(found, sum((_line(block, hz) for hz in lines), np.zeros(block.rows)))
    return _of_power(block, found)


@register("drift", version=1, good=False, sensors=_DRIFTING, source="share of power below the type's band: limits.py")
def drift(block: Block) -> Judged:
    """Share of power that is slower than the sensor type's signal."""
    return _of_power(block, block.share(0.0, block.limits.drift_hz or 0.0))


@register(
    "kurtosis",
    version=1,
    relative=True,
    sensors=_WAVES,
    source="Clifford et al., Physiol. Meas. 33 (2012) 1419: an ECG has more than 5, noise 3",
)
def kurtosis(block: Block) -> Judged:
    """Kurtosis k as (k - 1) / (k + 1): 0.5 for Gaussian noise, 0.2 for a sine, near 1 for rare spikes."""
    x = block.centred - block.centred.mean(axis=1, keepdims=True) if block.samples.size else block.centred
    square = np.square(x)
    second = square.sum(axis=1) / max(x.shape[1], 1)
    fourth = np.square(square).sum(axis=1) / max(x.shape[1], 1)
    k = np.divide(fourth, second**2, out=np.ones_like(second), where=second > 0)
    return _of_power(block, (k - 1) / (k + 1))


def _line(block: Block, hz: float) -> Floats:
    return block.share(hz - WIDTH_HZ, hz + WIDTH_HZ)


def _share(block: Block, mask: np.ndarray) -> Judged:
    """Share of marked samples; NaN, and too short, in windows without a sample."""
    if not mask.shape[1]:
        return Judged(np.full(block.rows, np.nan), np.full(block.rows, Reason.TOO_SHORT, dtype=np.int8))
    return Judged(np.asarray(mask.mean(axis=1)), np.full(block.rows, Reason.OK, dtype=np.int8))


def _of_power(block: Block, value: Floats) -> Judged:
    """A share of power; 0 where nothing moves, NaN in windows without a spectrum."""
    reason = np.full(block.rows, Reason.OK, dtype=np.int8)
    if block.samples.shape[1] < 3:
        return Judged(np.full(block.rows, np.nan), np.full(block.rows, Reason.TOO_SHORT, dtype=np.int8))
    return Judged(np.clip(value, 0.0, 1.0), reason)
