"""Autoregressive models of channels: fitted by their autocovariance, and what they expect of hidden samples.

Of a Gaussian autoregressive process of order p, hidden samples depend on no more than the p visible ones on either
side. As long as p is no more than a patch, each run of hidden patches is solved by itself, with one matrix for all runs
of its length: no loop goes over samples.
"""

from __future__ import annotations

import torch
from torch import Tensor

WHITE = 1e-7
"""Share of white noise that is added: what a filter has taken out of a signal leaves its equations singular."""


def autocovariance(x: Tensor, lags: int) -> Tensor:
    """Mean product of samples and those `lag` later, over the whole length, so that it belongs to a process.

    Parameters
    ----------
    x : Tensor, shape (..., samples)
    lags : int

    Returns
    -------
    Tensor, shape (..., lags + 1), float64
    """
    samples = x.shape[-1]
    spectrum = torch.fft.rfft(x.double(), n=2 * samples)
    found: Tensor = torch.fft.irfft(spectrum.abs().square(), n=2 * samples)[..., : lags + 1] / samples
    return found


def fitted(covariance: Tensor, order: int) -> Tensor:
    """Coefficients of models of an order, by the Yule-Walker equations.

    Source: Brockwell & Davis, Time Series: Theory and Methods, 2nd ed., section 8.1.

    Parameters
    ----------
    covariance : Tensor, shape (models, lags + 1), float64
        With at least `order` lags.
    order : int

    Returns
    -------
    Tensor, shape (models, order): x[t] is the sum of ``coefficients[k] x[t - 1 - k]``, and noise; zeros of a model
    whose variance is 0
    """
    whole = covariance.clone()
    whole[:, 0] = torch.where(whole[:, 0] > 0, whole[:, 0] * (1 + WHITE), 1.0)
    lag = torch.arange(order)
    matrix = whole[:, (lag[:, None] - lag).abs()]
    found: Tensor = torch.linalg.solve(matrix, whole[:, 1 : order + 1])
    return found


def expectation(coefficients: Tensor, samples: int, *, left: bool, right: bool) -> Tensor:
    """How a run of hidden samples follows from the visible ones beside it.

    What is expected of a run makes the sum of squared innovations that it takes part in least. Where one side is
    missing it is a prediction, forward or backward: a stationary Gaussian process looks the same in either direction.

    Parameters
    ----------
    coefficients : Tensor, shape (models, order), float64
    samples : int
        Of the run.
    left, right : bool
        Whether there are visible samples before and after.

    Returns
    -------
    Tensor, shape (models, samples, order * (left + right)): times the visible samples in the order of time
    """
    models, order = coefficients.shape
    if not left and not right:
        return coefficients.new_zeros(models, samples, 0)
    if not left:
        return expectation(coefficients, samples, left=True, right=False).flip(1, 2)
    # Row t holds the innovation at t, by all samples from `order` before the run to `order` after it.
    rows = samples + (order if right else 0)
    filters = torch.cat([-coefficients.flip(1), coefficients.new_ones(models, 1)], dim=1)
    at = torch.arange(rows)[:, None] + torch.arange(order + 1)
    innovations = coefficients.new_zeros(models, rows, rows + order)
    innovations[:, torch.arange(rows)[:, None], at] = filters[:, None].expand(-1, rows, -1)
    run = innovations[:, :, order : order + samples]
    beside = torch.cat([innovations[:, :, :order], innovations[:, :, order + samples :]], dim=2)
    if not right:
        predicted: Tensor = -torch.linalg.solve_triangular(run, beside, upper=False)
        return predicted
    factor = torch.linalg.cholesky(run.mT @ run)
    return -torch.cholesky_solve(run.mT @ beside, factor)
