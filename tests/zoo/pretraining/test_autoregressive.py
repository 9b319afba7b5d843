"""Autoregressive expectations of hidden patches, against processes whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from zoo.pretraining.masked.autoregression import autocovariance, expectation, fitted
from zoo.pretraining.masked.autoregressive import fit, keys_of
from zoo.pretraining.masked.interpolated import interpolated
from zoo.pretraining.masked.runs import Runs

PATCH = 8
COEFFICIENTS = (1.6, -0.8)


def process(rows, samples, coefficients=COEFFICIENTS, seed=0):
    """Samples of an autoregressive process, after it has settled."""
    rng = np.random.default_rng(seed)
    x = np.zeros((rows, samples + 200))
    for t in range(len(coefficients), x.shape[1]):
        known = sum(each * x[:, t - 1 - lag] for lag, each in enumerate(coefficients))
        x[:, t] = known + rng.standard_normal(rows)
    return torch.from_numpy(x[:, 200:] / x[:, 200:].std())


def covariance(coefficients, lags):
    """Of the process, from its answer to an impulse."""
    answer = np.zeros(4000)
    answer[0] = 1
    for t in range(1, len(answer)):
        answer[t] = sum(each * answer[t - 1 - lag] for lag, each in enumerate(coefficients) if t - 1 - lag >= 0)
    return np.array([answer[: len(answer) - lag] @ answer[lag:] for lag in range(lags)])


def conditional_mean(x, hidden, coefficients):
    """Of a Gaussian process, by its whole covariance matrix: Brockwell & Davis, section 1.6."""
    samples = len(x)
    lag = np.arange(samples)
    matrix = covariance(coefficients, samples)[np.abs(lag[:, None] - lag)]
    away, there = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    out = x.copy()
    out[away] = matrix[np.ix_(away, there)] @ np.linalg.solve(matrix[np.ix_(there, there)], x[there])
    return out


def one_channel(x, hidden):
    """A function that gives training rows of one EEG channel."""
    keys = keys_of(torch.ones(len(x), dtype=torch.int64), torch.zeros(len(x), 3))
    return lambda: [(x, hidden, keys)]


def some_hidden(rows, patches, seed=0):
    return torch.rand(rows, patches, generator=torch.Generator().manual_seed(seed)) < 0.5


def test_runs_are_where_they_are():
    runs = Runs.of(torch.tensor([[1, 1, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]]).bool())
    found = torch.stack([runs.row, runs.first, runs.length, runs.left, runs.right], dim=1)
    assert found.tolist() == [[0, 0, 2, 0, 1], [0, 3, 1, 1, 0], [1, 1, 2, 1, 1], [3, 0, 4, 0, 0]]


def test_yule_walker_finds_the_coefficients_again():
    found = fitted(autocovariance(process(8, 4000), 2).mean(dim=0)[None], 2)
    assert found[0].tolist() == pytest.approx(COEFFICIENTS, abs=0.01)


def test_an_expectation_is_the_gaussian_conditional_mean():
    hidden = np.zeros(60, dtype=bool)
    hidden[20:33] = True
    x = process(1, 60)[0].numpy()
    matrix = expectation(torch.tensor([COEFFICIENTS]).double(), 13, left=True, right=True)[0].numpy()
    beside = np.concatenate([x[18:20], x[33:35]])
    np.testing.assert_allclose(matrix @ beside, conditional_mean(x, hidden, COEFFICIENTS)[20:33], atol=1e-8)


def test_a_random_walk_is_bridged_by_a_line():
    found = expectation(torch.tensor([[1.0 - 1e-9]]).double(), 9, left=True, right=True)[0]
    share = torch.arange(1, 10).double() / 10
    torch.testing.assert_close(found, torch.stack([1 - share, share], dim=1), atol=1e-6, rtol=0)


def test_every_row_is_filled_as_the_whole_covariance_would():
    x, hidden = process(6, 12 * PATCH, seed=3), some_hidden(6, 12)
    hidden[0, 0] = hidden[1, -1] = True
    made = fit(one_channel(process(40, 400), some_hidden(40, 50)), PATCH, orders=(2,))
    made.coefficients = [torch.tensor([COEFFICIENTS, COEFFICIENTS]).double()]
    found = made.filled(x, hidden, keys_of(torch.ones(6, dtype=torch.int64), torch.zeros(6, 3)))
    for mine, row, away in zip(found.numpy(), x.numpy(), hidden.numpy(), strict=True):
        wanted = conditional_mean(row, np.repeat(away, PATCH), COEFFICIENTS)
        np.testing.assert_allclose(mine, wanted, atol=1e-6)


def test_a_sine_is_found_again_where_a_line_is_lost():
    t = torch.arange(40 * PATCH).double()
    x = torch.sin(t * 0.3 + torch.arange(20).double()[:, None])
    hidden = some_hidden(20, 40)
    made = fit(one_channel(x, hidden), PATCH)
    there = hidden.repeat_interleave(PATCH, dim=1)
    keys = keys_of(torch.ones(20, dtype=torch.int64), torch.zeros(20, 3))
    error = (made.filled(x, hidden, keys) - x)[there].square().mean()
    line = (interpolated(x, there) - x)[there].square().mean()
    assert error < 0.05 * line


def test_of_white_noise_nothing_is_expected():
    x = torch.randn(60, 320, generator=torch.Generator().manual_seed(0))
    hidden = some_hidden(60, 40)
    made = fit(one_channel(x, hidden), PATCH)
    found = made.filled(x, hidden, keys_of(torch.ones(60, dtype=torch.int64), torch.zeros(60, 3)))
    assert found[hidden.repeat_interleave(PATCH, dim=1)].abs().mean() < 0.05


def test_the_order_is_that_which_the_training_needs():
    pulses = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.98)  # nothing of it is seen by fewer than eight
    x = process(60, 40 * 16, pulses)
    made = fit(one_channel(x, some_hidden(60, 40)), 16, orders=(2, 4, 8, 16))
    assert min(made.orders) >= 8


def test_a_channel_has_its_own_model_and_one_that_training_never_saw_its_sensor_types():
    slow, fast = process(20, 320, (0.99,)), process(20, 320, (-0.9,))
    x, hidden = torch.cat([slow, fast]), some_hidden(40, 40)
    places = torch.zeros(40, 3)
    places[20:, 0] = 0.5
    keys = keys_of(torch.ones(40, dtype=torch.int64), places)
    made = fit(lambda: [(x, hidden, keys)], PATCH, orders=(2,))
    asked = torch.tensor([[1, 0, 0, 0], [1, 0.5, 0, 0], [1, 0.7, 0, 0], [4, 0, 0, 0]])
    first = [made.coefficients[0][at, 0].item() if at >= 0 else None for at in made.models_of(asked).tolist()]
    assert first[0] == pytest.approx(0.99, abs=0.05)
    assert first[1] == pytest.approx(-0.9, abs=0.05)
    assert -0.5 < first[2] < 0.5  # of both
    assert first[3] is None
    strange = made.filled(x[:1], hidden[:1], asked[3:])
    assert not strange[hidden[:1].repeat_interleave(PATCH, dim=1)].any()


def test_what_is_hidden_is_not_looked_at():
    x, hidden = process(4, 320), some_hidden(4, 40)
    keys = keys_of(torch.ones(4, dtype=torch.int64), torch.zeros(4, 3))
    made = fit(one_channel(process(20, 320), some_hidden(20, 40)), PATCH)
    there = hidden.repeat_interleave(PATCH, dim=1)
    torch.testing.assert_close(made.filled(torch.where(there, 1e6, x), hidden, keys), made.filled(x, hidden, keys))
