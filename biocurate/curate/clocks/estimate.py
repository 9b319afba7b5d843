"""The clock of one device against another's, from the beats of one heart that both felt.

Heart rate tells roughly where to look, beats tell where it is, and a line through the beats that fall together says how
the clocks go. Where the beats do not fall together clearly better than they do elsewhere, there is no estimate: two
hearts that happen to beat alike for a while, or one that beats so evenly that every shift by a beat fits.

A beat reaches two sensors after different times: the pulse's transit between them is a part of the offset, and nothing
in the beats tells the two apart. `biocurate.curate.clocks.transit` says what is allowed for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.clocks.heart_rate import heart_rate
from biocurate.curate.clocks.lag import Correlation, correlate
from biocurate.curate.clocks.line import NORMAL_95, Line, fit
from biocurate.curate.clocks.match import agreement, match
from biocurate.curate.clocks.track import BLOCK_S, Track, tracks

Array = NDArray[np.float64]

MOST_S = 60.0
"""Offsets to both sides that are looked at where nothing else is said."""
LEAST_COMMON_S = 60.0
LEAST_BEATS = 40
"""Of both signals: a shorter stretch of one heart looks like another's."""
LOCK, MARGIN = 0.2, 1.0
"""Share of beats that fall together, and by how much it beats the best path elsewhere, times the root of the number of
beats: what two hearts reach by chance falls with that root (docs/pairs.md has what they reach)."""
STEADY_LOCK, AGREE_Z, AGREE_MORE = 0.5, 8.0, 4.0
"""Of a heart that beats evenly: the share, how far intervals agree, and by how much more than on any other path."""
RATE_Z, RATE_R, RATE_RATIO = 10.0, 0.7, 1.5
"""What heart rate alone must show, and by what factor it must beat every lag that is not near."""
CLEAR_Z = 6.0
"""Beats are looked for near the lag of the heart rate where that is as clear."""
NEAR_S = 10.0
BESIDE_S = 1.5
"""Beyond the lags that heart rate cannot tell apart, in a heart that beats evenly."""
RIVALS = 8

Method = Literal["beats", "heart-rate", "events"]


@dataclass(frozen=True)
class Estimate:
    """How one clock lies to another.

    Parameters
    ----------
    line : Line
        What is added to times of the second clock.
    method : str
    confidence : float
        By beats, the share that falls together less that of the best path elsewhere, times the root of their number;
        for a heart that beats evenly, and by heart rate, standard deviations by which it beats the next best.
    beats : int
        That fall together; 0 by heart rate.
    """

    line: Line
    method: Method
    confidence: float
    beats: int


@dataclass(frozen=True)
class Refused:
    """No confidence, and why."""

    reason: str
    confidence: float = 0.0


def estimate(a: Array, b: Array, most_s: float = MOST_S) -> Estimate | Refused:
    """Estimate the clock of the second signal against the first one's.

    Parameters
    ----------
    a, b : array, shape (beats,), in seconds, rising, each on its own clock
    most_s : float
        Offsets to both sides that are looked at.
    """
    if min(a.size, b.size) < LEAST_BEATS:
        return Refused(f"fewer than {LEAST_BEATS} beats")
    rates = correlate(heart_rate(a), heart_rate(b), most_s)
    found = tracks(a, b, *_range(rates, most_s))
    if not found or found[0].times_s.size * BLOCK_S < LEAST_COMMON_S:
        return Refused(f"less than {LEAST_COMMON_S:g} s in common")
    rival = found[1].lock if len(found) > 1 else 0.0
    margin = (found[0].lock - rival) * float(np.sqrt(found[0].beats))
    if found[0].lock >= LOCK and margin >= MARGIN:
        return _by_beats(a, b, found[0], margin)
    if found[0].lock >= STEADY_LOCK:
        return _of_a_steady_heart(a, b, rates)
    return _by_rate(rates, margin, float(b[0]), float(b[-1]))


def _by_beats(a: Array, b: Array, path: Track, confidence: float) -> Estimate | Refused:
    of_a, of_b = match(a, b, path)
    if of_a.size < LEAST_BEATS // 2:
        return Refused(f"fewer than {LEAST_BEATS // 2} beats fall together", confidence)
    line = fit(b[of_b], a[of_a] - b[of_b])
    return Estimate(line, "beats", confidence, int(of_a.size))


def _of_a_steady_heart(a: Array, b: Array, rates: Correlation) -> Estimate | Refused:
    """Choose among shifts by a beat: heart rate leaves a few of them, and of these the intervals know the right one."""
    best = rates.best
    if best is None or rates.z[best] < CLEAR_Z:
        return Refused("the heart beats so evenly that every shift by a beat fits")
    as_good = rates.lags_s[rates.z >= rates.z[best] - 2 * NORMAL_95]
    found = tracks(a, b, float(as_good.min()) - BESIDE_S, float(as_good.max()) + BESIDE_S, RIVALS)
    agreed = np.array([agreement(a, b, *match(a, b, path)) for path in found])
    first, *others = np.argsort(agreed)[::-1]
    more = float(agreed[first] - max(agreed[others], default=0.0))
    if agreed[first] < AGREE_Z or more < AGREE_MORE:
        return Refused("the heart beats so evenly that every shift by a beat fits", more)
    return _by_beats(a, b, found[first], more)


def _by_rate(rates: Correlation, margin: float, first_s: float, last_s: float) -> Estimate | Refused:
    """What heart rate alone tells: an offset, and no drift."""
    refused = Refused("the beats do not fall together clearly", margin)
    best = rates.best
    if best is None:
        return refused
    lag, r, z = (float(values[best]) for values in (rates.lags_s, rates.r, rates.z))
    far = rates.z[np.abs(rates.lags_s - lag) > NEAR_S]
    rival = float(np.nanmax(far)) if np.isfinite(far).any() else 0.0
    if z < RATE_Z or r < RATE_R or z < RATE_RATIO * rival:
        return refused
    as_good = rates.lags_s[(np.abs(rates.lags_s - lag) <= NEAR_S) & (rates.z >= z - NORMAL_95)]
    half = max(float(np.abs(as_good - lag).max()), 1.0)
    line = Line(np.array([first_s, last_s]), np.full(2, lag), half / NORMAL_95, half)
    return Estimate(line, "heart-rate", z - rival, 0)


def _range(rates: Correlation, most_s: float) -> tuple[float, float]:
    """Offsets in which to look for beats: around the lag of the heart rate where that is clear, else all."""
    best = rates.best
    if best is None or rates.z[best] < CLEAR_Z:
        return -most_s, most_s
    lag = float(rates.lags_s[best])
    return max(lag - NEAR_S, -most_s), min(lag + NEAR_S, most_s)
