"""`log-spectrogram` against band means of scipy's spectrogram, on real windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import signal

from biocurate.errors import UsageError
from biocurate.images import represent, representation
from biocurate.images.representations.stft import frame_length


def band_means_db(x, rate, segment, shared, low, high, bands):
    """Integrate the piecewise constant density over each band, by the difference of its integral at the edges."""
    f, _, power = signal.spectrogram(
        x.astype(np.float64), rate, "hann", nperseg=segment, noverlap=shared, detrend="constant"
    )
    width = f[1]
    walls = np.append(f - width / 2, f[-1] + width / 2)
    edges = np.geomspace(low, high, bands + 1)
    out = np.empty((*power.shape[:-2], bands, power.shape[-1]))
    for k in range(bands):
        overlap = np.clip(np.minimum(edges[k + 1], walls[1:]) - np.maximum(edges[k], walls[:-1]), 0, None)
        out[..., k, :] = np.einsum("f,...ft->...t", overlap / overlap.sum(), power)
    return 10 * np.log10(out + 1e-12)


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
@pytest.mark.parametrize("bands", [10, 64])
def test_real_windows_equal_band_means_of_scipy_to_1e_4_db(real_windows, sensor, bands):
    x, rate = real_windows[sensor]
    segment = frame_length(x.shape[1], longest=4096)
    chosen = representation("log-spectrogram", sensor=sensor, bands=bands)
    low = chosen.low_hz or rate / segment / 2
    native = chosen.native(torch.from_numpy(x), rate).numpy()
    assert native.shape[1:] == chosen.grid(x.shape[1], rate)
    expected = band_means_db(x, rate, segment, 3 * segment // 4, low, chosen.high_hz or rate / 2, bands)
    np.testing.assert_allclose(native, expected, rtol=0, atol=1e-4)


def test_white_noise_is_as_loud_in_every_band():
    x = np.random.default_rng(0).standard_normal((50, 2560)).astype(np.float32)
    native = representation("log-spectrogram", low_hz=4, bands=8).native(torch.from_numpy(x), 256.0)
    loud = (10 ** (native / 10)).mean(dim=(0, 2))
    np.testing.assert_allclose(loud.numpy(), 2 / 256, rtol=0.1)


def test_each_octave_has_the_same_height_with_low_frequencies_at_the_bottom():
    t = np.arange(2560) / 256
    rows = []
    for hertz in (4.0, 16.0, 64.0):
        tone = np.sin(2 * np.pi * hertz * t).astype(np.float32)[None]
        image = represent(tone, 256.0, "log-spectrogram", size=None, low_hz=2, high_hz=126, bands=60)[0]
        rows.append(int(image.mean(axis=1).argmax()))
    assert rows[0] > rows[1] > rows[2]
    assert abs((rows[0] - rows[1]) - (rows[1] - rows[2])) <= 4


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({"high_hz": 2.0}, "high_hz = 2 Hz is not below 2 Hz"), ({"low_hz": 1.0, "high_hz": 0.5}, "1 to 0.5 Hz is empty")],
)
def test_a_band_that_the_rate_does_not_reach_is_refused(parameters, said):
    with pytest.raises(UsageError, match=said):
        represent(np.ones((1, 240), np.float32), 4.0, "log-spectrogram", **parameters)
