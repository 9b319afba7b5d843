"""Blocks over time, in which positions turn queries and keys."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

THETA = 10_000.0


class TemporalBlock(nn.Module):
    """Self-attention over patches and a feed-forward, each on what is normed and added to what was.

    Parameters
    ----------
    width, heads : int
    dropped : float
        Chance that a sample passes by a branch in training.

    Source: RoFormer (Su et al., 2021, arXiv 2104.09864) for the turning of neighbouring pairs of numbers.
    """

    def __init__(self, width: int, heads: int, dropped: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropped = heads, dropped
        each = width // heads
        self.norm, self.qkv, self.proj = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.freqs = nn.Parameter(THETA ** (-torch.arange(0, each, 2) / each), requires_grad=False)
        self.feed_norm, self.expand = nn.LayerNorm(width), nn.Linear(width, 4 * width)
        self.hidden_norm, self.contract = nn.LayerNorm(4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, patches, width), returned in the same shape."""
        x = x + self._kept(self._attended(self.norm(x)))
        fed = self.contract(self.hidden_norm(gelu(self.expand(self.feed_norm(x)))))
        out: Tensor = x + self._kept(fed)
        return out

    def _attended(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).view(*x.shape[:2], 3, self.heads, -1)
        pair, values = parts.split([2, 1], dim=2)
        queries, keys = turn(pair, self.freqs).transpose(1, 3).unbind(2)
        found = scaled_dot_product_attention(queries, keys, values.squeeze(2).transpose(1, 2))
        out: Tensor = self.proj(found.transpose(1, 2).flatten(2))
        return out

    def _kept(self, x: Tensor) -> Tensor:
        if not self.dropped or not self.training:
            return x
        keep = 1 - self.dropped
        return x * (torch.rand(len(x), 1, 1, device=x.device) < keep) / keep


def turn(x: Tensor, freqs: Tensor) -> Tensor:
    """Turn each pair of neighbouring numbers by its frequency times the place in time.

    Parameters
    ----------
    x : Tensor, shape (batch, patches, ..., 2 * pairs)
    freqs : Tensor, shape (pairs,), in radians a patch

    Returns
    -------
    Tensor of the same shape
    """
    angle = torch.arange(x.shape[1], dtype=freqs.dtype, device=x.device)[:, None] * freqs
    turns = torch.polar(torch.ones_like(angle), angle).view(x.shape[1], *[1] * (x.ndim - 3), len(freqs))
    # A pair is a complex number, and to turn it is one product. There are no complex numbers of half precision.
    pairs = torch.view_as_complex(x.to(torch.promote_types(x.dtype, freqs.dtype)).view(*x.shape[:-1], len(freqs), 2))
    return torch.view_as_real(pairs * turns).flatten(-2)
