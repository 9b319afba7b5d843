"""`rec.read` with NaN raised a bare ValueError; a span past the end came back as NaN or empty, without a word."""

from __future__ import annotations

import math

import numpy as np
import pytest

from biocurate.errors import UsageError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def recording(tmp_path):
    """Ten seconds of EEG, four of ECG."""
    store = create_store(str(tmp_path / "s"))
    streams = noise_stream("EEG", 100, [(0, 1000)]), noise_stream("ECG", 50, [(0, 200)])
    put(store, {"c/a": Recording(streams)})
    return store.recording("c/a")


@pytest.mark.parametrize("span", [(math.nan, 1), (0, math.nan), (-math.inf, 1), (0, math.inf)])
def test_what_is_no_time_is_refused(recording, span):
    with pytest.raises(UsageError, match="no span of time"):
        recording.read("EEG", *span)


@pytest.mark.parametrize("span", [(10, 12), (50, None), (-3, -1), (-1, 0), (4, 4), (5, 3)])
def test_a_span_that_can_hold_no_sample_is_refused(recording, span):
    with pytest.raises(UsageError, match="It goes from 0 to 10 s"):
        recording.read("EEG", *span)


def test_what_lies_beyond_an_end_is_missing_as_in_a_gap(recording):
    whole = recording.read("EEG")
    wide = recording.read("EEG", -0.01, 10.01)
    assert wide.shape == (1, 1002)
    np.testing.assert_array_equal(wide[:, 1:1001], whole)
    assert np.isnan(wide[:, [0, 1001]]).all(), "a time that was worked out may be off by a sample"
    assert np.isnan(recording.read("ECG", 5, 6)).all(), "the recording goes on; this sensor type is missing there"
    with pytest.raises(UsageError, match="this sensor type to 4 s"):
        recording.read("ECG", 5)
