"""Attention as PanLUNA uses it, with one matrix for queries, keys and values."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear, scaled_dot_product_attention

from zoo.panluna.dropping import some


class CrossAttention(nn.Module):
    """Multi-head attention of tokens to each other, or of queries that are the same for all to tokens.

    Where queries are shared, keys and values are not projected token by token: what a query asks of a projected key is
    worked into the query, and values are projected after they are mixed. That is the same, and a query or two cost less
    than all tokens. The keys' bias adds as much to all of a query's scores and changes no weight: it is left out.

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

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, seen: Tensor | None = None, lean: Tensor | None = None
    ) -> Tensor:
        """Attend.

        Parameters
        ----------
        queries : Tensor, shape (1, n, width), the same for all; or the keys themselves
        keys, values : Tensor, shape (batch, m, width)
        seen : Tensor of bool, shape (batch, m), optional
            Tokens that are there; at least one in every row.
        lean : Tensor, shape (batch, m), optional
            Is added to what shared queries ask of a token.

        Returns
        -------
        Tensor, shape (batch, n, width)
        """
        if queries is not keys or keys is not values:
            return self.with_weights(queries, keys, values, seen, lean)[0]
        n, m, _ = keys.shape
        asked, known, told = self.into(keys).view(n, m, 3, self.heads, -1).transpose(1, 3).unbind(2)
        mask = None if seen is None else seen[:, None, None, :]
        chance = self.dropped if self.training else 0.0
        found = scaled_dot_product_attention(asked, known, told, attn_mask=mask, dropout_p=chance)
        out: Tensor = self.out(found.transpose(1, 2).flatten(2))
        return out

    def with_weights(
        self, queries: Tensor, keys: Tensor, values: Tensor, seen: Tensor | None = None, lean: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Attend with shared queries; also give the weights before any is dropped, mean over heads, (batch, n, m)."""
        (asks, knows, tells), (bias, _, constant) = self._parts()
        n, heads = queries.shape[1], self.heads
        asked = linear(queries[0], asks.flatten(0, 1), bias.flatten()).view(n, heads, -1).transpose(0, 1)
        rows = (asked * asks.shape[1] ** -0.5 @ knows).transpose(0, 1).flatten(0, 1)
        scores = linear(keys, rows).transpose(1, 2)
        if lean is not None:
            scores = scores + lean[:, None, :]
        if seen is not None:
            scores = scores.masked_fill(~seen[:, None, :], -torch.inf)
        weights = scores.softmax(dim=2)
        kept = some(weights, self.dropped, self.training)
        mixed = (kept @ values).view(-1, heads, values.shape[2]).transpose(0, 1)
        told = (mixed @ tells.transpose(1, 2)).transpose(0, 1) + kept.sum(dim=2).view(-1, heads, 1) * constant
        out: Tensor = self.out(told.reshape(-1, n, values.shape[2]))
        return out, weights.reshape(-1, n, heads, keys.shape[1]).mean(dim=2)

    def to_few(self, queries: Tensor, others: Tensor) -> Tensor:
        """Attend with the same queries to one group of tokens after the other; none is dropped.

        Others are few, so that what each tells is projected whole, and queries only mix it.

        Parameters
        ----------
        queries : Tensor, shape (batch, n, width)
        others : Tensor, shape (batch, groups, m, width)

        Returns
        -------
        Tensor, shape (batch, groups, n, width)
        """
        (asks, knows, tells), (bias, _, constant) = self._parts()
        n, groups, m, width = others.shape
        asked = linear(queries, asks.flatten(0, 1), bias.flatten()).view(n, -1, *asks.shape[:2]).transpose(1, 2)
        known = linear(others, knows.flatten(0, 1)).view(n, groups, m, *knows.shape[:2]).permute(0, 3, 4, 2, 1)
        scores = (asked * asks.shape[1] ** -0.5) @ known.flatten(3)
        weights = scores.view(*scores.shape[:3], m, groups).softmax(dim=3)
        ends = self.out.weight.view(width, self.heads, -1).transpose(0, 1)
        told = linear(others, (ends @ tells).flatten(0, 1)).view(n, groups, -1, width)
        out: Tensor = weights.permute(0, 4, 2, 3, 1).flatten(3) @ told
        return out + linear(constant.flatten(), self.out.weight, self.out.bias)

    def _parts(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Weights, shape (heads, width / heads, width), and biases of queries, keys and values."""
        width = self.into.in_features
        each = (3, self.heads, width // self.heads)
        return self.into.weight.view(*each, width).unbind(0), self.into.bias.view(each).unbind(0)


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
        return some(x, self.dropped, self.training)


class CrossBlock(SelfBlock):
    """A `SelfBlock` that looks at other tokens, too, between its attention and its feed-forward; nothing is dropped."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads, dropped=0.0)
        self.cross_norm, self.cross = nn.LayerNorm(width), CrossAttention(width, heads)

    def decoded(self, x: Tensor, others: Tensor, seen: Tensor | None = None) -> Tensor:
        """Ask the same of one group of others after the other.

        Until they look at others, tokens are the same for all groups, and they look at each other once.

        Parameters
        ----------
        x : Tensor, shape (batch, tokens, width)
        others : Tensor, shape (batch, groups, m, width)
        seen : Tensor of bool, shape (batch, tokens), optional

        Returns
        -------
        Tensor, shape (batch, groups, tokens, width)
        """
        normed = self.norm(x)
        x = x + self.attention(normed, normed, normed, seen)
        return self.fed(x[:, None] + self.cross.to_few(self.cross_norm(x), others))
