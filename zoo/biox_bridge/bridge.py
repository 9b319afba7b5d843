"""The bridge: from what one model found, on average over a window, to the tokens that another model would have."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from biocurate.errors import ModelError


class PrototypeBridge(nn.Module):
    """Each token of the old model as a sum of prototypes, weighed by two small matrices of the new model's mean.

    The whole is linear, and its rank is at most `rank`. It begins as nothing: the second matrix is zero.

    Parameters
    ----------
    width_new : int
        Numbers of the new model's tokens.
    width_old, tokens_old : int
        Numbers and count of the old model's tokens.
    prototypes : int
    rank : int
    drawn : Tensor, shape (prototypes, width_old), optional
        Prototypes to begin with, such as tokens of the old model; standard normal where left out, as in the published
        scripts.

    Source: BioX-Bridge (arXiv 2510.02276), equation 6; published code, revision 3a84fba.

    Raises
    ------
    ModelError
        Drawn prototypes of another shape.
    """

    def __init__(
        self,
        width_new: int,
        width_old: int,
        tokens_old: int,
        prototypes: int,
        rank: int,
        drawn: Tensor | None = None,
    ) -> None:
        super().__init__()
        if drawn is not None and drawn.shape != (prototypes, width_old):
            raise ModelError(
                f"prototypes of shape {tuple(drawn.shape)} do not fit.",
                where="bridge",
                mend=f"Give {prototypes} tokens of the old model, of {width_old} numbers each.",
            )
        self.width_new, self.shape = width_new, (tokens_old, prototypes)
        self.down = nn.Parameter(torch.empty(rank, width_new))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))
        self.up = nn.Parameter(torch.zeros(tokens_old * prototypes, rank))
        self.prototypes = nn.Parameter(torch.randn(prototypes, width_old) if drawn is None else drawn.clone())

    def forward(self, pooled: Tensor) -> Tensor:
        """Build the old model's tokens.

        Parameters
        ----------
        pooled : Tensor, shape (batch, width_new)
            Mean of the new model's tokens.

        Returns
        -------
        Tensor, shape (batch, tokens_old, width_old)
        """
        weights = pooled @ self.down.T @ self.up.T
        return weights.view(len(pooled), *self.shape) @ self.prototypes


class FullBridge(nn.Module):
    """One matrix from the new model's mean to all tokens of the old model: what the prototypes save is seen beside it.

    Parameters
    ----------
    width_new, width_old, tokens_old : int
    """

    def __init__(self, width_new: int, width_old: int, tokens_old: int) -> None:
        super().__init__()
        self.width_new, self.shape = width_new, (tokens_old, width_old)
        self.matrix = nn.Linear(width_new, tokens_old * width_old, bias=False)

    def forward(self, pooled: Tensor) -> Tensor:
        """Shape (batch, width_new) to (batch, tokens_old, width_old)."""
        found: Tensor = self.matrix(pooled).view(len(pooled), *self.shape)
        return found


def alignment(guess: Tensor, target: Tensor) -> Tensor:
    """How far guessed tokens point away from the true ones: one minus the cosine of all of a window's numbers.

    Parameters
    ----------
    guess, target : Tensor, shape (batch, tokens, width)

    Returns
    -------
    Tensor, mean over the batch, from 0 to 2
    """
    # With the eps of `cosine_similarity`: a bridge begins with zeros, which have no direction.
    return (1 - torch.nn.functional.cosine_similarity(guess.flatten(1), target.flatten(1), dim=1, eps=1e-8)).mean()
