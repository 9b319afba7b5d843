"""Hidden patches as autoregressive models of each channel expect them, fitted on the training persons alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from zoo.pretraining.masked.autoregression import autocovariance, expectation, fitted
from zoo.pretraining.masked.runs import Runs

ORDERS = (2, 4, 8, 16, 32)
"""Orders that are tried."""


@dataclass
class Autoregressive:
    """Models of channels, each known by its sensor type and place.

    Channels that training never saw have the model of their sensor type.

    Parameters
    ----------
    patch : int
        Samples of a patch.
    keys : Tensor, shape (models, 4)
        Sensor type, and place; NaN for the model of all channels of a sensor type.
    coefficients : sequence of Tensor
        For each order, shape (models, order).
    chosen : Tensor of int, shape (models,)
        Place of each model's order.
    """

    patch: int
    keys: Tensor
    coefficients: list[Tensor]
    chosen: Tensor
    _matrices: dict[tuple[int, ...], Tensor] = field(default_factory=dict)

    @property
    def orders(self) -> list[int]:
        """Order of each model."""
        return [self.coefficients[at].shape[1] for at in self.chosen.tolist()]

    def filled(self, x: Tensor, hidden: Tensor, keys: Tensor) -> Tensor:
        """Put in place of hidden patches what is expected of them.

        Parameters
        ----------
        x : Tensor, shape (rows, samples)
        hidden : Tensor of bool, shape (rows, patches)
        keys : Tensor, shape (rows, 4)
            See `keys_of`.
        """
        return self._filled(x, hidden, self.models_of(keys), self.chosen)

    def models_of(self, keys: Tensor) -> Tensor:
        """Model of each channel, shape (rows,); -1 where training saw none of its sensor type."""
        same = (keys[:, None] == self.keys[None]).all(dim=2)
        kind = (keys[:, None, 0] == self.keys[None, :, 0]) & self.keys[None, :, 1].isnan()
        found = torch.where(same.any(dim=1), same.int().argmax(dim=1), kind.int().argmax(dim=1))
        return torch.where(kind.any(dim=1), found, -1)

    def _filled(self, x: Tensor, hidden: Tensor, model: Tensor, chosen: Tensor) -> Tensor:
        out = torch.where(hidden.repeat_interleave(self.patch, dim=1), 0.0, x.double())
        runs = Runs.of(hidden)
        used = model[runs.row]
        asked = torch.stack([used, runs.length, runs.left, runs.right], dim=1)
        # A loop over kinds of runs, not over runs: some tens of them, however many windows there are.
        for kind in torch.unique(asked[used >= 0], dim=0).tolist():
            mine = (asked == torch.tensor(kind)).all(dim=1)
            self._put(out, runs.row[mine], runs.first[mine] * self.patch, kind, int(chosen[kind[0]]))
        return out.to(x.dtype)

    def _put(self, out: Tensor, row: Tensor, first: Tensor, kind: list[int], order_at: int) -> None:
        model, length, left, right = kind
        samples, order = length * self.patch, self.coefficients[order_at].shape[1]
        beside = [first[:, None] + torch.arange(-order, 0)] if left else []
        beside += [first[:, None] + samples + torch.arange(order)] if right else []
        if not beside:
            return
        known = out[row[:, None], torch.cat(beside, dim=1)]
        matrix = self._matrix(model, order_at, length, left, right)
        out[row[:, None], first[:, None] + torch.arange(samples)] = known @ matrix.T

    def _matrix(self, *kind: int) -> Tensor:
        if kind not in self._matrices:
            model, order_at, length, left, right = kind
            mine = self.coefficients[order_at][model : model + 1]
            found = expectation(mine, length * self.patch, left=bool(left), right=bool(right))
            self._matrices[kind] = found[0]
        return self._matrices[kind]


Rows = tuple[Tensor, Tensor, Tensor]
"""Samples (rows, samples), hidden patches (rows, patches) and keys (rows, 4) of channels of training windows."""


def keys_of(sensor: Tensor, locations: Tensor) -> Tensor:
    """Know a channel again by its sensor type and place, shape (..., 4)."""
    return torch.cat([sensor[..., None].to(locations.dtype), locations], dim=-1)


def fit(training: Callable[[], Iterable[Rows]], patch: int, orders: tuple[int, ...] = ORDERS) -> Autoregressive:
    """Fit models to the channels of training windows, and choose the order of each.

    The order is that whose expectations of hidden patches are nearest, in mean square, on the training windows.

    Parameters
    ----------
    training : function
        Gives the training windows batch by batch, the same each time.
    patch : int
        Samples of a patch.
    orders : tuple of int
        Those that are longer than a patch are not tried.
    """
    tried = [order for order in orders if order <= patch]
    covariance, keys = _covariance(training(), max(tried))
    coefficients = [fitted(covariance, order) for order in tried]
    made = Autoregressive(patch, keys, coefficients, torch.zeros(len(keys), dtype=torch.int64))
    errors = torch.zeros(len(tried), len(keys), dtype=torch.float64)
    for x, hidden, mine in training():
        model = made.models_of(mine)
        there = hidden.repeat_interleave(patch, dim=1)
        for at in range(len(tried)):
            found = made._filled(x, hidden, model, torch.full((len(keys),), at))
            wrong = torch.where(there, found - x, 0.0).double().square().sum(dim=1)
            errors[at].index_add_(0, model, wrong)
            errors[at].index_add_(0, _of_kind(keys, keys[model, 0]), wrong)
    made.chosen = errors.argmin(dim=0)
    made._matrices.clear()
    return made


def _of_kind(keys: Tensor, kind: Tensor) -> Tensor:
    """Models of whole sensor types."""
    return ((kind[:, None] == keys[None, :, 0]) & keys[None, :, 1].isnan()).int().argmax(dim=1)


def _covariance(training: Iterable[Rows], lags: int) -> tuple[Tensor, Tensor]:
    """Mean autocovariance of each channel and of each sensor type, and their keys."""
    sums: dict[tuple[float, ...], Tensor] = {}
    for x, _, keys in training:
        each = autocovariance(x, lags)
        for own in (keys, torch.cat([keys[:, :1], torch.full_like(keys[:, 1:], torch.nan)], dim=1)):
            known, number = torch.unique(own.nan_to_num(nan=torch.inf), dim=0, return_inverse=True)
            added = torch.zeros(len(known), lags + 1, dtype=torch.float64).index_add_(0, number, each)
            for key, one in zip(known.tolist(), added, strict=True):
                sums[tuple(key)] = sums.get(tuple(key), torch.zeros_like(one)) + one
    ordered = sorted(sums)
    keys = torch.tensor(ordered)
    # Scale is of no account to the coefficients: a sum does as well as a mean.
    return torch.stack([sums[key] for key in ordered]), torch.where(keys.isinf(), torch.nan, keys)
