"""`scalogram` against Torrence & Compo's equations and against pywt, on real windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from biocurate.errors import UsageError
from biocurate.images import represent, representation
from biocurate.images.representations.wavelets import wavelets


def by_equation_4(x, rate, hertz, columns, instants, omega0=6.0):
    """Torrence & Compo 1998, equation 4: every scale over the whole spectrum, the inverse transform as a plain sum."""
    n = len(x)
    length = 4 * n
    spectrum = np.fft.fft(x - x.mean(), length)[: length // 2 + 1] / length
    omega = 2 * np.pi * np.arange(length // 2 + 1) * rate / length
    out = np.empty((len(hertz), columns))
    for row, (each, number) in enumerate(zip(hertz, instants, strict=True)):
        times = (np.arange(columns * number) + 0.5) * n / (columns * number) / rate
        wave = np.exp(1j * np.outer(times, omega))
        scale = omega0 / (2 * np.pi * each)
        weight = 2 * np.exp(-0.5 * (scale * omega - omega0) ** 2) * (omega > 0)
        power = np.abs(wave @ (weight * spectrum)) ** 2
        out[row] = np.sqrt(power.reshape(columns, number).mean(axis=1))
    return out


@pytest.mark.parametrize(("sensor", "samples"), [("EEG", 500), ("ECG", 750), ("GSR", 240)])
def test_torrence_compo_equation_4_to_1e_3_of_the_maximum(real_windows, sensor, samples):
    x, rate = real_windows[sensor]
    x = x[:2, :samples]
    chosen = representation("scalogram", scales=10, columns=20, sensor=sensor, low_hz=None)
    native = chosen.native(torch.from_numpy(x), rate).numpy()
    hertz = np.geomspace(2 * rate / samples, chosen.high_hz, 10)
    found = wavelets(samples, 20, hertz[0] / rate, hertz[-1] / rate, 10, 6.0, torch.device("cpu"))
    within = [each.within for each in found for _ in range(each.rows.stop - each.rows.start)]
    for mine, window in zip(native, x.astype(np.float64), strict=True):
        theirs = by_equation_4(window, rate, hertz, 20, within)
        assert np.abs(mine - theirs).max() < 1e-3 * theirs.max()


@pytest.mark.parametrize("sensor", ["EEG", "ECG"])
def test_pywt_with_the_same_wavelet_to_3e_2_of_the_maximum(real_windows, sensor):
    """pywt samples the integral of the wavelet, so that it has an error of its own."""
    pywt = pytest.importorskip("pywt", reason="PyWavelets is not installed")
    x, rate = real_windows[sensor]
    x = x[:2, :2500]
    hertz = np.geomspace(2.0, 40.0, 16)
    chosen = representation("scalogram", scales=16, columns=50, low_hz=2.0, high_hz=40.0)
    native = chosen.native(torch.from_numpy(x), rate).numpy()
    # cmorB-C is exp(-t^2 / B) exp(2 pi i C t) / sqrt(pi B); B = 2 and C = 6 / (2 pi) is omega0 = 6.
    wavelet = pywt.ContinuousWavelet(f"cmor2.0-{6 / (2 * np.pi):.10f}")
    scales = 6 / (2 * np.pi) * rate / hertz
    for mine, window in zip(native, x.astype(np.float64), strict=True):
        theirs, _ = pywt.cwt(window - window.mean(), scales, wavelet, method="fft", precision=14)
        power = np.abs(theirs / np.sqrt(scales)[:, None] * 2) ** 2
        means = power.reshape(16, 50, 50).mean(axis=2)
        assert np.abs(mine - np.sqrt(means)).max() < 3e-2 * mine.max()


def test_ssqueezepy_has_the_same_ridges(real_windows):
    ssqueezepy = pytest.importorskip("ssqueezepy", reason="ssqueezepy is not installed")
    x, rate = real_windows["EEG"]
    hertz = np.geomspace(2.0, 40.0, 16)
    scales = 6 / (2 * np.pi) * rate / hertz[::-1]  # it wants them rising
    theirs = np.abs(ssqueezepy.cwt(x[0].astype(np.float64), ("morlet", {"mu": 6.0}), scales=scales)[0])[::-1]
    chosen = representation("scalogram", scales=16, columns=50, low_hz=2.0, high_hz=40.0)
    mine = chosen.native(torch.from_numpy(x[:1]), rate)[0].numpy()
    means = theirs.reshape(16, 50, -1).mean(axis=2)
    assert np.corrcoef(mine.ravel(), means.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("hertz", [2.0, 10.0, 35.0, 100.0])
def test_a_sine_of_amplitude_3_gives_3_at_its_frequency(hertz):
    x = (3 * np.sin(2 * np.pi * hertz * np.arange(2560) / 256)).astype(np.float32)[None]
    chosen = representation("scalogram", low_hz=1.0, high_hz=110.0, scales=200)
    middle = chosen.native(torch.from_numpy(x), 256.0)[0, :, 64].numpy()
    assert middle.max() == pytest.approx(3, rel=1e-2)
    assert np.geomspace(1, 110, 200)[middle.argmax()] == pytest.approx(hertz, rel=0.03)


def test_a_click_stands_in_its_column_at_high_frequencies():
    x = np.zeros((1, 2560), np.float32)
    x[0, 1290] = 1.0
    native = representation("scalogram").native(torch.from_numpy(x), 256.0)[0]
    assert set(native[100:].argmax(dim=1).tolist()) == {64}


def test_low_frequencies_are_at_the_bottom():
    x = np.sin(2 * np.pi * 1.0 * np.arange(2560) / 256).astype(np.float32)[None]
    assert represent(x, 256.0, "scalogram")[0].mean(axis=1).argmax() > 150


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"high_hz": 2.5}, "high_hz = 2.5 Hz is not below 2 Hz"),
        ({"low_hz": 1.9}, "the band from 1.9 to 1.8 Hz is empty"),
        ({"omega0": 1}, "omega0: Input should be greater than or equal to 5"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters, said):
    with pytest.raises(UsageError, match=said):
        represent(np.ones((1, 240), np.float32), 4.0, "scalogram", **parameters)
