"""`recurrence` against its definition and against pyts, on real windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from biocurate.errors import UsageError
from biocurate.images import represent, representation
from biocurate.images.representations.decimation import decimate

SHAPES = [(1, 1), (3, 4)]


def by_definition(points, dimension, delay):
    """Iwanski & Bradley 1998: the distance of every two delay vectors, one by one."""
    states = [points[i : i + (dimension - 1) * delay + 1 : delay] for i in range(len(points) - (dimension - 1) * delay)]
    return np.array([[np.sqrt(((one - other) ** 2).sum()) for other in states] for one in states])


@pytest.mark.parametrize("sensor", ["EEG", "ECG", "GSR"])
@pytest.mark.parametrize(("dimension", "delay"), SHAPES)
def test_real_windows_equal_the_definition_to_1e_6_of_the_largest(real_windows, sensor, dimension, delay):
    x, rate = real_windows[sensor]
    windows = torch.from_numpy(x[:2])
    chosen = representation("recurrence", dimension=dimension, delay=delay, points=64)
    native = chosen.native(windows, rate).numpy()
    near = representation("recurrence", dimension=dimension, delay=delay, points=64, threshold=0.2)
    recurs = near.native(windows, rate).numpy()
    assert native.shape[1:] == chosen.grid(x.shape[1], rate)
    for mine, mine_near, points in zip(native, recurs, decimate(windows, 64).numpy(), strict=True):
        theirs = by_definition(points, dimension, delay)
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-6 * theirs.max())
        unsure = np.abs(theirs - 0.2 * theirs.max()) < 1e-9 * theirs.max()
        np.testing.assert_array_equal(mine_near[~unsure], (theirs <= 0.2 * theirs.max())[~unsure])


@pytest.mark.parametrize(("dimension", "delay"), SHAPES)
def test_pyts_to_1e_6_of_the_largest(real_windows, dimension, delay):
    image = pytest.importorskip("pyts.image", reason="pyts is not installed")
    x, rate = real_windows["EEG"]
    windows = torch.from_numpy(x[:4])
    theirs = image.RecurrencePlot(dimension, delay).transform(decimate(windows, 128).numpy())
    native = representation("recurrence", dimension=dimension, delay=delay).native(windows, rate).numpy()
    np.testing.assert_allclose(native, theirs, rtol=0, atol=1e-6 * theirs.max())


def test_a_rhythm_recurs_on_lines_a_period_apart():
    x = np.sin(2 * np.pi * 8 * np.arange(2560) / 2560).astype(np.float32)[None]
    near = representation("recurrence", dimension=2, delay=4, threshold=0.05).native(torch.from_numpy(x), 256.0)[0]
    assert all(bool((near.diagonal(lag) == 1).all()) for lag in (0, 16, 32))
    assert not near.diagonal(8).any()


def test_time_runs_to_the_right_and_upwards():
    x = np.concatenate([np.zeros(1280), np.random.default_rng(0).standard_normal(1280)]).astype(np.float32)[None]
    image = represent(x, 256.0, "recurrence", size=None)[0]
    assert image[64:, :64].mean() < 10 < image[:64, 64:].mean()


def test_parameters_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="threshold: Input should be less than 1"):
        representation("recurrence", threshold=1.5)
    with pytest.raises(UsageError, match="16 points hold fewer than 4 states of 4 points, 8 apart"):
        representation("recurrence", points=16, dimension=4, delay=8)
