"""GSR: the slow level of skin conductance, and the responses that ride on it."""

from __future__ import annotations

import numpy as np

from zoo.features import known
from zoo.features.block import Block, Columns
from zoo.features.filters import band_pass, peaks_of
from zoo.features.slow import slope

LEAST_US = 0.02
"""Least rise of a skin conductance response, in microsiemens; the field uses 0.01 to 0.05."""
REST_S = 1.0
"""Two responses are at least this far apart."""


def tonic_phasic(block: Block) -> Columns:
    """Level, slope and spread of the conductance; rate and size of its responses.

    A response is a peak of the signal below 1 Hz that rises at least 0.02 uS out of its surroundings once the
    window's straight line is taken off. Sizes are given as their sum per minute, which is 0, not unknown, in a window
    without a response. The first channel is used.

    Source: Boucsein, Electrodermal Activity, 2nd ed. (2012), sections 2.2.4.2 and 3.1.
    """
    x, usable = block.clean()
    level, good = x[:, 0], usable[:, 0]
    trend = slope(level, block.rate_hz)
    seconds = (np.arange(level.shape[1]) - (level.shape[1] - 1) / 2) / block.rate_hz
    phasic = band_pass(level, block.rate_hz, None, 1.0) - level.mean(axis=1)[:, None] - trend[:, None] * seconds
    responses = peaks_of(phasic, max(REST_S * block.rate_hz, 1), prominence=LEAST_US)
    minutes = block.seconds / 60
    count = np.bincount(responses.window, minlength=len(level))
    size = np.bincount(responses.window, weights=responses.rise, minlength=len(level))
    # A flat recording is a level without a response, or an electrode that fell off: only zero tells them apart.
    columns = [
        ("level", "uS", level.mean(axis=1)),
        ("slope", "uS/min", 60 * trend),
        ("spread", "log10 uS", known.log10(level.std(axis=1))),
        ("response_rate", "1/min", count / minutes),
        ("response_sum", "uS/min", size / minutes),
    ]
    return Columns.of([(name, unit, np.where(good, values, np.nan)) for name, unit, values in columns])
