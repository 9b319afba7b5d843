"""`markov-transition` against the paper's definition and against pyts, on real windows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from biocurate.errors import UsageError
from biocurate.images import represent, representation
from biocurate.images.representations.decimation import decimate


def by_definition(points, bins):
    """Wang & Oates 2015, section 3.2: count transitions one by one, normalise rows, spread them over time."""
    edges = np.percentile(points, np.arange(1, bins) / bins * 100)
    state = [sum(point > edge for edge in edges) for point in points]
    counts = np.zeros((bins, bins))
    for now, then in pairwise(state):
        counts[now, then] += 1
    likely = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.array([[likely[one, other] for other in state] for one in state])


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
@pytest.mark.parametrize("bins", [4, 8])
def test_real_windows_equal_the_definition_to_1e_6(real_windows, sensor, bins):
    x, rate = real_windows[sensor]
    windows = torch.from_numpy(x[:4])
    native = representation("markov-transition", bins=bins, points=100).native(windows, rate).numpy()
    for mine, points in zip(native, decimate(windows, 100).numpy(), strict=True):
        np.testing.assert_allclose(mine, by_definition(points, bins), rtol=0, atol=1e-6)


def test_pyts_to_1e_6(real_windows):
    image = pytest.importorskip("pyts.image", reason="pyts is not installed")
    x, rate = real_windows["EEG"]
    windows = torch.from_numpy(x[:4])
    theirs = image.MarkovTransitionField(1.0, n_bins=8, strategy="quantile").transform(decimate(windows, 128).numpy())
    np.testing.assert_allclose(
        representation("markov-transition").native(windows, rate).numpy(), theirs, rtol=0, atol=1e-6
    )


def test_a_slow_rise_stays_in_its_bin():
    x = np.arange(128, dtype=np.float32)[None]
    image = represent(x, 64.0, "markov-transition", size=None)[0]
    on, off = np.fliplr(image).diagonal(), image[0, 0]
    assert on.min() > 220
    assert off == 0


def test_more_bins_than_half_of_the_samples_are_too_many():
    assert representation("markov-transition", bins=64).shortest(4.0) == 128
    with pytest.raises(UsageError, match="bins: Input should be greater than or equal to 2"):
        representation("markov-transition", bins=1)
    with pytest.raises(UsageError, match="64 points are fewer than two for each of 64 bins"):
        representation("markov-transition", bins=64, points=64)
