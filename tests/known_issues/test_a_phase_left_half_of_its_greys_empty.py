"""The range of `spectrogram-phase` was 20 turns where 17 bins walk 8 at most: half of the grey levels were empty.

A range by definition knew neither the samples of a window nor their rate. Angles and phases had no band by sensor
type either, so that EEG at 500 Hz was drawn up to 250 Hz.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.images import representation
from biocurate.sensors import SensorType

TURN = 2 * np.pi


@given(
    sensor=st.sampled_from([None, *sorted(SensorType)]),
    samples=st.integers(32, 4000),
    rate=st.sampled_from([4.0, 32.0, 100.0, 500.0]),
)
def test_no_grey_level_is_further_from_zero_than_the_bins_can_walk(sensor, samples, rate):
    """A bin's own angle is half a turn at most, and so is each step to the next."""
    chosen = representation("spectrogram-phase", sensor)
    if chosen.low_hz is not None and chosen.low_hz >= rate / 2:
        return
    bins = chosen.grid(samples, rate)[0]
    low, high = chosen.ends(samples, rate)
    assert 0.5 * TURN <= high <= max(bins, 1) * TURN / 2
    assert low == -high


@pytest.mark.parametrize("kind", ["spectrogram-angle", "spectrogram-phase"])
@pytest.mark.parametrize("sensor", sorted(SensorType))
def test_angles_and_phases_have_the_frames_and_the_band_of_the_density(kind, sensor):
    theirs = representation("spectrogram-psd", sensor).model_dump(exclude={"floor_db"})
    assert representation(kind, sensor).model_dump(exclude={"turns_per_bin"}) == theirs
