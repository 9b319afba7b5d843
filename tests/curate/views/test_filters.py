"""Filters and rates, against scipy over the whole signal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import signal

from biocurate.curate.views.resample import prototype, ratio_of

same_fixture = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


def drifting(n_samples: int, channels: int = 2, offset: float = 3000.0) -> np.ndarray:
    """Noise, a drift and an offset, as electrodes have them."""
    random = np.random.default_rng([channels, n_samples])  # the same whatever ran before
    noise = random.normal(0, 20, (channels, n_samples))
    return noise + np.cumsum(random.normal(0, 1, (channels, n_samples)), axis=1) + offset


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    """To float32: within two of its roundings of the largest value near."""
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("block", [3_000, 40_000, 2**21])
def test_a_band_in_blocks_is_scipys_sosfiltfilt_over_the_whole_signal(derived, block):
    samples = drifting(60_000)
    found, _ = derived([{"step": "band", "low_hz": 0.5, "high_hz": 40, "order": 4}], samples, 250, block)
    sos = signal.butter(4, [0.5, 40], "bandpass", fs=250, output="sos")
    assert_same(found, signal.sosfiltfilt(sos, samples))


@same_fixture
@given(
    low=st.one_of(st.none(), st.floats(0.1, 5)),
    high=st.one_of(st.none(), st.floats(8, 50)),
    order=st.integers(1, 6),
    rate=st.sampled_from([128.0, 200.0, 250.0, 62.4725 * 4]),
    design=st.sampled_from(["butterworth", "chebyshev1"]),
    block=st.integers(500, 30_000),
    n_samples=st.integers(2, 20_000),
    causal=st.booleans(),
)
def test_any_band_in_any_blocks_is_the_whole_signals(derived, low, high, order, rate, design, block, n_samples, causal):
    if low is None and high is None:
        return
    samples = drifting(n_samples, 1)
    step = {"step": "band", "low_hz": low, "high_hz": high, "order": order, "design": design, "causal": causal}
    found, _ = derived([step], samples, rate, block)
    kind, edges = ("bandpass", [low, high]) if low and high else ("highpass", low) if low else ("lowpass", high)
    make = signal.butter if design == "butterworth" else lambda n, *rest, **kw: signal.cheby1(n, 0.5, *rest, **kw)
    sos = make(order, edges, kind, fs=rate, output="sos")
    if causal:
        expected = np.stack([signal.sosfilt(sos, x, zi=signal.sosfilt_zi(sos) * x[0])[0] for x in samples])
    else:
        usual = 3 * (2 * len(sos) + 1 - min((sos[:, 2] == 0).sum(), (sos[:, 5] == 0).sum()))
        expected = signal.sosfiltfilt(sos, samples, padlen=min(usual, n_samples - 1))
    # Against the input's size: that is what a halo's remainder is a share of.
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-8 * np.abs(samples).max())


def test_order_is_that_of_one_pass(derived):
    """Forward and backward: half the power of a Butterworth cut-off becomes a quarter, -6 dB."""
    times = np.arange(20_000) / 250
    found, _ = derived([{"step": "band", "low_hz": 10, "order": 4}], [np.sin(2 * np.pi * 10 * times)], 250)
    middle = found[0, 5000:15000]
    assert middle.std() * np.sqrt(2) == pytest.approx(0.5, rel=1e-3)


def test_a_notch_takes_out_the_corpus_mains_and_nothing_else(derived):
    times = np.arange(30_000) / 250
    tones = np.stack([np.sin(2 * np.pi * hz * times) for hz in (20, 50, 60)])
    found, _ = derived([{"step": "notch"}], tones, 250)
    sizes = found[:, 5000:25000].std(axis=1) * np.sqrt(2)
    np.testing.assert_allclose(sizes[[0, 2]], 1, atol=0.02)
    assert sizes[1] < 1e-6
    expected = signal.sosfiltfilt(signal.tf2sos(*signal.iirnotch(50, 30, fs=250)), tones)
    assert_same(found, expected)


def test_a_cut_off_above_045_of_the_rate_is_dropped_and_recorded(planned):
    eeg = planned([{"step": "band", "low_hz": 0.1, "high_hz": 75}], 128)
    assert eeg.dropped == ("low-pass 75 Hz at 128 Hz",)
    assert eeg.form.band_hz == (0.1, None)
    ppg = planned([{"step": "notch"}], 64, sensor="PPG")
    assert ppg.dropped == ("notch 50 Hz at 64 Hz",)
    assert planned([{"step": "band", "high_hz": 57.6}], 128).dropped == ()
    assert planned([{"step": "fir", "low_hz": 0.05, "high_hz": 47}], 100).dropped == ("low-pass 47 Hz at 100 Hz",)
    assert planned([{"step": "notch"}], 250, mains_hz=None).dropped == ("notch: no mains frequency is declared",)


@same_fixture
@given(
    rate=st.sampled_from([64.0, 125.0, 128.0, 250.0, 500.0, 700.0]),
    new=st.sampled_from([100.0, 125.0, 130.0, 200.0, 256.0]),
    n_samples=st.integers(2, 9_000),
    block=st.integers(100, 4_000),
)
def test_another_rate_in_blocks_is_scipys_resample_poly_with_line_padding(derived, rate, new, n_samples, block):
    samples = drifting(n_samples, 1, offset=0)
    found, plan = derived([{"step": "resample", "rate_hz": new}], samples, rate, block)
    ratio = ratio_of(new, rate)
    up, down = ratio.numerator, ratio.denominator
    expected = (
        samples
        if ratio == 1
        else signal.resample_poly(samples, up, down, axis=1, padtype="line", window=prototype(up, down) / up)
    )
    assert plan.form.rate_hz == new
    assert_same(found, expected)


def test_the_resampling_filter_is_scipys_but_for_the_ripple_of_a_constant():
    ours = prototype(128, 125)
    scipys = signal.firwin(2 * 10 * 128 + 1, 1 / 128, window=("kaiser", 5.0)) * 128
    np.testing.assert_allclose(ours, scipys, atol=4e-3)


@pytest.mark.parametrize(("rate", "new"), [(62.4725, 256.0), (256.0, 62.4725), (360.0, 256.0), (1e3 / 3, 125.0)])
def test_a_rate_that_needs_large_factors_keeps_time_to_a_tenth_of_a_millisecond_a_day(rate, new):
    exact = new / rate
    assert abs(float(ratio_of(new, rate)) / exact - 1) < 1.3e-9
    assert max(ratio_of(new, rate).numerator, ratio_of(new, rate).denominator) < 2e5


@pytest.mark.parametrize(
    "step",
    [
        {"step": "band", "high_hz": 40},
        {"step": "fir", "high_hz": 40},
        {"step": "notch"},
        {"step": "resample", "rate_hz": 256},
        {"step": "resample", "rate_hz": 100},
    ],
)
@pytest.mark.parametrize("value", [0.0, -3.0, 10_000.0])
def test_a_constant_stays_constant(derived, step, value):
    found, _ = derived([step], np.full((1, 5000), value), 250, 700)
    np.testing.assert_allclose(found, value, rtol=1e-6, atol=1e-9)


def test_a_linear_phase_filter_in_blocks_is_its_own_over_the_whole_signal(derived):
    samples = drifting(20_000)
    steps = [{"step": "fir", "low_hz": 0.05, "high_hz": 47, "length_s": 0.3}]
    whole, _ = derived(steps, samples, 500)
    taps = signal.firwin(151, [0.05, 47], pass_zero="bandpass", fs=500)
    middle = slice(3000, -3000)
    assert_same(whole[:, middle], signal.filtfilt(taps, [1.0], samples)[:, middle])
    blocks, _ = derived(steps, samples, 500, 1_234)
    np.testing.assert_allclose(blocks, whole, rtol=2e-6, atol=1e-4)


@pytest.mark.parametrize("n_samples", [1, 2, 7, 30])
def test_a_segment_of_a_few_samples_is_no_error(derived, n_samples):
    steps = [
        {"step": "band", "low_hz": 0.5, "high_hz": 40},
        {"step": "notch"},
        {"step": "fir", "high_hz": 40},
        {"step": "resample", "rate_hz": 256},
        {"step": "normalise", "scope": "causal", "seconds": 5},
    ]
    found, _ = derived(steps, drifting(n_samples), 250)
    assert found.shape == (2, -(-n_samples * 128 // 125))
    assert np.isfinite(found).all()


def test_settling_is_where_a_cut_agrees_with_the_whole(derived):
    """0.1 Hz forward and backward: a short cut misses the whole signal's result, a settled stretch of it does not."""
    steps = [{"step": "band", "low_hz": 0.1, "high_hz": 75, "order": 4}]
    samples = drifting(250 * 300, 1)
    whole, plan = derived(steps, samples, 250)
    cut = slice(250 * 100, 250 * 160)
    alone, _ = derived(steps, samples[:, cut], 250)
    reach = round(250 * plan.settling.after_s)
    miss = np.abs(alone - whole[:, cut])[0]
    size = whole[0, cut].std()
    assert 15 < plan.settling.after_s < 25
    assert miss[:250].max() > 0.2 * size
    assert miss[reach:-reach].max() < 0.02 * miss.max()


def test_a_causal_filter_knows_nothing_of_later_samples(derived):
    steps = [{"step": "band", "low_hz": 0.5, "high_hz": 40, "causal": True}, {"step": "notch", "causal": True}]
    samples = drifting(20_000)
    changed = samples.copy()
    changed[:, 12_000:] = 0
    first, plan = derived(steps, samples, 250, 3_000)
    second, _ = derived(steps, changed, 250, 3_000)
    np.testing.assert_array_equal(first[:, :12_000], second[:, :12_000])
    assert plan.settling.before_s == 0
