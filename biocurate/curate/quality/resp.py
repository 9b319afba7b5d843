"""RESP: how alike one breath is to the next."""

from __future__ import annotations

import numpy as np

from biocurate.curate.quality.block import Block, Floats, Judged, judged
from biocurate.curate.quality.reasons import Reason
from biocurate.curate.quality.registry import register
from biocurate.sensors import SensorType

SHORTEST_S = 15.0
"""One and a half of the slowest breaths."""
LEAST_RATE_HZ = 1.0
SLOWEST_HZ, FASTEST_HZ = 0.1, 0.5
"""6 to 30 breaths a minute; Charlton et al. 2021."""
BREATH_HZ = 2.0
"""A breath's course has nothing above."""


@register(
    "resp_sqi",
    version=1,
    sensors=(SensorType.RESP,),
    source="autocorrelation as in Birrenkott et al., IEEE Trans. Biomed. Eng. 65 (2018) 2208; "
    "breaths of 0.1-0.5 Hz, Charlton et al., Physiol. Meas. 42 (2021) 065004",
)
def resp_sqi(block: Block) -> Judged:
    """Share of the variance that comes again after a breath, times the share of usable samples.

    The autocovariance of what is slower than 2 Hz, at a lag of 2 to 10 s: half its rise from the lowest value before
    to the summit, so that slow drift, which is alike at every short lag, counts nothing; over all of the variance.
    """
    reason = block.state(SHORTEST_S, LEAST_RATE_HZ)
    if not (reason == Reason.OK).any():
        return judged(np.zeros(block.rows), reason)
    return judged(_periodic(block) * block.usable_share(), reason)


def _periodic(block: Block) -> Floats:
    """Periodic share of the variance: 1 for a sine of a breath's period, 0 for drift, noise or mains."""
    x = block.centred - block.centred.mean(axis=1, keepdims=True)
    slow = low_pass(x, block.rate_hz, BREATH_HZ)
    r = autocovariance(slow, round(block.rate_hz / SLOWEST_HZ) + 1)
    variance = np.square(x).mean(axis=1)[:, None]
    r = np.divide(r, variance, out=np.zeros_like(r), where=variance > 0)
    first = int(np.ceil(block.rate_hz / FASTEST_HZ))
    if first >= r.shape[1]:
        return np.zeros(block.rows)
    lowest = np.minimum.accumulate(r, axis=1)[:, first:]
    return np.asarray(np.clip((r[:, first:] - lowest).max(axis=1) / 2, 0.0, 1.0))


def low_pass(x: Floats, rate_hz: float, high: float) -> Floats:
    """Butterworth of order 2, forward and backward; nothing is done where the rate does not reach so high."""
    if high >= 0.45 * rate_hz:
        return x
    from scipy.signal import butter, sosfiltfilt

    sections = butter(2, high, "lowpass", fs=rate_hz, output="sos")
    return np.asarray(sosfiltfilt(sections, x, axis=-1, padlen=min(x.shape[1] - 1, round(rate_hz / high))))


def autocovariance(x: Floats, lags: int) -> Floats:
    """Unbiased autocovariance up to so many lags, shape (rows, at most lags), of rows of mean 0."""
    n = x.shape[1]
    lags = min(lags, n)
    size = 1 << (2 * n - 1).bit_length()
    power = np.square(np.abs(np.fft.rfft(x, size, axis=1)))
    return np.asarray(np.fft.irfft(power, size, axis=1)[:, :lags] / np.arange(n, n - lags, -1))
