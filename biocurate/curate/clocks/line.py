"""A clock against another as a line, or as a line with knots where one line is not enough.

``t = t' + f(t')``, with ``f`` piecewise linear and continuous between knots at even distances: offset and drift of each
piece. Values that lie off, such as beats that were matched to the wrong one, weigh little (Tukey's biweight).

Source: iteratively reweighted least squares, Holland & Welsch, Communications in Statistics A6 (1977) 813; the number
of pieces by the criterion of Schwarz, Annals of Statistics 6 (1978) 461, with as many values as are independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PIECES = (1, 2, 3, 4, 6, 8, 12, 16, 24)
"""Numbers of pieces that are tried."""
LEAST_PIECE_S = 20.0
LEAST_PIECE_BEATS = 12
BIWEIGHT = 4.685
"""Tukey's constant: 95 % efficient on normal errors."""
ROUNDS = 20
SLOW_S = 20.0
"""Residuals are averaged over as long to see what the line leaves of the clocks."""
NORMAL_95 = 1.96
LEAST_UNCERTAINTY_S = 0.001
"""Detectors place the same beat of differently sampled signals as far apart as this, all beats alike."""
LEAST_NOISE_S = 1e-6


@dataclass(frozen=True)
class Line:
    """What is added to times of one clock to have them on another.

    Parameters
    ----------
    knots_s : array, shape (knots,), at least two, rising, on the clock whose times are moved
    offsets_s : array, shape (knots,), what is added at each, and on the line in between
    noise_s : float
        Spread of single residuals, as a standard deviation.
    uncertainty_s : float
        Half of the interval that holds the true offset at 95 %, where it is widest.
    """

    knots_s: Array
    offsets_s: Array
    noise_s: float
    uncertainty_s: float

    @property
    def drift(self) -> Array:
        """Slope of each piece: seconds that are gained a second."""
        return np.diff(self.offsets_s) / np.diff(self.knots_s)

    def added(self, times_s: Array) -> Array:
        """What is added at some times; beyond the ends the clock goes on as it did on the whole."""
        on_the_whole = (self.offsets_s[-1] - self.offsets_s[0]) / (self.knots_s[-1] - self.knots_s[0])
        inside = np.clip(times_s, self.knots_s[0], self.knots_s[-1])
        return np.asarray(np.interp(inside, self.knots_s, self.offsets_s) + on_the_whole * (times_s - inside))


def fit(times_s: Array, added_s: Array) -> Line:
    """Fit the simplest line that the values allow.

    Parameters
    ----------
    times_s, added_s : array, shape (values,), at least 4; times rising
    """
    span = times_s[-1] - times_s[0]
    allowed = [
        pieces
        for pieces in PIECES
        if pieces == 1 or (span / pieces >= LEAST_PIECE_S and times_s.size / pieces >= LEAST_PIECE_BEATS)
    ]
    fits = [_Fit.of(times_s, added_s, pieces) for pieces in allowed]
    # The line with the most knots says what is noise, so that all of them are judged by the same.
    noise, alike = fits[-1].noise, _alike(fits[-1].residual[fits[-1].weights > 0])
    best = min(fits, key=lambda each: each.criterion(noise, alike))
    return best.line(alike)


@dataclass(frozen=True)
class _Fit:
    """A line of so many pieces, with what it leaves."""

    times: Array
    knots: Array
    offsets: Array
    residual: Array
    weights: Array
    noise: float

    @classmethod
    def of(cls, times_s: Array, added_s: Array, pieces: int) -> _Fit:
        knots = np.linspace(times_s[0], times_s[-1], pieces + 1, dtype=np.float64)
        basis = _hats(times_s, knots)
        weights = np.ones(times_s.size)
        for _ in range(ROUNDS):
            root = np.sqrt(weights)[:, None]
            offsets: Array = np.asarray(np.linalg.lstsq(basis * root, added_s * root[:, 0], rcond=None)[0])
            residual = added_s - basis @ offsets
            noise = max(1.4826 * float(np.median(np.abs(residual))), LEAST_NOISE_S)
            weights = np.square(np.clip(1 - np.square(residual / (BIWEIGHT * noise)), 0, None))
        return cls(times_s, knots, offsets, residual, weights, noise)

    def criterion(self, noise: float, alike: float) -> float:
        """Schwarz' criterion; a residual counts as much as one that is just off, at most."""
        lost = np.square(np.clip(self.residual / noise, -BIWEIGHT, BIWEIGHT)).sum() / alike
        return float(lost + self.knots.size * np.log(max(self.times.size / alike, 2.0)))

    def line(self, alike: float) -> Line:
        """The line with its uncertainty: that of the fit, and what slow residuals show it to miss."""
        spread = max(float(np.sqrt(np.average(self.residual**2, weights=self.weights))), LEAST_NOISE_S)
        basis = _hats(self.times, self.knots)
        inverse = np.linalg.pinv((basis * self.weights[:, None]).T @ basis)
        widest = np.einsum("ij,jk,ik->i", basis, inverse, basis).clip(0).max()
        counted = self.weights > 0
        left = _slow(self.times[counted], self.residual[counted])
        uncertainty = NORMAL_95 * float(np.hypot(spread * np.sqrt(alike * widest), left))
        return Line(self.knots, self.offsets, spread, float(np.hypot(uncertainty, LEAST_UNCERTAINTY_S)))


def _hats(times_s: Array, knots: Array) -> Array:
    """Shape (values, knots): the share of each knot's offset in that of each time."""
    piece = np.clip(np.searchsorted(knots, times_s, side="right") - 1, 0, knots.size - 2)
    share = (times_s - knots[piece]) / (knots[piece + 1] - knots[piece])
    basis = np.zeros((times_s.size, knots.size))
    rows = np.arange(times_s.size)
    basis[rows, piece] = 1 - share
    basis[rows, piece + 1] += share
    return basis


def _alike(residual: Array) -> float:
    """How many neighbouring residuals count as one, by their correlation from each to the next (AR(1))."""
    centred = residual - residual.mean()
    power = float(np.square(centred).sum())
    r = float((centred[1:] * centred[:-1]).sum()) / power if power > 0 else 0.0
    r = min(max(r, 0.0), 0.95)
    return (1 + r) / (1 - r)


def _slow(times_s: Array, residual: Array) -> float:
    """What stays when residuals are averaged over `SLOW_S`, beyond what averaging noise leaves."""
    block = ((times_s - times_s[0]) / SLOW_S).astype(np.int64)
    count = np.bincount(block)
    mean = np.bincount(block, weights=residual)[count > 3] / count[count > 3]
    if mean.size < 2:
        return 0.0
    by_chance = float(residual.var()) / float(count[count > 3].mean())
    return float(np.sqrt(max(float(np.square(mean).mean()) - by_chance, 0.0)))
