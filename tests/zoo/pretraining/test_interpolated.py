"""Linear interpolation of hidden samples, against numpy's and against lines."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.pretraining.masked.interpolated import interpolated


def test_a_line_is_found_again():
    x = torch.linspace(-1, 1, 96).expand(2, 96)
    hidden = torch.zeros(2, 96, dtype=torch.bool)
    hidden[0, 32:64] = hidden[1, 10:11] = True
    torch.testing.assert_close(interpolated(torch.where(hidden, torch.nan, x), hidden), x)


def test_beyond_the_ends_the_nearest_sample_holds():
    x = torch.tensor([9.0, 9.0, 1.0, 3.0, 9.0])
    hidden = torch.tensor([True, True, False, False, True])
    assert interpolated(x, hidden).tolist() == [1, 1, 1, 3, 3]


def test_where_nothing_is_visible_it_is_the_mean():
    assert not interpolated(torch.full((1, 8), 7.0), torch.ones(1, 8, dtype=torch.bool)).any()


@settings(max_examples=30)
@given(seed=st.integers(0, 999), samples=st.integers(1, 60))
def test_it_is_numpys(seed, samples):
    rng = np.random.default_rng(seed)
    x, hidden = rng.standard_normal((4, samples)), rng.random((4, samples)) < 0.6
    found = interpolated(torch.from_numpy(x), torch.from_numpy(hidden)).numpy()
    for mine, row, away in zip(found, x, hidden, strict=True):
        if not away.all():
            at = np.arange(samples)
            np.testing.assert_allclose(mine, np.interp(at, at[~away], row[~away]), atol=1e-12)
