"""What both experts are made of.

Maps are held with the channels last, shape (batch, height, width, channels): a linear layer and a layer norm take them
as they lie, and a convolution takes the same memory as a ``channels_last`` image. Nothing is copied between them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, gelu, linear, scaled_dot_product_attention

HIDDEN = 1 << 21
"""Hidden numbers of a feed-forward worked on at once on a CPU: they stay in its cache, and memory is used again."""


def as_image(x: Tensor) -> Tensor:
    """Show (batch, height, width, channels) as (batch, channels, height, width); the memory is the same."""
    return x.permute(0, 3, 1, 2)


def as_map(x: Tensor) -> Tensor:
    """Show (batch, channels, height, width) as (batch, height, width, channels)."""
    return x.permute(0, 2, 3, 1)


class ConvNorm(nn.Module):
    """A convolution without bias and its batch norm; images in, images out.

    Parameters
    ----------
    inputs, outputs : int
    kernel, stride, padding, groups : int
        As of `torch.nn.Conv2d`.
    gain : float
        Weight that the norm begins with; 0 makes a residual branch begin as nothing.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        nn.init.constant_(self.norm.weight, gain)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, inputs, h, w) to (batch, outputs, h / stride, w / stride)."""
        if self.training:
            out: Tensor = self.norm(self._convolved(x, self.conv.weight, None))
            return out
        # The norm is a factor and a shift by then. They are worked into the weights here and now: kept ones would be
        # those of before the weights were loaded.
        norm = self.norm
        assert norm.running_mean is not None and norm.running_var is not None
        factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        return self._convolved(
            x, self.conv.weight * factor[:, None, None, None], norm.bias - norm.running_mean * factor
        )

    def _convolved(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.conv.kernel_size == (1, 1):
            return as_image(linear(as_map(x), weight[:, :, 0, 0], bias))
        return conv2d(x, weight, bias, self.conv.stride, self.conv.padding, groups=self.conv.groups)


class Attention(nn.Module):
    """Multi-head self-attention over all positions, with one matrix for queries, keys and values.

    Parameters
    ----------
    width : int
    heads : int
        A divisor of `width`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, ..., width), returned in the same shape."""
        tokens = x.flatten(1, -2)
        queries, keys, values = split_heads(self.qkv(tokens), 3, self.heads)
        out: Tensor = self.proj(joined_heads(scaled_dot_product_attention(queries, keys, values)))
        return out.view(x.shape)


def split_heads(x: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
    """Part (batch, tokens, parts * width) into `parts` of shape (batch, heads, tokens, width / heads)."""
    return x.view(*x.shape[:2], parts, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)


def joined_heads(x: Tensor) -> Tensor:
    """Join (batch, heads, tokens, width / heads) to (batch, tokens, width)."""
    return x.transpose(1, 2).flatten(2)


class FeedForward(nn.Module):
    """Linear, GELU, linear; with a convolution of each channel by itself between the first and the GELU where local.

    Source: PVT v2 (Wang et al., 2022, arXiv 2106.13797), section 3.2.

    Parameters
    ----------
    width, hidden : int
    local : bool
        Whether neighbours are looked at.
    """

    def __init__(self, width: int, hidden: int, *, local: bool) -> None:
        super().__init__()
        self.expand = nn.Linear(width, hidden)
        self.local = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden) if local else None
        self.contract = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, height, width, channels), or (batch, tokens, channels) where not local."""
        images = max(1, HIDDEN * len(x) // (x.numel() * self.expand.out_features // x.shape[-1]))
        if x.device.type != "cpu" or images >= len(x):
            return self._forward(x)
        return torch.cat([self._forward(some) for some in torch.split(x, images)])

    def _forward(self, x: Tensor) -> Tensor:
        hidden = self.expand(x)
        if self.local is not None:
            hidden = as_map(self.local(as_image(hidden)))
        out: Tensor = self.contract(gelu(hidden))
        return out


def initialise(module: nn.Module) -> None:
    """Draw the weights of linear layers and convolutions as the first expert's authors do.

    Linear layers: normal of 0.02, cut at two deviations, no bias. Convolutions: normal of sqrt(2 / fan-out), no bias.
    """
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
    elif isinstance(module, nn.Conv2d):
        fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
        nn.init.normal_(module.weight, std=math.sqrt(2 / fan_out))
    else:
        return
    if module.bias is not None:
        with torch.no_grad():
            module.bias.zero_()
