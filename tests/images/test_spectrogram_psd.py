"""`spectrogram-psd` against scipy, on random and on real windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import signal

from biocurate.errors import UsageError
from biocurate.images import represent, representation
from biocurate.images.representations.stft import frame_length


def scipy_db(x, rate, segment, shared):
    _, _, power = signal.spectrogram(
        x.astype(np.float64), rate, window="hann", nperseg=segment, noverlap=shared, detrend=False, scaling="density"
    )
    return 10 * np.log10(power + 1e-12)


@pytest.mark.parametrize(
    ("samples", "segment"),
    [(2560, 256), (5000, 256), (1024, 256), (1023, 128), (1000, 128), (240, 32), (256, 64), (127, 32), (32, 32)],
)
def test_tiny_biomoe_3_3_frames_are_the_largest_power_of_two_up_to_a_quarter_from_32_to_256(samples, segment):
    assert frame_length(samples) == segment
    assert representation("spectrogram-psd").grid(samples, 256.0)[0] == segment // 2 + 1


@pytest.mark.parametrize("samples", [32, 100, 240, 999, 2560])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_random_windows_equal_scipy_to_1e_4_db(samples, scale):
    x = (np.random.default_rng(samples).standard_normal((5, samples)) * scale).astype(np.float32)
    segment = frame_length(samples)
    native = representation("spectrogram-psd").native(torch.from_numpy(x), 256.0)
    np.testing.assert_allclose(native.numpy(), scipy_db(x, 256.0, segment, segment // 2), rtol=0, atol=1e-4)


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_real_windows_equal_scipy_to_1e_4_db(real_windows, sensor):
    x, rate = real_windows[sensor]
    segment = frame_length(x.shape[1])
    native = representation("spectrogram-psd").native(torch.from_numpy(x), rate)
    np.testing.assert_allclose(native.numpy(), scipy_db(x, rate, segment, segment // 2), rtol=0, atol=1e-4)


def test_an_amplifiers_offset_does_not_drown_the_signal():
    """In float32 the offset's rounding noise would be 60 dB above the quiet bins."""
    rng = np.random.default_rng(0)
    x = (20_000 + signal.lfilter(*signal.butter(4, 0.1), rng.standard_normal((3, 2560)))).astype(np.float32)
    native = representation("spectrogram-psd").native(torch.from_numpy(x), 256.0)
    np.testing.assert_allclose(native.numpy(), scipy_db(x, 256.0, 256, 128), rtol=0, atol=1e-4)


@pytest.mark.parametrize(("segment", "overlap"), [(64, 0.75), (100, 0.0), (33, 0.5), (2, 0.5), (500, 0.9)])
def test_parameters_equal_scipys(segment, overlap):
    x = np.random.default_rng(1).standard_normal((3, 500)).astype(np.float32)
    chosen = representation("spectrogram-psd", segment=segment, overlap=overlap)
    native = chosen.native(torch.from_numpy(x), 100.0).numpy()
    np.testing.assert_allclose(native, scipy_db(x, 100.0, segment, int(segment * overlap)), rtol=0, atol=1e-4)
    assert native.shape[1:] == chosen.grid(500, 100.0)


def test_it_is_scipys_short_time_fft_too():
    x = np.random.default_rng(2).standard_normal(2560).astype(np.float32)
    transform = signal.ShortTimeFFT(
        signal.windows.hann(256, sym=False), hop=128, fs=256.0, fft_mode="onesided2X", scale_to="psd"
    )
    # ShortTimeFFT centres frame p at sample 128 p: ours is the first that lies wholly inside, and so on.
    power = transform.spectrogram(x.astype(np.float64), p0=1, p1=20)
    native = representation("spectrogram-psd").native(torch.from_numpy(x)[None], 256.0)[0].numpy()
    np.testing.assert_allclose(native, 10 * np.log10(power + 1e-12), rtol=0, atol=1e-4)


def test_a_window_without_a_whole_frame_is_refused_by_native():
    with pytest.raises(UsageError, match="31 samples is shorter than a frame of 32"):
        representation("spectrogram-psd").native(torch.zeros(2, 31), 4.0)


@pytest.mark.parametrize(("hertz", "row"), [(4.0, 216), (64.0, 112), (124.0, 7)])
def test_a_low_tone_lights_the_bottom_rows_and_a_high_one_the_top(hertz, row):
    t = np.arange(2560) / 256
    image = represent(np.sin(2 * np.pi * hertz * t).astype(np.float32)[None], 256.0, size=224)[0]
    brightness = image.mean(axis=1)
    assert abs(int(brightness.argmax()) - row) <= 3


def test_time_runs_from_left_to_right():
    x = np.random.default_rng(3).standard_normal((1, 2560)).astype(np.float32) * 1e-3
    x[:, 1280:] *= 1e3
    image = represent(x, 256.0, size=224)[0].astype(float)
    assert image[:, 150:].mean() > image[:, :70].mean() + 100


def test_real_eeg_shows_the_mains_filter_in_its_row(real_windows):
    """eegmat was recorded with a 50 Hz notch: a dark line at 50 of 250 Hz, from the bottom."""
    x, rate = real_windows["EEG"]
    profile = represent(x, rate, size=None).astype(float).mean(axis=(0, 2))[::-1]
    hertz = np.arange(len(profile)) * rate / 256
    near = (hertz > 40) & (hertz < 60)
    assert abs(hertz[near][profile[near].argmin()] - 50) < 2.5
    assert profile[hertz < 30].mean() > profile[hertz > 100].mean() + 80
