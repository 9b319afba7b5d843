"""Limb leads against each other: Einthoven's and Goldberger's identities.

The six limb leads are made of three electrodes, so that any two of them give the others. Where a recording holds
three or more, the identities hold to within rounding; where they hold for the file's integers and not for its physical
values, the gains of the leads differ without a reason.

Sources: Einthoven, Fahr & de Waart, Pflügers Arch. 150 (1913) 275: II = I + III. Goldberger, Am. Heart J. 23 (1942)
483: aVR = -(I + II) / 2, aVL = I - II / 2, aVF = II - I / 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

IDENTITIES: dict[str, dict[str, float]] = {
    "II = I + III": {"II": 1.0, "I": -1.0, "III": -1.0},
    "aVR = -(I + II) / 2": {"aVR": 1.0, "I": 0.5, "II": 0.5},
    "aVL = I - II / 2": {"aVL": 1.0, "I": -1.0, "II": 0.5},
    "aVF = II - I / 2": {"aVF": 1.0, "II": -1.0, "I": 0.5},
}
"""Identity -> the coefficients with which its leads add up to nothing."""
LEADS = frozenset(lead for identity in IDENTITIES.values() for lead in identity)

STEPS = 4.0
"""Digital steps that rounding may cost: three rounded leads miss by up to 1.5, leads that were resampled by 3.5."""
HOLDS = 0.01
"""Share of the amplitude up to which an identity holds."""
BREAKS = 0.05
"""Share of the amplitude from which it does not; what lies between the two says nothing."""
QUANTILE = 0.99
"""Of the deviation over time: a clipped peak or a spike in one lead is no proof."""
LEAST_STEPS = 50.0
"""Peak-to-peak below which rounding hides everything."""
SAMPLES = 500
"""Samples that are looked at; every k-th of a longer block."""


@dataclass(frozen=True)
class Verdict:
    """How one identity fares in one block of samples."""

    identity: str
    leads: tuple[str, ...]
    digital: str
    """holds, breaks or unclear, for the file's integers."""
    physical: str
    """The same for physical values."""
    missed: float
    """By which share of the amplitude the physical values miss it."""

    @property
    def gains_are_wrong(self) -> bool:
        """Whether the integers obey the identity and the physical values do not."""
        return self.digital == "holds" and self.physical == "breaks"

    @property
    def leads_disagree(self) -> bool:
        """Whether neither obeys it."""
        return self.digital == self.physical == "breaks"


def lead_identities(
    digital: NDArray[Any], names: Sequence[str], scale: Sequence[float], invalid: Sequence[int | None]
) -> list[Verdict]:
    """Hold each identity whose leads are there against a block of samples.

    Constant differences are no deviation: the identities are of voltages that change, and offsets are filtered away.

    Parameters
    ----------
    digital : array, shape (channels, samples)
        As the file holds them; floats are taken as exact.
    names : sequence of str
        Canonical name of each channel.
    scale : sequence of float
        Physical value of one digital step of each channel, in one unit for all.
    invalid : sequence of int or None
        Digital value of each channel that means "no sample".

    Returns
    -------
    list of Verdict
        No verdict on an identity of which a lead is missing or there twice, or where hardly anything moves.
    """
    held, places, weights = _held(tuple(names))
    if not held:
        return []
    step = float(digital.dtype.kind in "iu")
    block = _valid(digital[places, :: max(1, digital.shape[1] // SAMPLES)], [invalid[place] for place in places])
    if block.shape[1] < 2:
        return []
    scales = np.array([scale[place] for place in places])
    in_steps = _Fit.of(block, weights, np.full(len(places), step))
    in_unit = _Fit.of(block * scales[:, None], weights, np.abs(scales) * step)
    moving = in_steps.amplitude >= max(LEAST_STEPS * step, np.finfo(float).tiny)
    return [
        Verdict(identity, leads, in_steps.state(number), in_unit.state(number), in_unit.missed(number))
        for number, (identity, leads) in enumerate(held)
        if moving[number]
    ]


@lru_cache(maxsize=64)
def _held(names: tuple[str, ...]) -> tuple[list[tuple[str, tuple[str, ...]]], list[int], NDArray[np.float64]]:
    """Identities whose leads are there, rows of all leads, and the weight of each lead in each identity."""
    row = {name: place for place, name in enumerate(names) if name in LEADS and names.count(name) == 1}
    held = {identity: leads for identity, leads in IDENTITIES.items() if leads.keys() <= row.keys()}
    weights = np.array([[leads.get(lead, 0.0) for lead in row] for leads in held.values()])
    return [(identity, tuple(leads)) for identity, leads in held.items()], list(row.values()), weights


def _valid(block: NDArray[Any], invalid: Sequence[int | None]) -> NDArray[np.float64]:
    """The samples that all leads have."""
    codes = np.array([np.nan if code is None else code for code in invalid])
    floats = block.astype(np.float64)
    bad = (floats == codes[:, None]) | ~np.isfinite(floats)
    return floats[:, ~bad.any(axis=0)] if bad.any() else floats


@dataclass(frozen=True)
class _Fit:
    """How far weighted sums of leads are from constant; each array has shape (identities,)."""

    deviation: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    """Peak-to-peak of the largest lead of each identity."""
    rounding: NDArray[np.float64]

    @classmethod
    def of(cls, block: NDArray[np.float64], weights: NDArray[np.float64], step: NDArray[np.float64]) -> _Fit:
        """Fit identities to a block of shape (leads, samples), whose leads are counted in steps."""
        residual = weights @ block
        last = block.shape[1] - 1
        centre = np.partition(residual, last // 2, axis=1)[:, last // 2]
        rank = int(QUANTILE * last)
        deviation = np.partition(np.abs(residual - centre[:, None]), rank, axis=1)[:, rank]
        taken = weights != 0
        swing = np.maximum.reduce(block, axis=1) - np.minimum.reduce(block, axis=1)
        return cls(deviation, (taken * swing).max(axis=1), STEPS * (taken * step).max(axis=1))

    def missed(self, number: int) -> float:
        """By which share of the amplitude an identity is missed."""
        return float(self.deviation[number] / self.amplitude[number])

    def state(self, number: int) -> str:
        """holds, breaks or unclear."""
        deviation, rounding = self.deviation[number], self.rounding[number]
        if deviation <= max(rounding, HOLDS * self.amplitude[number]):
            return "holds"
        return "breaks" if deviation > max(rounding, BREAKS * self.amplitude[number]) else "unclear"
