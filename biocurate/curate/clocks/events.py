"""The clock of one device against another's, from events that both have marked: a button, a clap, a trigger."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from biocurate.curate.clocks.estimate import Estimate, Refused
from biocurate.curate.clocks.line import LEAST_UNCERTAINTY_S, Line, fit

Array = NDArray[np.float64]

APART_S = 1.0
"""Offsets of two events may differ by as much, by drift and by how late a person presses."""

LINE = 4
"""Events from which a drift is told; of fewer, the mean of their offsets."""

MOST = 1000
"""Events of one device: every two are compared."""


def by_events(a: Array, b: Array, most_s: float) -> Estimate | Refused:
    """Estimate the clock of the second device by events, each told of its own time.

    Which event is which is not told: the offset counts at which most of them fall together.

    Parameters
    ----------
    a, b : array, shape (events,), in seconds, rising, each on its own clock
    most_s : float
        Offsets to both sides that are looked at.

    Returns
    -------
    Estimate or Refused
        ``beats`` is the number of events that fall together, and ``confidence`` how many more than at any other offset.
        Of a single event nothing tells the uncertainty, which is infinite.
    """
    if not min(a.size, b.size):
        return Refused("no such event on both clocks")
    if max(a.size, b.size) > MOST:
        return Refused(f"more than {MOST} events")
    offsets = (a[:, None] - b).ravel()
    offsets = np.sort(offsets[np.abs(offsets) <= most_s])
    if not offsets.size:
        return Refused("no event lies within the offsets that are looked at")
    together = np.searchsorted(offsets, offsets + APART_S, side="right") - np.arange(offsets.size)
    best = int(together.argmax())
    middle = float(np.median(offsets[best : best + together[best]]))
    elsewhere = together[np.abs(offsets + APART_S / 2 - middle) > 2 * APART_S]
    more = int(together[best]) - int(elsewhere.max(initial=0))
    if more <= 0:
        return Refused("the events fit as well at several offsets")
    of_a, of_b = _matched(a, b + middle)
    return Estimate(_line(b[of_b], a[of_a] - b[of_b]), "events", float(more), int(of_b.size))


def _matched(a: Array, b: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Events that are each other's nearest."""
    far = np.abs(a[:, None] - b)
    nearest = far.argmin(axis=0)
    of_b = np.flatnonzero((far.argmin(axis=1)[nearest] == np.arange(b.size)) & (far.min(axis=0) <= APART_S))
    return nearest[of_b], of_b


def _line(times_s: Array, added_s: Array) -> Line:
    n = times_s.size
    if n >= LINE:
        return fit(times_s, added_s)
    noise = float(added_s.std(ddof=1)) if n > 1 else 0.0
    sure = float(np.hypot(stdtrit(n - 1, 0.975) * noise / np.sqrt(n), LEAST_UNCERTAINTY_S)) if n > 1 else np.inf
    # A line needs two knots, also where there is one event.
    knots = np.array([times_s[0], max(times_s[-1], times_s[0] + 0.5)])
    return Line(knots, np.full(2, added_s.mean()), noise, sure)
