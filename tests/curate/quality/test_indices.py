"""Indices on signals whose signal-to-noise ratio is known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.curate.quality import score
from biocurate.curate.quality.beats import repeated

ABSOLUTE = {"ECG": "ecg_sqi_v1", "PPG": "ppg_sqi_v1", "EEG": "eeg_sqi_v1", "GSR": "gsr_sqi_v1", "RESP": "resp_sqi_v1"}


@pytest.mark.parametrize("snr", [0.25, 1.0, 4.0, 16.0])
def test_shrout_fleiss_icc_1_of_beats_is_snr_over_one_plus_snr(snr):
    random = np.random.default_rng(1)
    course = np.sin(np.linspace(0, 2 * np.pi, 100, endpoint=False)) * np.sqrt(2)
    beats = np.sqrt(snr) * course + random.standard_normal((400, 100))
    share, count = repeated(np.repeat([0, 2], 200), beats, 3)
    assert count.tolist() == [200, 0, 200]
    assert share[1] == 0.0
    np.testing.assert_allclose(share[[0, 2]], snr / (1 + snr), atol=0.02)


def test_noise_alone_does_not_repeat():
    noise = np.random.default_rng(2).standard_normal((600, 80))
    share, _ = repeated(np.repeat(np.arange(100), 6), noise, 100)
    # The estimate is unbiased before it is cut off at 0.
    assert share.mean() < 0.02


@pytest.mark.parametrize("sensor", ABSOLUTE)
@pytest.mark.parametrize(("rate", "seconds"), [(64.0, 30), (125.0, 30), (500.0, 20)])
def test_white_noise_is_under_a_fifth(sensor, rate, seconds):
    noise = np.random.default_rng(5).standard_normal((40, 1, int(rate * seconds))).astype(np.float32)
    values = score(noise * 0.5 + 5, rate, sensor).columns[ABSOLUTE[sensor]]
    assert np.median(values) < 0.2


def train(rate, seconds, period_s, pulse):
    """A pulse again and again, with intervals that vary by 5 % as a heart's do."""
    random = np.random.default_rng(6)
    x = np.zeros(int(rate * seconds))
    at = 0.4
    while at < seconds - 0.5:
        time = np.arange(x.size) / rate - at
        x += pulse(time)
        at += period_s * random.uniform(0.95, 1.05)
    return x.astype(np.float32)[None, None]


def qrs(time):
    return (
        np.exp(-0.5 * (time / 0.012) ** 2)
        - 0.25 * np.exp(-0.5 * ((time - 0.03) / 0.012) ** 2)
        + 0.25 * np.exp(-0.5 * ((time - 0.25) / 0.04) ** 2)
    )


def pulse(time):
    return np.exp(-0.5 * (time / 0.08) ** 2) + 0.3 * np.exp(-0.5 * ((time - 0.25) / 0.08) ** 2)


@pytest.mark.parametrize(
    ("sensor", "rate", "x"),
    [
        ("ECG", 250.0, train(250.0, 10, 0.8, qrs)),
        ("ECG", 500.0, -train(500.0, 10, 0.5, qrs)),
        ("PPG", 64.0, train(64.0, 10, 0.8, pulse)),
        ("RESP", 25.0, np.sin(2 * np.pi * 0.25 * np.arange(750) / 25.0)[None, None]),
    ],
)
def test_a_course_that_repeats_is_clean(sensor, rate, x):
    assert score(x, rate, sensor).columns[ABSOLUTE[sensor]][0, 0] > 0.9


@pytest.mark.parametrize("bpm", [40, 60, 100, 150])
def test_the_rate_of_the_heart_says_nothing_about_its_quality(bpm):
    assert score(train(250.0, 15, 60 / bpm, qrs), 250.0, "ECG").columns["ecg_sqi_v1"][0, 0] > 0.9


def test_slow_drift_is_no_breathing():
    drift = np.cumsum(np.random.default_rng(7).standard_normal((20, 1, 750)), axis=2) * 0.1
    drift += np.linspace(0, 20, 750)
    assert np.median(score(drift, 25.0, "RESP").columns["resp_sqi_v1"]) < 0.2


def test_a_quiet_skin_is_not_noisy():
    # 2 uS without a response: what moves is the converter's last step, 0.001 uS
    x = 2.0 + 0.001 * np.random.default_rng(8).integers(0, 2, (1, 1, 240))
    assert score(x, 4.0, "GSR", "uS").columns["gsr_sqi_v1"][0, 0] > 0.95


def test_a_dropout_lowers_the_index_by_more_than_its_share():
    clean = train(250.0, 10, 0.8, qrs)
    lost = clean.copy()
    lost[..., 1000:1500] = 3.0
    before, after = (score(x, 250.0, "ECG").columns["ecg_sqi_v1"][0, 0] for x in (clean, lost))
    assert after < 0.8 * before
