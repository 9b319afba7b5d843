"""How far one series of heart rate must be moved to lie on another: the coarse offset of two clocks.

Series are compared without their slow trend, which persons share (everyone's heart slows down when sitting). Values
that are not known take no part: at each lag the correlation is that of the values which both have there.

Source: masked normalised cross-correlation, Padfield, IEEE Trans. Image Processing 21 (2012) 2706, equations 14-17;
variance of the correlation of two smooth series, Bartlett, J. Royal Statistical Society 98 (1935) 536.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biocurate.curate.clocks.heart_rate import GRID_HZ, HeartRate

Array = NDArray[np.float64]

TREND_S = 60.0
"""What changes slower is trend."""
LEAST_BPM = 0.05
"""A rate that changes less, as a standard deviation, does not change."""
LEAST_COMMON_S = 60.0
"""Time that both must be known at a lag for it to count."""


@dataclass(frozen=True)
class Correlation:
    """Correlation of two series of heart rate at each lag.

    Parameters
    ----------
    lags_s : array, shape (lags,)
        What is added to the second series' times.
    r : array, shape (lags,), NaN where too little of the two meets
    z : array, shape (lags,)
        The same in standard deviations of what series that have nothing to do with each other give.
    """

    lags_s: Array
    r: Array
    z: Array

    @property
    def best(self) -> int | None:
        """Index of the highest; None where no lag counts."""
        return int(np.nanargmax(self.z)) if np.isfinite(self.z).any() else None


def correlate(a: HeartRate, b: HeartRate, most_s: float) -> Correlation:
    """Correlate two series at every lag of the grid up to so many seconds to both sides."""
    x, y = _without_trend(a.bpm), _without_trend(b.bpm)
    shift = round((a.start_s - b.start_s) * GRID_HZ)
    most = round(most_s * GRID_HZ)
    steps = np.arange(-most, most + 1)
    none = np.full(steps.size, np.nan)
    if min(x.size, y.size) == 0:
        return Correlation(steps / GRID_HZ, none, none)
    r, common = _masked(x, y)
    # Entry y.size - 1 of the full correlation has both arrays begin together, which is the lag `shift`.
    at = steps - shift + y.size - 1
    there = (at >= 0) & (at < r.size)
    at = np.clip(at, 0, r.size - 1)
    enough = there & (common[at] >= LEAST_COMMON_S * GRID_HZ)
    kept = np.where(enough, r[at], np.nan)
    free = common[at] / _smoothness(x, y)
    z = np.arctanh(np.clip(kept, -0.999, 0.999)) * np.sqrt(np.maximum(free - 3, 0))
    return Correlation(steps / GRID_HZ, kept, np.where(enough, z, np.nan))


def _masked(x: Array, y: Array) -> tuple[Array, Array]:
    """Correlation over what both have, and how many values that is, at every shift of y against x."""
    from scipy.signal import fftconvolve

    known_x, known_y = np.isfinite(x).astype(float), np.isfinite(y).astype(float)
    x, y = np.where(known_x > 0, x, 0.0), np.where(known_y > 0, y, 0.0)

    def meet(p: Array, q: Array) -> Array:
        return np.asarray(fftconvolve(p, q[::-1]))

    common = np.rint(meet(known_x, known_y))
    some = np.maximum(common, 1)
    sum_x, sum_y = meet(x, known_y), meet(known_x, y)
    power_x = meet(x * x, known_y) - sum_x**2 / some
    power_y = meet(known_x, y * y) - sum_y**2 / some
    scale = np.sqrt(np.maximum(power_x, 0) * np.maximum(power_y, 0))
    r = np.divide(meet(x, y) - sum_x * sum_y / some, scale, out=np.zeros_like(scale), where=scale > some * LEAST_BPM**2)
    return np.clip(r, -1, 1), common


def _smoothness(x: Array, y: Array) -> float:
    """Values of the grid that count as one: Bartlett's sum of the products of both series' own correlations."""
    reach = min(round(TREND_S * GRID_HZ), x.size - 1, y.size - 1)
    own_x, _ = _masked(x, x)
    own_y, _ = _masked(y, y)
    product = own_x[x.size - 1 : x.size + reach] * own_y[y.size - 1 : y.size + reach]
    return float(max(1.0, 1.0 + 2 * product[1:].sum()))


def _without_trend(bpm: Array) -> Array:
    """Subtract the mean of the known values within half a minute to both sides."""
    from scipy.ndimage import uniform_filter1d

    if not bpm.size:
        return bpm
    known = np.isfinite(bpm)
    size = round(TREND_S * GRID_HZ) | 1
    share = uniform_filter1d(known.astype(float), size, mode="constant")
    total = uniform_filter1d(np.where(known, bpm, 0.0), size, mode="constant")
    return np.asarray(np.where(known, bpm - total / np.maximum(share, 1e-12), np.nan))
