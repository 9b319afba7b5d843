"""`waveform` against a trace drawn with many samples a pixel, on real windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from biocurate.images import represent, representation


def supersampled(x, height, width, thickness, fine=64):
    """Cover each column from the least to the largest of a finely interpolated trace, in a fine grid of rows."""
    margin = thickness / 2
    rows = (x - x.min()) / np.ptp(x) * (height - 2 * margin) + margin
    out = np.zeros((height, width))
    for column in range(width):
        ends = np.array([column, column + 1]) / width * (len(x) - 1)
        at = np.union1d(np.linspace(*ends, 200), np.arange(np.ceil(ends[0]), np.floor(ends[1]) + 1))
        trace = np.interp(at, np.arange(len(x)), rows)
        covered = (np.arange(height * fine) + 0.5) / fine
        hit = (covered >= trace.min() - margin) & (covered <= trace.max() + margin)
        out[:, column] = hit.reshape(height, fine).mean(axis=1)
    return out


@pytest.mark.parametrize(("sensor", "size"), [("EEG", 64), ("ECG", 100), ("GSR", 64), ("GSR", 300)])
def test_real_windows_equal_a_supersampled_trace_to_2_in_64(real_windows, sensor, size):
    x, rate = real_windows[sensor]
    native = representation("waveform", height=size, width=size).native(torch.from_numpy(x[:2]), rate).numpy()
    for mine, window in zip(native, x.astype(np.float64), strict=False):
        np.testing.assert_allclose(mine, supersampled(window, size, size, 1.5), rtol=0, atol=2 / 64 + 1e-6)


def test_a_spike_of_one_sample_reaches_the_top_and_high_values_are_there():
    x = np.zeros((1, 5000), np.float32)
    x[0, 3333] = 1.0
    image = represent(x, 500.0, "waveform", size=None)[0]
    assert image[0].argmax() == 3333 * 128 // 5000
    assert image[0].max() == 255
    assert (image[-1] == 255).all()


def test_two_samples_make_a_straight_line():
    image = represent(np.array([[0.0, 1.0]], np.float32), 1.0, "waveform", size=None)[0]
    np.testing.assert_array_equal(image, image[::-1, ::-1])
    assert (np.abs(image.argmax(axis=0) - np.arange(127, -1, -1)) <= 2).all()
