"""Sums of overlapping stretches a tap at a time: those of whole rows, to the last bit."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from biocurate.images.representations.decimation import decimate, kernel
from biocurate.images.representations.polyphase import total


def by_rows(x, points):
    """Every point's samples gathered, weighted, and added by numpy as a row."""
    _, index, weight = kernel(x.shape[1], points, torch.device("cpu"))
    rows = x.astype(np.float64)[:, index.numpy()] * weight.numpy()
    return np.ascontiguousarray(rows).sum(axis=-1)  # what is picked lies otherwise in memory, and is added otherwise


@given(
    points=st.integers(4, 130),
    step=st.integers(2, 45),
    batch=st.integers(1, 20),
    size=st.sampled_from([1e-30, 1.0, 1e9]),
    seed=st.integers(0, 99),
)
def test_points_of_a_whole_number_of_samples_equal_gathered_rows_to_the_last_bit(points, step, batch, size, seed):
    x = (np.random.default_rng(seed).standard_normal((batch, points * step)) * size).astype(np.float32)
    np.testing.assert_array_equal(decimate(torch.from_numpy(x), points).numpy(), by_rows(x, points))


@given(n=st.integers(1, 700), seed=st.integers(0, 99))
def test_the_order_of_a_sum_is_numpys(n, seed):
    """Numbers that lie far apart in size: another order would give other last bits."""
    rng = np.random.default_rng(seed)
    parts = rng.standard_normal((n, 3)) * 10.0 ** rng.integers(-8, 8, (n, 1))
    np.testing.assert_array_equal(total(parts), np.ascontiguousarray(parts.T).sum(axis=-1))
