"""`spectrogram-phase` against scipy's and matplotlib's unwrapped phases, on real windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib import mlab
from scipy import signal

from biocurate.images import draw, represent, representation
from biocurate.images.representations.stft import frame_length

PHASE = representation("spectrogram-phase")


def clear_frames(x, rate, segment):
    """Frames whose every angle is more than rounding, and whose every step is clearly more or less than half a turn."""
    given = {"window": "hann", "nperseg": segment, "noverlap": segment // 2, "detrend": False}
    size = signal.spectrogram(x, rate, mode="magnitude", **given)[2]
    step = np.diff(signal.spectrogram(x, rate, mode="angle", **given)[2], axis=-2)
    told = (size > 1e-9 * size.max(axis=-2, keepdims=True)).all(axis=-2)
    return told & (np.abs(np.abs(step) - np.pi) > 1e-7).all(axis=-2)


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_real_windows_equal_scipy_to_1e_4_rad(real_windows, sensor):
    x, rate = real_windows[sensor]
    segment = frame_length(x.shape[1])
    native = PHASE.native(torch.from_numpy(x), rate).numpy()
    exact = x.astype(np.float64)
    _, _, theirs = signal.spectrogram(
        exact, rate, "hann", nperseg=segment, noverlap=segment // 2, detrend=False, mode="phase"
    )
    clear = clear_frames(exact, rate, segment)
    assert clear.mean() > 0.9
    assert np.abs(native - theirs).max(axis=1)[clear].max() < 1e-4


def test_real_eeg_equals_matplotlib_to_1e_4_rad(real_windows):
    x, rate = real_windows["EEG"]
    window = signal.windows.hann(256, sym=False)
    exact = x[0].astype(np.float64)
    theirs, _, _ = mlab.specgram(exact, NFFT=256, Fs=rate, window=window, noverlap=128, mode="phase", detrend="none")
    clear = clear_frames(exact, rate, 256)
    native = PHASE.native(torch.from_numpy(x[:1]), rate)[0].numpy()
    assert np.abs(native - theirs).max(axis=0)[clear].max() < 1e-4


def test_black_and_white_are_so_many_turns_a_bin_from_zero():
    x = np.random.default_rng(0).standard_normal((1, 2560)).astype(np.float32)
    levels = represent(x, 256.0, "spectrogram-phase", size=None, turns_per_bin=0.1)[0, ::-1]
    native = PHASE.native(torch.from_numpy(x), 256.0)[0].numpy()
    ends = 2 * np.pi * 0.1 * len(native)
    assert np.abs(levels / 255 * 2 * ends - ends - native.clip(-ends, ends)).max() < ends / 255 + 1e-4


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_of_a_band_it_is_scipys_phase_unwrapped_from_the_lowest_bin_that_is_drawn(real_windows, sensor):
    x, rate = real_windows[sensor]
    chosen = representation("spectrogram-phase", sensor)
    segment, hop = chosen.frames(x.shape[1], rate)
    given = {"nperseg": segment, "noverlap": segment - hop, "detrend": "constant", "mode": "complex"}
    hertz, _, theirs = signal.spectrogram(x[:6].astype(np.float64), rate, "hann", **given)
    band = (hertz >= chosen.low_hz) & (hertz <= chosen.high_hz) if chosen.low_hz else hertz <= chosen.high_hz
    np.testing.assert_allclose(chosen.hertz(x.shape[1], rate), hertz[band], rtol=1e-12)
    angle = np.angle(theirs[:, band])
    size = np.abs(theirs[:, band])
    clear = (size > 1e-9 * np.abs(theirs).max(axis=1, keepdims=True)).all(axis=1)
    clear &= (np.abs(np.abs(np.diff(angle, axis=1)) - np.pi) > 1e-7).all(axis=1)
    native = chosen.native(torch.from_numpy(x[:6]), rate).numpy()
    assert clear.mean() > 0.9
    assert np.abs(native - np.unwrap(angle, axis=1)).max(axis=1)[clear].max() < 1e-4


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_real_windows_use_the_greys_and_are_hardly_clipped(real_windows, sensor):
    x, rate = real_windows[sensor]
    pixels = draw(torch.from_numpy(x[:20]), rate, representation("spectrogram-phase", sensor)).pixels.numpy()
    low, high = np.percentile(pixels, [1, 99])
    assert high - low > 0.75 * 255
    assert np.isin(pixels, [0, 255]).mean() < 0.02
