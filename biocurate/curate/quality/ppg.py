"""PPG: how much of the window repeats with the pulse, and indices of the literature beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.beat_curves import band_pass
from biocurate.curate.quality.beats import LEAST, Beats, epochs, peaks, repeated, summit
from biocurate.curate.quality.block import Block, Judged, judged
from biocurate.curate.quality.reasons import Reason
from biocurate.curate.quality.registry import register
from biocurate.sensors import SensorType

SHORTEST_S = 6.0
LEAST_RATE_HZ = 16.0
REFRACTORY_S = 0.3
BEFORE_S, AFTER_S = 0.2, 0.35
"""Around the steepest rise: from the foot past the systolic peak."""

_PPG = (SensorType.PPG,)


@register(
    "ppg_sqi",
    version=1,
    sensors=_PPG,
    source="pulses at their steepest rise; their likeness as ICC(1), Shrout & Fleiss 1979; "
    "template matching after Orphanidou et al., IEEE J. Biomed. Health Inform. 19 (2015) 832",
)
def ppg_sqi(block: Block) -> Judged:
    """Share of the variance around pulses that every pulse has alike, times the share of usable samples."""
    reason, beats = _pulses(block)
    before, after = round(BEFORE_S * block.rate_hz), round(AFTER_S * block.rate_hz)
    row, samples = epochs(block.centred, beats, before, after)
    share, count = repeated(row, samples, block.rows)
    reason = np.where((reason == Reason.OK) & (count < LEAST), np.int8(Reason.NO_BEATS), reason)
    return judged(share * block.usable_share(), reason)


@register(
    "ppg_heart_band",
    version=1,
    relative=True,
    sensors=_PPG,
    source="relative power of Elgendi, Bioengineering 3 (2016) 21: 1-2.25 Hz of 0-8 Hz",
)
def ppg_heart_band(block: Block) -> Judged:
    """Share of the power up to 8 Hz that lies from 1 to 2.25 Hz."""
    return judged(block.share(1.0, 2.25, 0.0, 8.0), block.state(SHORTEST_S, LEAST_RATE_HZ))


@register(
    "ppg_skewness",
    version=1,
    relative=True,
    sensors=_PPG,
    source="Elgendi, Bioengineering 3 (2016) 21: the best single index of eight",
)
def ppg_skewness(block: Block) -> Judged:
    """Skewness s as s / (1 + s), 0 where it is not positive."""
    reason = block.state(SHORTEST_S, LEAST_RATE_HZ)
    if not block.samples.size:
        return judged(np.zeros(block.rows), reason)
    x = block.centred - block.centred.mean(axis=1, keepdims=True)
    second = np.square(x).mean(axis=1)
    skew = np.divide((x**3).mean(axis=1), second**1.5, out=np.zeros_like(second), where=second > 0)
    return judged(np.maximum(skew, 0.0) / (1.0 + np.maximum(skew, 0.0)), reason)


def _pulses(block: Block) -> tuple[NDArray[np.int8], Beats]:
    """Steepest rises of pulses between 0.5 and 8 Hz, at least half as steep as the window's 95th percentile."""
    reason = block.state(SHORTEST_S, LEAST_RATE_HZ)
    if not (reason == Reason.OK).any():
        return reason, Beats(np.empty(0, np.intp), np.empty(0, np.intp))
    slope = np.gradient(band_pass(block.centred, block.rate_hz, 0.5, 8.0), axis=-1)
    found = peaks(slope, REFRACTORY_S * block.rate_hz, 0.5 * np.percentile(slope, 95, axis=1))
    return reason, summit(slope, found, 1)
