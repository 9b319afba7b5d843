"""Windows brought to a few points."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from biocurate.images.representations.decimation import decimate


def lanczos(x, points):
    """The definition, point by point and sample by sample."""
    ratio = len(x) / points
    out = []
    for point in range(points):
        away = (np.arange(len(x)) - ((point + 0.5) * ratio - 0.5)) / ratio
        weight = np.where(np.abs(away) < 3, np.sinc(away) * np.sinc(away / 3), 0)
        out.append((weight * x).sum() / weight.sum())
    return np.array(out)


@pytest.mark.parametrize(("samples", "points"), [(2560, 128), (240, 128), (999, 64), (129, 128)])
def test_each_point_is_a_lanczos_mean_of_the_samples_around_it(samples, points):
    x = np.random.default_rng(0).standard_normal((2, samples)).astype(np.float32)
    expected = np.stack([lanczos(row.astype(np.float64), points) for row in x])
    np.testing.assert_allclose(decimate(torch.from_numpy(x), points).numpy(), expected, rtol=0, atol=1e-12)


def test_what_the_points_cannot_hold_is_taken_out_before():
    """A tone at 20 times the new rate would come back as a slow one if every twentieth sample were taken."""
    t = np.arange(2560)
    fast = np.cos(2 * np.pi * t / 20.1).astype(np.float32)[None]
    slow = np.cos(2 * np.pi * t / 400).astype(np.float32)[None]
    assert decimate(torch.from_numpy(fast), 128)[:, 5:-5].abs().max() < 0.05
    assert decimate(torch.from_numpy(slow), 128).abs().max() > 0.97


def test_few_samples_stay_as_they_are():
    x = torch.randn(2, 60)
    assert torch.equal(decimate(x, 128), x.double())
