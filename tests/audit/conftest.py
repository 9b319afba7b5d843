"""Simulated hearts: voltages at the three limb electrodes, from which every limb lead follows."""

from __future__ import annotations

import numpy as np
import pytest

RATE = 500.0


def electrodes(seconds: float = 10.0, rate: float = RATE, bpm: float = 72.0, seed: int = 0) -> dict[str, np.ndarray]:
    """Potentials of right arm, left arm and left foot in mV: QRS and T waves of different size at each, and noise."""
    random = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    phase = (times * bpm / 60) % 1.0
    qrs, t = np.exp(-(((phase - 0.3) / 0.015) ** 2)), np.exp(-(((phase - 0.55) / 0.05) ** 2))
    parts = {"RA": (-0.5, -0.1), "LA": (0.3, 0.15), "LF": (0.9, 0.25)}
    return {name: a * qrs + b * t + 0.01 * random.standard_normal(len(times)) for name, (a, b) in parts.items()}


def limb_leads(**options) -> dict[str, np.ndarray]:
    """The six limb leads by their definitions (Einthoven 1913; Goldberger 1942: against the mean of the other two)."""
    at = electrodes(**options)
    ra, la, lf = at["RA"], at["LA"], at["LF"]
    return {
        "I": la - ra,
        "II": lf - ra,
        "III": lf - la,
        "aVR": ra - (la + lf) / 2,
        "aVL": la - (ra + lf) / 2,
        "aVF": lf - (ra + la) / 2,
    }


@pytest.fixture(scope="session")
def leads() -> dict[str, np.ndarray]:
    """Ten seconds of the six limb leads in mV at 500 Hz."""
    return limb_leads()
