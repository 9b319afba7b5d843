"""`spectrogram-angle` against scipy's and matplotlib's angles, on real windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib import mlab
from scipy import signal

from biocurate.images import represent, representation
from biocurate.images.representations.stft import frame_length

ANGLE = representation("spectrogram-angle")


def apart(one, other):
    """Radians between two angles, on the circle."""
    return np.abs(np.angle(np.exp(1j * (one - other))))


def told(x, rate, segment):
    """Where a bin's angle is more than the rounding of its frame."""
    _, _, size = signal.spectrogram(
        x, rate, "hann", nperseg=segment, noverlap=segment // 2, detrend=False, mode="magnitude"
    )
    return size > 1e-9 * size.max(axis=1, keepdims=True)


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_real_windows_equal_scipy_to_1e_5_rad(real_windows, sensor):
    x, rate = real_windows[sensor]
    segment = frame_length(x.shape[1])
    native = ANGLE.native(torch.from_numpy(x), rate).numpy()
    exact = x.astype(np.float64)
    _, _, theirs = signal.spectrogram(
        exact, rate, "hann", nperseg=segment, noverlap=segment // 2, detrend=False, mode="angle"
    )
    clear = told(exact, rate, segment)
    assert clear.mean() > 0.99
    assert apart(native, theirs)[clear].max() < 1e-5


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_real_windows_equal_matplotlib_to_1e_5_rad(real_windows, sensor):
    x, rate = real_windows[sensor]
    segment = frame_length(x.shape[1])
    window = signal.windows.hann(segment, sym=False)
    native = ANGLE.native(torch.from_numpy(x[:1]), rate)[0].numpy()
    exact = x[0].astype(np.float64)
    theirs, _, _ = mlab.specgram(
        exact, NFFT=segment, Fs=rate, window=window, noverlap=segment // 2, mode="angle", detrend="none"
    )
    clear = told(x[:1].astype(np.float64), rate, segment)[0]
    assert apart(native, theirs)[clear].max() < 1e-5


def test_black_is_minus_pi_and_white_is_pi():
    x = np.random.default_rng(0).standard_normal((1, 2560)).astype(np.float32)
    levels = represent(x, 256.0, "spectrogram-angle", size=None)[0, ::-1]
    native = ANGLE.native(torch.from_numpy(x), 256.0)[0].numpy()
    assert np.abs(levels / 255 * 2 * np.pi - np.pi - native).max() < np.pi / 255 + 1e-6


def test_an_angle_between_two_neighbours_is_one_of_them():
    x = np.random.default_rng(0).standard_normal((2, 2560)).astype(np.float32)
    small = represent(x, 256.0, "spectrogram-angle", size=None)
    large = represent(x, 256.0, "spectrogram-angle", size=224)
    at = [np.floor((np.arange(224) + 0.5) * n / 224).astype(int) for n in small.shape[1:]]
    np.testing.assert_array_equal(large, small[:, at[0]][:, :, at[1]])
