"""What holds for every representation: bytes that depend on the window alone, a defined image for any window."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from biocurate.images import Status, draw, kinds, represent, representation

KINDS = kinds()


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def bits(drawing):
    return [drawing.pixels, drawing.low.view(torch.int32), drawing.high.view(torch.int32), drawing.status]


def joined(drawings):
    return [torch.cat(parts) for parts in zip(*map(bits, drawings), strict=True)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("samples", [1280, 999])
def test_bytes_are_equal_whatever_the_batch_and_the_threads(kind, samples, threads):
    chosen = representation(kind, **({"scales": 16} if kind == "scalogram" else {}))
    x = torch.from_numpy(noise(12, samples) * np.logspace(-4, 4, 6, dtype=np.float32).repeat(2)[:, None])
    x[4::9] += 20_000
    threads(1)
    whole = bits(draw(x, 256.0, chosen))
    native = chosen.native(x, 256.0)
    for n_threads in (1, 2):
        threads(n_threads)
        assert torch.equal(chosen.native(x, 256.0), native)
        assert torch.equal(torch.cat([chosen.native(window[None], 256.0) for window in x]), native)
        parts = joined([draw(part, 256.0, chosen) for part in x.split(5)])
        assert all(torch.equal(one, other) for one, other in zip(whole, parts, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
def test_real_windows_are_all_drawn_at_the_grid_that_was_said(kind, sensor, real_windows):
    x, rate = real_windows[sensor]
    chosen = representation(kind, sensor=sensor)
    drawing = draw(torch.from_numpy(x[:20]), rate, chosen)
    assert drawing.pixels.shape[1:] == chosen.grid(x.shape[1], rate)
    there = drawing.status[drawing.status != Status.CONSTANT]
    assert len(there) and bool((there == Status.OK).all())
    assert represent(x[:2], rate, kind, size=32, sensor=sensor).shape == (2, 32, 32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("window", "allowed"),
    [
        (noise(240) * np.float32(1e-39), {Status.OK, Status.FLAT}),
        (noise(240) * np.float32(1e12), {Status.OK}),
        (noise(240) * np.float32(1e37), {Status.OK, Status.OVERFLOW}),
        (np.where(np.arange(240) == 17, np.nan, noise(240)), {Status.MISSING}),
        (np.where(np.arange(240) == 239, np.inf, noise(240)), {Status.MISSING}),
        (np.full(240, 3.25), {Status.CONSTANT}),
        (noise(1), {Status.SHORT}),
        (noise(0), {Status.SHORT}),
    ],
)
def test_a_window_that_cannot_be_drawn_is_black_and_says_why(kind, window, allowed):
    drawing = draw(torch.from_numpy(np.array(window, dtype=np.float32))[None], 4.0, representation(kind))
    status = Status(int(drawing.status[0]))
    assert status in allowed
    assert bool(drawing.pixels.any()) is (status is Status.OK)
    assert bool(drawing.low.isnan() | drawing.high.isnan()) is (status is not Status.OK)


@pytest.mark.parametrize("kind", KINDS)
@given(
    x=hnp.arrays(
        np.float32,
        st.tuples(st.integers(0, 3), st.integers(0, 300)),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True, allow_subnormal=True),
    ),
    rate=st.sampled_from([1 / 60, 4.0, 62.4725, 500.0]),
)
@settings(max_examples=15, deadline=None)
def test_any_window_gives_a_defined_image_and_a_known_status(kind, x, rate):
    chosen = representation(kind)
    drawing = draw(torch.from_numpy(x), rate, chosen)
    ok = drawing.status == Status.OK
    assert drawing.pixels.shape == (len(x), *chosen.grid(max(x.shape[1], chosen.shortest(rate)), rate))
    assert not drawing.pixels[~ok].any()
    assert bool((drawing.high[ok] > drawing.low[ok]).all())
