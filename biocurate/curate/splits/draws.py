"""Draws of windows that are the same on every machine, whatever order they come in and whatever else is there."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.curate.splits.persons import person_hash

Draws = NDArray[np.uint64]


def draws(rows: pl.DataFrame, seed: int) -> Draws:
    """Draw a number of 64 bits for each window from seed, recording and time.

    Source: the finaliser of SplitMix64, Steele et al., OOPSLA 2014, figure 16, over sha256 of seed and recording.

    Parameters
    ----------
    rows : DataFrame
        Windows: recording_id, t0_ns.
    seed : int
    """
    known = {each: person_hash(each, seed) for each in rows["recording_id"].unique()}
    of_recording = rows["recording_id"].replace_strict(known, return_dtype=pl.UInt64).to_numpy()
    return _mix(of_recording ^ _mix(rows["t0_ns"].to_numpy().astype(np.uint64)))


def _mix(number: Draws) -> Draws:
    """Spread the bits of numbers; arithmetic is modulo 2**64."""
    number = number + np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
