"""Windows to images: what cannot be drawn, and bytes that depend on nothing but the window."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import biocurate
from biocurate.errors import UsageError
from biocurate.images import Status, draw, represent, representation
from biocurate.images.representations.stft import spectra

PSD = representation("spectrogram-psd")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def status_of(window):
    drawing = draw(torch.from_numpy(np.array(window, dtype=np.float32))[None], 4.0, PSD)
    return Status(int(drawing.status[0])), drawing


@pytest.mark.parametrize(
    ("window", "status"),
    [
        (noise(240), Status.OK),
        (noise(240) * 1e-30, Status.FLAT),
        (noise(240) * np.float32(1e-39), Status.FLAT),
        (noise(240) * np.float32(1e12), Status.OK),
        (noise(240) * np.float32(1e30), Status.OVERFLOW),
        (np.where(np.arange(240) == 17, np.nan, noise(240)), Status.MISSING),
        (np.where(np.arange(240) == 239, np.inf, noise(240)), Status.MISSING),
        (np.full(240, np.nan), Status.MISSING),
        (np.zeros(240), Status.CONSTANT),
        (np.full(240, 3.25), Status.CONSTANT),
        (np.full(240, -np.inf), Status.MISSING),
        (noise(31), Status.SHORT),
        (noise(0), Status.SHORT),
        (noise(32), Status.OK),
    ],
)
def test_a_window_that_cannot_be_drawn_is_black_and_says_why(window, status):
    found, drawing = status_of(window)
    assert found is status
    assert bool(drawing.pixels.any()) is (status is Status.OK)
    assert bool(drawing.low.isnan() | drawing.high.isnan()) is (status is not Status.OK)


def test_a_bad_window_leaves_the_others_of_its_batch_as_they_are():
    x = noise(40, 512)
    alone = draw(torch.from_numpy(x), 100.0, PSD)
    x[::3, 5] = np.nan
    x[1::3] = 1.0
    mixed = draw(torch.from_numpy(x), 100.0, PSD)
    assert torch.equal(mixed.pixels[2::3], alone.pixels[2::3])
    assert mixed.status.tolist() == [Status.MISSING, Status.CONSTANT, Status.OK] * 13 + [Status.MISSING]


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(0, 5), st.integers(0, 300)),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True, allow_subnormal=True),
    ),
    st.sampled_from([1 / 60, 4.0, 62.4725, 500.0]),
)
@settings(max_examples=80, deadline=None)
def test_any_window_gives_a_defined_image_and_a_known_status(x, rate):
    drawing = draw(torch.from_numpy(x), rate, PSD)
    ok = drawing.status == Status.OK
    assert drawing.pixels.shape == (len(x), *PSD.grid(max(x.shape[1], 32), rate))
    assert not drawing.pixels[~ok].any()
    assert bool((drawing.high[ok] > drawing.low[ok]).all())
    assert {Status(code) for code in drawing.status.tolist()} <= set(Status)


def bits(drawing):
    return [drawing.pixels, drawing.low.view(torch.int32), drawing.high.view(torch.int32), drawing.status]


def joined(drawings):
    return [torch.cat(parts) for parts in zip(*map(bits, drawings), strict=True)]


@pytest.mark.parametrize("segment", [None, 32, 64, 100, 128, 512])
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_bytes_are_equal_whatever_the_batch_and_the_threads(segment, n_threads, threads):
    chosen = representation("spectrogram-psd", segment=segment)
    loudness = np.logspace(-4, 4, 9, dtype=np.float32).repeat(10)
    x = torch.from_numpy(noise(90, 1280) * loudness[:, None])
    x[4::9] += 20_000
    threads(1)
    whole = bits(draw(x, 256.0, chosen))
    threads(n_threads)
    for size in (1, 2, 7, 31, 90):
        parts = joined([draw(part, 256.0, chosen) for part in x.split(size)])
        assert all(torch.equal(one, other) for one, other in zip(whole, parts, strict=True))
    order = torch.randperm(90, generator=torch.Generator().manual_seed(1))
    shuffled = bits(draw(x[order], 256.0, chosen))
    assert all(torch.equal(one[order], other) for one, other in zip(whole, shuffled, strict=True))


@pytest.mark.parametrize("segment", [32, 64, 100, 128, 256])
def test_transforms_are_equal_to_the_last_bit_whatever_the_batch_and_the_threads(segment, threads):
    """At 32 and 64 samples MKL's differ in their last bits with the number of rows and of threads."""
    x = torch.from_numpy(noise(64, 2048))
    threads(1)
    alone = torch.cat([spectra(window[None], segment, segment) for window in x])
    for n_threads in (1, 2, 3):
        threads(n_threads)
        assert torch.equal(spectra(x, segment, segment), alone)


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_real_windows_give_the_same_numbers_one_by_one_and_together(real_windows, sensor, threads):
    x, rate = real_windows[sensor]
    windows = torch.from_numpy(x)
    threads(2)
    together = PSD.native(windows, rate)
    threads(1)
    assert torch.equal(torch.cat([PSD.native(window[None], rate) for window in windows]), together)


def test_values_come_back_from_grey_levels_within_half_a_level():
    x = torch.from_numpy(noise(6, 2560))
    drawing = draw(x, 256.0, PSD)
    spread = (drawing.high - drawing.low)[:, None, None]
    back = drawing.low[:, None, None] + drawing.pixels.float() / 255 * spread
    values = PSD.native(x, 256.0).flip(1)
    values = values.clamp(drawing.low[:, None, None], drawing.high[:, None, None])
    assert ((back - values).abs() <= spread * (0.5 / 255 + 1e-5)).all()


def test_represent_takes_arrays_and_tensors_and_gives_back_the_same_kind():
    x = noise(3, 2560)
    x.setflags(write=False)
    array = represent(x, 256.0)
    assert isinstance(array, np.ndarray)
    assert array.dtype == np.uint8
    assert array.shape == (3, 224, 224)
    tensor = represent(torch.from_numpy(x.copy()), 256.0)
    np.testing.assert_array_equal(tensor.numpy(), array)
    assert represent(x, 256.0, size=None).shape == (3, 129, 19)
    assert represent(x[:0], 256.0, size=64).shape == (0, 64, 64)
    np.testing.assert_array_equal(biocurate.images.represent(x, rate=256.0, kind="spectrogram-psd", size=224), array)


def test_represent_does_not_change_its_input():
    x = noise(4, 300)
    x[1, 3] = np.nan
    before = x.copy()
    represent(x, 4.0)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("x", [noise(300), noise(2, 3, 300), noise(2, 300).astype(np.float64)])
def test_what_is_no_batch_of_float32_windows_is_refused(x):
    with pytest.raises(UsageError, match="cannot be drawn"):
        represent(x, 4.0)


@pytest.mark.parametrize("rate", [0.0, -4.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(UsageError, match="rate"):
        represent(noise(2, 300), rate)
