"""ECG: how much of the window repeats with the heart beat, and indices of the literature beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.beat_curves import band_pass
from biocurate.curate.quality.beats import LEAST, Beats, epochs, peaks, repeated, smoothed, summit
from biocurate.curate.quality.block import Block, Floats, Judged, judged
from biocurate.curate.quality.reasons import Reason
from biocurate.curate.quality.registry import register
from biocurate.sensors import SensorType

SHORTEST_S = 4.0
LEAST_RATE_HZ = 50.0
REFRACTORY_S = 0.3
"""Two beats are further apart: 200 a minute."""
BEFORE_S, AFTER_S = 0.2, 0.3
"""From the P wave to the T wave's summit; with this two beats at 120 a minute do not share a sample."""
AGREE_S = 0.15
"""Two detectors mean one beat within this; ANSI/AAMI EC57."""

_ECG = (SensorType.ECG,)


@register(
    "ecg_sqi",
    version=1,
    sensors=_ECG,
    source="beats after Pan & Tompkins 1985; their likeness as ICC(1), Shrout & Fleiss 1979; "
    "template matching after Orphanidou et al., IEEE J. Biomed. Health Inform. 19 (2015) 832",
)
def ecg_sqi(block: Block) -> Judged:
    """Share of the variance around beats that every beat has alike, times the share of usable samples.

    Nothing is filtered before beats are compared, so that wander, muscle, mains and motion all count; 0.8 is a signal
    of four times the noise's power, 6 dB.
    """
    reason, beats = block.once("ecg beats", lambda: _beats(block))
    row, samples = epochs(block.centred, beats, *_reach(block))
    share, count = repeated(row, samples, block.rows)
    return judged(share * block.usable_share(), _with_beats(reason, count))


@register(
    "ecg_template",
    version=1,
    relative=True,
    sensors=_ECG,
    source="Orphanidou et al., IEEE J. Biomed. Health Inform. 19 (2015) 832: above 0.66 is good",
)
def ecg_template(block: Block) -> Judged:
    """Mean correlation of each beat with the mean beat, between 0.67 and 40 Hz."""
    reason, beats = block.once("ecg beats", lambda: _beats(block))
    if (reason == Reason.OK).any():
        row, samples = epochs(band_pass(block.centred, block.rate_hz, 0.67, 40.0), beats, *_reach(block))
        return judged(
            _correlation(row, samples, block.rows), _with_beats(reason, np.bincount(row, minlength=block.rows))
        )
    return judged(np.zeros(block.rows), reason)


@register(
    "ecg_bands",
    version=1,
    relative=True,
    sensors=_ECG,
    source="pSQI of Li, Mark & Clifford, Physiol. Meas. 29 (2008) 15; as in Zhao & Zhang, Front. Physiol. 9 (2018) 727",
)
def ecg_bands(block: Block) -> Judged:
    """Share of the power from 5 to 40 Hz that lies below 15 Hz."""
    return judged(block.share(5.0, 15.0, 5.0, 40.0), block.state(SHORTEST_S, LEAST_RATE_HZ))


@register(
    "ecg_agreement",
    version=1,
    relative=True,
    sensors=_ECG,
    source="bSQI of Li, Mark & Clifford, Physiol. Meas. 29 (2008) 15; window of 150 ms from ANSI/AAMI EC57",
)
def ecg_agreement(block: Block) -> Judged:
    """Share of beats that two detectors, one of slopes and one of amplitudes, both see."""
    reason, first = block.once("ecg beats", lambda: _beats(block))
    if not (reason == Reason.OK).any():
        return judged(np.zeros(block.rows), reason)
    size = np.abs(band_pass(block.centred, block.rate_hz, 8.0, 25.0))
    size = smoothed(size, 0.05 * block.rate_hz)
    second = peaks(size, REFRACTORY_S * block.rate_hz, 0.45 * np.percentile(size, 99, axis=1))
    both = np.bincount(first.row, weights=_met(first, second, block), minlength=block.rows)
    either = np.bincount(first.row, minlength=block.rows) + np.bincount(second.row, minlength=block.rows) - both
    reason = _with_beats(reason, np.bincount(first.row, minlength=block.rows))
    return judged(both / np.maximum(either, 1), reason)


def _beats(block: Block) -> tuple[NDArray[np.int8], Beats]:
    """Beats of each channel by itself, from the energy of its slope between 5 and 20 Hz, at the QRS' largest peak."""
    reason = block.state(SHORTEST_S, LEAST_RATE_HZ)
    if not (reason == Reason.OK).any():
        return reason, Beats(np.empty(0, np.intp), np.empty(0, np.intp))
    filtered = band_pass(block.centred, block.rate_hz, 5.0, 20.0)
    energy = smoothed(np.square(np.gradient(filtered, axis=-1)), 0.1 * block.rate_hz)
    found = peaks(energy, REFRACTORY_S * block.rate_hz, 0.25 * np.percentile(energy, 98, axis=1))
    return reason, _aligned(filtered, found, round(0.08 * block.rate_hz))


def _aligned(filtered: Floats, found: Beats, reach: int) -> Beats:
    """Each beat at the QRS' largest deflection, of the polarity that is larger in most of the row's beats."""
    high, low = summit(filtered, found, reach), summit(-filtered, found, reach)
    lift = filtered[high.row, high.sample] + filtered[low.row, low.sample]
    upright = np.bincount(found.row, weights=lift, minlength=len(filtered)) >= 0
    return Beats(found.row, np.where(upright[found.row], high.sample, low.sample))


def _reach(block: Block) -> tuple[int, int]:
    return round(BEFORE_S * block.rate_hz), round(AFTER_S * block.rate_hz)


def _with_beats(reason: NDArray[np.int8], count: NDArray[np.intp]) -> NDArray[np.int8]:
    return np.where((reason == Reason.OK) & (count < LEAST), np.int8(Reason.NO_BEATS), reason)


def _correlation(row: NDArray[np.intp], samples: Floats, rows: int) -> Floats:
    """Mean over a row's beats of Pearson's correlation with their mean."""
    count = np.bincount(row, minlength=rows)
    there = np.flatnonzero(count)
    if not len(there):
        return np.zeros(rows)
    first = np.cumsum(count[there]) - count[there]
    level = samples - samples.mean(axis=1, keepdims=True)
    mean = np.zeros((rows, samples.shape[1]))
    mean[there] = np.add.reduceat(level, first, axis=0) / count[there, None]
    size = np.sqrt(np.square(level).sum(axis=1) * np.square(mean[row]).sum(axis=1))
    r = np.divide((level * mean[row]).sum(axis=1), size, out=np.zeros(len(row)), where=size > 0)
    return np.asarray(np.bincount(row, weights=r, minlength=rows) / np.maximum(count, 1))


def _met(first: Beats, second: Beats, block: Block) -> Floats:
    """1 for each of the first detector's beats that the second has within `AGREE_S`, else 0."""
    if not len(second.row):
        return np.zeros(len(first.row))
    # Rows lie far apart on one line, so that the nearest beat of another row is never near.
    step = 2 * block.samples.shape[1]
    line, other = first.row * step + first.sample, second.row * step + second.sample
    after = np.clip(np.searchsorted(other, line), 0, len(other) - 1)
    near = np.minimum(np.abs(other[after] - line), np.abs(other[np.maximum(after - 1, 0)] - line))
    return np.asarray(near <= AGREE_S * block.rate_hz, dtype=np.float64)
