"""What an expert looks for in each sensor type is there with its defaults, on real windows and on known tones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from biocurate.errors import UsageError
from biocurate.images import Status, draw, kinds, representation
from biocurate.sensors import SensorType

RATES = {"EEG": 256.0, "EOG": 128.0, "ECG": 500.0, "EMG": 1000.0, "PPG": 64.0, "ABP": 125.0, "EDA": 4.0, "RESP": 25.0,
         "CO2": 62.5, "SPO2": 1.0, "TEMP": 4.0}  # fmt: skip
SECONDS = {"EDA": 60, "RESP": 60, "CO2": 60, "SPO2": 120, "TEMP": 120}
# A wave that the type is read by, in hertz.
TONES = {"EEG": 10.0, "EOG": 2.0, "ECG": 16.0, "EMG": 80.0, "PPG": 1.5, "ABP": 1.5, "EDA": 0.3, "RESP": 0.25,
         "CO2": 0.25, "SPO2": 0.1, "TEMP": 0.1}  # fmt: skip
SPECTRAL = ["spectrogram-psd", "log-spectrogram", "scalogram"]


def tone(sensor, level=0.0):
    rate = RATES[sensor]
    samples = round(SECONDS.get(sensor, 10) * rate)
    wave = np.sin(2 * np.pi * TONES[sensor] * np.arange(samples) / rate)
    noise = np.random.default_rng(0).standard_normal(samples)
    return (level + wave + 0.01 * noise).astype(np.float32), rate


@pytest.mark.parametrize("kind", SPECTRAL)
@pytest.mark.parametrize("sensor", TONES)
def test_each_types_wave_is_brightest_at_its_frequency_whatever_the_level(kind, sensor):
    x, rate = tone(sensor, level=50.0)
    chosen = representation(kind, sensor)
    drawing = draw(torch.from_numpy(x)[None], rate, chosen)
    assert drawing.status.tolist() == [Status.OK]
    hertz = chosen.hertz(len(x), rate)
    assert drawing.pixels.shape[1] == len(hertz)
    found = hertz[int(drawing.pixels[0].flip(0).float().mean(dim=1).argmax())]
    one_bin = 0.0 if kind == "scalogram" else rate / chosen.frames(len(x), rate)[0]
    assert abs(found - TONES[sensor]) <= max(one_bin, 0.05 * TONES[sensor])


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_the_defaults_of_a_type_are_scipys_frames_without_their_means(real_windows, sensor):
    x, rate = real_windows[sensor]
    chosen = representation("spectrogram-psd", sensor)
    native = chosen.native(torch.from_numpy(x[:6]), rate).numpy()
    segment, hop = chosen.frames(x.shape[1], rate)
    assert segment == round(chosen.frame_s * rate)
    f, _, power = signal.spectrogram(
        x[:6].astype(np.float64), rate, "hann", nperseg=segment, noverlap=segment - hop, detrend="constant"
    )
    drawn = (f >= chosen.low_hz) & (f <= chosen.high_hz)
    np.testing.assert_allclose(chosen.hertz(x.shape[1], rate), f[drawn], rtol=1e-12)
    np.testing.assert_allclose(native, 10 * np.log10(power[:, drawn] + 1e-12), rtol=0, atol=1e-4)


def test_an_occipital_channel_at_rest_with_eyes_closed_shows_alpha(corpora: Path):
    """Berger 1929: 8 to 13 Hz over the back of the head; eegmat's rest was recorded with eyes closed."""
    import edfio

    found = []
    for subject in ("Subject05_1", "Subject03_1", "Subject07_1"):
        file = next((corpora / "eegmat").glob(f"{subject}*.edf"), None)
        if file is None:
            continue
        (o2,) = [each for each in edfio.read_edf(file).signals if each.label.strip() == "EEG O2"]
        x = torch.from_numpy(o2.data[: 6 * 5000].astype(np.float32).reshape(6, 5000))
        chosen = representation("scalogram", "EEG")
        profile = draw(x, 500.0, chosen).pixels.flip(1).float().mean(dim=(0, 2)).numpy()
        hertz = chosen.hertz(5000, 500.0)
        above = hertz > 4  # below it eyes move
        found.append(hertz[above][profile[above].argmax()])
    if not found:
        pytest.skip("these persons of eegmat are not at hand")
    assert sum(8 <= each <= 13 for each in found) >= len(found) - 1


def test_each_r_wave_is_a_line(corpora: Path):
    """As many bright columns at 12 to 40 Hz as LUDB's cardiologists marked QRS complexes."""
    import wfdb

    record = next(iter(sorted((corpora / "ludb").rglob("1.hea"))), None)
    if record is None:
        pytest.skip("record 1 of ludb is not at hand")
    name = str(record.with_suffix(""))
    ecg, marked = wfdb.rdrecord(name), wfdb.rdann(name, "ii")
    beats = np.array(marked.sample)[np.array(marked.symbol) == "N"] / ecg.fs
    x = ecg.p_signal[:, ecg.sig_name.index("ii")].astype(np.float32)[None]
    chosen = representation("spectrogram-psd", "ECG")
    pixels = draw(torch.from_numpy(x), float(ecg.fs), chosen).pixels[0].flip(0).float().numpy()
    profile = pixels[chosen.hertz(x.shape[1], ecg.fs) >= 12].mean(axis=0)
    _, hop = chosen.frames(x.shape[1], ecg.fs)
    lines, _ = signal.find_peaks(profile, prominence=40)
    at = (lines * hop + round(chosen.frame_s * ecg.fs) / 2) / ecg.fs
    assert len(lines) >= len(beats)
    assert all(np.abs(at - beat).min() < 0.1 for beat in beats)


@given(
    kind=st.sampled_from(kinds()),
    sensor=st.sampled_from(sorted(SensorType)),
    samples=st.integers(1, 400),
    rate=st.sampled_from([1.0, 4.0, 32.0, 100.0, 250.0]),
    seed=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_every_type_at_every_rate_is_drawn_at_its_grid_or_refused_with_a_reason(kind, sensor, samples, rate, seed):
    chosen = representation(kind, sensor)
    x = torch.from_numpy(np.random.default_rng(seed).standard_normal((2, samples)).astype(np.float32))
    try:
        drawing = draw(x, rate, chosen)
    except UsageError as error:
        assert "half the sampling rate" in error.what or "is empty" in error.what
        return
    shown = max(samples, chosen.shortest(rate))
    assert drawing.pixels.shape == (2, *chosen.grid(shown, rate))
    assert set(drawing.status.tolist()) <= {Status.OK, Status.SHORT, Status.FLAT, Status.CONSTANT}
    hertz = chosen.hertz(shown, rate)
    assert hertz is None or (len(hertz) == drawing.pixels.shape[1] and bool((np.diff(hertz) > 0).all()))


def test_a_frame_in_seconds_gives_way_to_one_in_samples_and_to_a_short_window():
    assert representation("spectrogram-psd", "EEG").frames(2560, 256.0) == (256, 64)
    assert representation("spectrogram-psd", "EEG", segment=100).frames(2560, 256.0)[0] == 100
    assert representation("spectrogram-psd", "EDA").frames(40, 4.0)[0] == 20
    assert representation("spectrogram-psd", frame_s=2.0).frames(2560, 256.0) == (512, 256)


def test_a_band_that_begins_above_half_the_rate_is_refused():
    with pytest.raises(UsageError, match=r"low_hz = 10 Hz is not below 0\.5 Hz"):
        draw(torch.zeros(1, 100), 1.0, representation("spectrogram-psd", "EMG"))
