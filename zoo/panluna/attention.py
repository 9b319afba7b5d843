"""Attention as PanLUNA uses it, with one matrix for queries, keys and values."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, gelu, linear, scaled_dot_product_attention


class CrossAttention(nn.Module):
    """Multi-head attention of some tokens to others.

    Parameters
    ----------
    width, heads : int
    dropped : float
        Share of weights that are dropped in training.
    """

    def __init__(self, width: int, heads: int, dropped: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropped = heads, dropped
        self.into = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.into.weight)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, seen: Tensor | None = None) -> Tensor:
        """Attend.

        Parameters
        ----------
        queries : Tensor, shape (batch, n, width), or (1, n, width) where they are the same for all
        keys, values : Tensor, shape (batch, m, width)
        seen : Tensor of bool, shape (batch, m), optional
            Tokens that are there; at least one in every row.

        Returns
        -------
        Tensor, shape (batch, n, width)
        """
        parts = self._parts(queries, keys, values)
        mask = None if seen is None else seen[:, None, None, :]
        chance = self.dropped if self.training else 0.0
        found = scaled_dot_product_attention(*parts, attn_mask=mask, dropout_p=chance)
        return self._joined(found)

    def with_weights(
        self, queries: Tensor, keys: Tensor, values: Tensor, seen: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Attend, and give the weights before any is dropped, mean over heads, shape (batch, n, m)."""
        asked, known, told = self._parts(queries, keys, values)
        scores = asked @ known.transpose(2, 3) * asked.shape[3] ** -0.5
        if seen is not None:
            scores = scores.masked_fill(~seen[:, None, None, :], -torch.inf)
        weights = scores.softmax(dim=3)
        return self._joined(dropout(weights, self.dropped, self.training) @ told), weights.mean(dim=1)

    def _parts(self, queries: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Project, and part into heads: shape (batch, heads, tokens, width / heads) each."""
        weight, bias = self.into.weight.chunk(3), self.into.bias.chunk(3)
        asked, known, told = (
            linear(x, weight[at], bias[at]).view(*x.shape[:2], self.heads, -1).transpose(1, 2)
            for at, x in enumerate((queries, keys, values))
        )
        return asked.expand(len(known), -1, -1, -1), known, told

    def _joined(self, found: Tensor) -> Tensor:
        out: Tensor = self.out(found.transpose(1, 2).flatten(2))
        return out


class SelfBlock(nn.Module):
    """Self-attention and a feed-forward, each on what is normed and added to what was.

    Parameters
    ----------
    width, heads : int
    dropped : float
        Share of numbers that are dropped in training.
    """

    def __init__(self, width: int, heads: int, dropped: float) -> None:
        super().__init__()
        self.dropped = dropped
        self.norm, self.attention = nn.LayerNorm(width), CrossAttention(width, heads, dropped)
        self.feed_norm = nn.LayerNorm(width)
        self.expand, self.contract = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Shape (batch, tokens, width), returned in the same shape."""
        normed = self.norm(x)
        x = x + self._some(self.attention(normed, normed, normed, seen))
        return self.fed(x)

    def fed(self, x: Tensor) -> Tensor:
        """The feed-forward alone."""
        hidden = self._some(gelu(self.expand(self.feed_norm(x))))
        return x + self._some(self.contract(hidden))

    def _some(self, x: Tensor) -> Tensor:
        return dropout(x, self.dropped, self.training)


class CrossBlock(SelfBlock):
    """A `SelfBlock` that looks at other tokens, too, between its attention and its feed-forward."""

    def __init__(self, width: int, heads: int, dropped: float = 0.0) -> None:
        super().__init__(width, heads, dropped)
        self.cross_norm, self.cross = nn.LayerNorm(width), CrossAttention(width, heads, dropped)

    def decoded(self, x: Tensor, memory: Tensor, seen: Tensor | None = None) -> Tensor:
        """Shape (batch, tokens, width) and (batch, others, width), returned in the first one's shape."""
        normed = self.norm(x)
        x = x + self._some(self.attention(normed, normed, normed, seen))
        x = x + self._some(self.cross(self.cross_norm(x), memory, memory))
        return self.fed(x)
