"""The search against every pair, and fingerprints against what they must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from biocurate.curate.leakage.fingerprint import FAST, SIZE, fingerprints
from biocurate.curate.leakage.near import least_cosines, near_copies


def some(n, seed=0):
    return np.random.default_rng(seed).normal(0, 40, (n, SIZE)).clip(-127, 127).astype(np.int8)


def every_pair(x):
    """The slow way: all cosines."""
    unit = x / np.linalg.norm(x.astype(float), axis=1, keepdims=True)
    least = least_cosines(x)
    alike = np.abs(unit @ unit.T) >= np.maximum.outer(least, least)
    return {(a, b) for a, b in zip(*np.nonzero(np.triu(alike, 1)), strict=True)}


@settings(max_examples=20, deadline=None)
@given(n=st.integers(2, 120), copies=st.integers(0, 20), seed=st.integers(0, 99))
def test_planted_copies_are_found_and_nothing_that_is_none(n, copies, seed):
    random = np.random.default_rng(seed)
    x = some(n, seed)
    chosen = random.integers(0, n, copies)
    noisy = -x[chosen].astype(float) + random.normal(0, 8, (copies, SIZE))
    whole = np.concatenate([x, np.rint(noisy).clip(-127, 127).astype(np.int8)])
    found = near_copies(whole)
    pairs = set(zip(found.a.tolist(), found.b.tolist(), strict=True))
    assert pairs <= every_pair(whole)
    assert {(int(a), n + at) for at, a in enumerate(chosen)} <= pairs


def test_work_grows_with_the_fingerprints_and_not_with_their_square(monkeypatch):
    from biocurate.curate.leakage import near

    compared = []
    plain = near._cosines
    monkeypatch.setattr(near, "_cosines", lambda x, pairs, n: compared.append(pairs.size) or plain(x, pairs, n))
    counts = []
    for n in (1000, 4000):
        compared.clear()
        near_copies(some(n))
        counts.append(sum(compared))
    assert counts[1] < 6 * counts[0]


def test_equal_fingerprints_by_the_thousand_cost_no_square():
    found = near_copies(np.repeat(some(1), 3000, axis=0))
    # Each meets its neighbours under every key, not all others.
    assert 2999 <= found.a.size < 3000 * 64 * 16


def signal(seed, rate=128.0, seconds=20):
    white = np.random.default_rng(seed).normal(0, 1, (2, int(rate * seconds)))
    return sosfilt(butter(2, 6, fs=rate, output="sos"), white)


def cosine(a, b):
    a, b = a.astype(float), b.astype(float)
    return np.abs((a * b).sum(-1)) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 50), gain=st.floats(0.01, 100), offset=st.floats(-1e3, 1e3), drift=st.floats(-1, 1))
def test_gain_offset_sign_and_slow_drift_change_nothing(seed, gain, offset, drift):
    x = signal(seed)
    own = fingerprints(x, 128.0, FAST)
    other = fingerprints(-gain * (x + drift * np.linspace(0, 1, x.shape[1])) + offset, 128.0, FAST)
    assert (cosine(own, other) > 0.98).all()


def test_invalid_samples_are_passed_over():
    x = signal(3)
    own = fingerprints(x, 128.0, FAST)
    x[:, 300:340] = np.nan
    x[:, ::50] = np.nan
    assert (cosine(own, fingerprints(x, 128.0, FAST)) > 0.9).all()


@pytest.mark.parametrize("x", [np.zeros((2, 4000)), np.full((1, 4000), np.nan), np.zeros((1, 0)), signal(1)[:, :100]])
def test_silence_and_scraps_have_none(x):
    made = fingerprints(x, 128.0, FAST)
    assert made.shape == (*x.shape[:-1], SIZE)
    assert not made.any()


def test_a_signal_of_one_frequency_asks_for_more_than_a_noise():
    t = np.arange(2560) / 128
    tone = fingerprints(np.sin(2 * np.pi * 3 * t)[None], 128.0, FAST)
    noise = fingerprints(signal(1)[:1], 128.0, FAST)
    tonal, noisy = least_cosines(np.concatenate([tone, noise, some(1000)]))[:2]
    assert noisy == pytest.approx(0.85, abs=0.02)
    assert tonal > 0.99
