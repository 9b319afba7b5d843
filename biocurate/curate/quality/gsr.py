"""GSR: how smooth the conductance of the skin is, within what skin conducts."""

from __future__ import annotations

import numpy as np

from biocurate.curate.quality.block import Block, Floats, Judged, Mask, judged
from biocurate.curate.quality.reasons import Reason
from biocurate.curate.quality.registry import register
from biocurate.sensors import SensorType

SHORTEST_S = 10.0
LEAST_RATE_HZ = 2.0
FASTEST_HZ = 0.35
"""What a response of the skin has hardly anything above: it rises in 1 to 3 s (Boucsein, 2nd ed., section 2.2)."""

LEAST_US = 0.01
"""The least response that is scored: Boucsein, section 2.3, gives 0.01 to 0.05 uS."""


@register(
    "gsr_sqi",
    version=1,
    sensors=(SensorType.GSR,),
    source="0.05-60 uS, at most 10 uS/s: Kleckner et al., IEEE Trans. Biomed. Eng. 65 (2018) 1460; "
    "speed of responses: Boucsein, Electrodermal Activity, 2nd ed.",
)
def gsr_sqi(block: Block) -> Judged:
    """Share of the changes that are slow enough for skin, times the share of usable samples.

    A course that hardly moves is not noisy for that: its variance counts as that of the least response that is scored,
    where the unit is known.
    """
    reason = block.state(SHORTEST_S, LEAST_RATE_HZ)
    if not (reason == Reason.OK).any():
        return judged(np.zeros(block.rows), reason)
    return judged(_smooth(block) * block.usable_share(), reason)


def _smooth(block: Block) -> Floats:
    """Slow variance over all of it, of the usable samples; what is not usable holds the value before."""
    held = Block(block.sensor, block.rate_hz, block.unit, _held(block.samples, block.usable))
    # White noise has its share of the slow band by chance; what is slow is told from that to 1.
    by_chance = min(FASTEST_HZ / (0.5 * block.rate_hz), 0.9)
    fast = np.minimum((1.0 - held.share(0.0, FASTEST_HZ)) / (1.0 - by_chance), 1.0)
    if not block.has_unit:
        return 1.0 - fast
    variance = held.samples.var(axis=1)
    slow = np.maximum((1.0 - fast) * variance, LEAST_US**2)
    return np.asarray(slow / (slow + fast * variance))


def _held(x: Floats, usable: Mask) -> Floats:
    """Each row with the last usable value in the place of others; the first usable one before it, 0 without any."""
    place = np.where(usable, np.arange(x.shape[1]), -1)
    last = np.maximum.accumulate(place, axis=1)
    first = usable.argmax(axis=1)[:, None]
    held = np.take_along_axis(x, np.where(last < 0, first, last), axis=1)
    held[~usable.any(axis=1)] = 0.0
    return held
