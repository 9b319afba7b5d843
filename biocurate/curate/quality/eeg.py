"""EEG: how much of the window's power is where a brain's is, and how evenly it lies in time."""

from __future__ import annotations

import numpy as np

from biocurate.curate.beat_curves import band_pass
from biocurate.curate.quality.block import Block, Floats, Judged, judged
from biocurate.curate.quality.registry import register
from biocurate.sensors import SensorType

SHORTEST_S = 2.0
LEAST_RATE_HZ = 64.0
LOW_HZ, HIGH_HZ = 0.3, 20.0
"""Below lies drift of electrodes and skin, above mostly muscle: Goncharova et al. 2003."""
PIECE_S = 0.5
BURST = 2.0
"""Times the median power of half-second pieces: what a rhythm that waxes and wanes stays below."""

_EEG = (SensorType.EEG,)


@register(
    "eeg_sqi",
    version=1,
    sensors=_EEG,
    source="muscle above 20 Hz: Goncharova et al., Clin. Neurophysiol. 114 (2003) 1580; "
    "outlying stretches: FASTER, Nolan et al., J. Neurosci. Methods 192 (2010) 152",
)
def eeg_sqi(block: Block) -> Judged:
    """Share of power in the band of EEG beyond that of white noise, less bursts, times the share of usable samples.

    White noise has the band's share of the frequencies there are; a share is told from that to 1.
    """
    by_chance = min(HIGH_HZ / (0.5 * block.rate_hz), 1.0)
    inside = np.clip((block.share(LOW_HZ, HIGH_HZ) - by_chance) / max(1.0 - by_chance, 1e-9), 0.0, 1.0)
    reason = block.state(SHORTEST_S, LEAST_RATE_HZ)
    return judged(inside * (1.0 - _bursts(block)) * block.usable_share(), reason)


@register(
    "eeg_muscle",
    version=1,
    relative=True,
    sensors=_EEG,
    source="Goncharova et al., Clin. Neurophysiol. 114 (2003) 1580: EMG of scalp and face is broad above 20 Hz",
)
def eeg_muscle(block: Block) -> Judged:
    """Share of the power from 0.3 to 45 Hz that lies below 20 Hz."""
    return judged(block.share(LOW_HZ, HIGH_HZ, LOW_HZ, 45.0), block.state(SHORTEST_S, LEAST_RATE_HZ))


def _bursts(block: Block) -> Floats:
    """Share of the power that lies beyond `BURST` times the median of half-second pieces."""
    length = max(2, round(PIECE_S * block.rate_hz))
    pieces = block.samples.shape[1] // length
    if pieces < 2 or block.rate_hz < LEAST_RATE_HZ:
        return np.zeros(block.rows)
    x = band_pass(block.centred, block.rate_hz, 1.0, HIGH_HZ)
    power = np.square(x[:, : pieces * length]).reshape(block.rows, pieces, length).mean(axis=2)
    beyond = np.maximum(power - BURST * np.median(power, axis=1, keepdims=True), 0.0).sum(axis=1)
    whole = power.sum(axis=1)
    return np.asarray(np.divide(beyond, whole, out=np.zeros_like(whole), where=whole > 0))
