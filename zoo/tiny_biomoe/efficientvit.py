"""Encoder 2 of Tiny-BioMoE: convolutions, and attention in which each head begins with what the one before it found.

Source: EfficientViT (Liu et al., 2023, arXiv 2305.07027), in the size that Tiny-BioMoE's authors call
``EfficientViT_w``: the widths of M5 with a last one of 96, one block a stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from biocurate.errors import ModelError
from zoo.tiny_biomoe.layers import ConvNorm, as_image, as_map

KEY = 16
"""Channels of a head's queries and keys."""

WINDOW = 7
"""Side of the windows within which positions attend to each other."""

KERNELS = (7, 5, 3, 3)
"""Sides of the convolutions over the queries, one a head."""


class EfficientViT(nn.Module):
    """Images to one vector each.

    Parameters
    ----------
    image_size : int
        Side of the images in pixels, a multiple of 16.
    widths, heads : sequence of int, one a stage
        Channels and attention heads.
    """

    def __init__(
        self, image_size: int = 224, widths: Sequence[int] = (192, 288, 96), heads: Sequence[int] = (3, 3, 4)
    ) -> None:
        super().__init__()
        first = widths[0]
        channels = (3, first // 8, first // 4, first // 2, first)
        self.embed = nn.ModuleList(ConvNorm(a, b, kernel=3, stride=2, padding=1) for a, b in pairwise(channels))
        side = image_size // 16
        stages = [nn.Sequential(CascadedBlock(first, heads[0], side))]
        for (before, width), n_heads in zip(pairwise(widths), heads[1:], strict=True):
            side = (side + 1) // 2
            stages.append(
                nn.Sequential(
                    Local(before), Pointwise(before), Merge(before, width),
                    Local(width), Pointwise(width), CascadedBlock(width, n_heads, side),
                )
            )  # fmt: skip
        self.stages = nn.Sequential(*stages)

    def forward(self, images: Tensor) -> Tensor:
        """Embed images.

        Parameters
        ----------
        images : Tensor, shape (batch, 3, image_size, image_size)

        Returns
        -------
        Tensor, shape (batch, widths[-1])
        """
        x = images.contiguous(memory_format=torch.channels_last)
        for at, conv in enumerate(self.embed):
            x = conv(x) if at == len(self.embed) - 1 else conv(x).relu_()
        out: Tensor = self.stages(x).mean(dim=(2, 3))
        return out


class Local(nn.Module):
    """What a convolution of each channel by itself adds; `gain` as of `ConvNorm`."""

    def __init__(self, width: int, gain: float = 1.0) -> None:
        super().__init__()
        self.conv = ConvNorm(width, width, kernel=3, padding=1, groups=width, gain=gain)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, width, h, w), returned in the same shape."""
        out: Tensor = x + self.conv(x)
        return out


class Pointwise(nn.Module):
    """What two layers on each position by itself add."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.expand, self.contract = ConvNorm(width, 2 * width), ConvNorm(2 * width, width, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, width, h, w), returned in the same shape."""
        out: Tensor = x + self.contract(self.expand(x).relu_())
        return out


class Merge(nn.Module):
    """A map of half the size and other channels: expand, convolve with stride 2, weigh channels, contract."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        hidden = 4 * inputs
        self.expand = ConvNorm(inputs, hidden)
        self.local = ConvNorm(hidden, hidden, kernel=3, stride=2, padding=1, groups=hidden)
        self.excite = SqueezeExcite(hidden)
        self.contract = ConvNorm(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, inputs, h, w) to (batch, width, ceil(h / 2), ceil(w / 2))."""
        out: Tensor = self.contract(self.excite(self.local(self.expand(x).relu_()).relu_()))
        return out


class SqueezeExcite(nn.Module):
    """Weigh the channels by what their means say; source: Hu et al., 2018, arXiv 1709.01507."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.squeeze, self.excite = nn.Conv2d(width, width // 4, 1), nn.Conv2d(width // 4, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, width, h, w), returned in the same shape."""
        out: Tensor = x * self.excite(self.squeeze(x.mean(dim=(2, 3), keepdim=True)).relu()).sigmoid()
        return out


class CascadedBlock(nn.Module):
    """Attention within windows, between two pairs of a local and a pointwise layer."""

    def __init__(self, width: int, heads: int, side: int) -> None:
        super().__init__()
        self.before = nn.Sequential(Local(width, gain=0.0), Pointwise(width))
        self.window = min(WINDOW, side)
        if side % self.window:
            raise ModelError(
                f"a map of {side} x {side} cannot be cut into windows of {WINDOW} x {WINDOW}.",
                where="tiny-biomoe",
                mend="Choose a size of 32, 64, 96, 224, 448 or 896.",
            )
        self.attention = CascadedAttention(width, heads, self.window)
        self.after = nn.Sequential(Local(width, gain=0.0), Pointwise(width))

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, width, side, side), returned in the same shape."""
        x = self.before(x)
        out: Tensor = self.after(x + self._windowed(x))
        return out

    def _windowed(self, x: Tensor) -> Tensor:
        """Attend within each window of `window` x `window` positions."""
        n, channels, side, _ = x.shape
        window, across = self.window, side // self.window
        if across == 1:
            whole: Tensor = self.attention(x)
            return whole
        tiles = as_map(x).reshape(n, across, window, across, window, channels).transpose(2, 3)
        mixed = self.attention(as_image(tiles.reshape(-1, window, window, channels)))
        grid = as_map(mixed).reshape(n, across, across, window, window, channels).transpose(2, 3)
        return as_image(grid.reshape(n, side, side, channels))


class CascadedAttention(nn.Module):
    """Cascaded group attention: each head has its own channels, and what the head before it gave added to them.

    Attention is biased by how far two positions lie apart. The biases are looked up whenever they are used, so that
    weights loaded in evaluation mode count.

    Parameters
    ----------
    width : int
        Channels, a multiple of `heads`.
    heads : int
    side : int
        Height and width of a window.
    """

    offset: Tensor

    def __init__(self, width: int, heads: int, side: int) -> None:
        super().__init__()
        self.value = width // heads
        self.qkv = nn.ModuleList(ConvNorm(self.value, 2 * KEY + self.value) for _ in range(heads))
        self.local = nn.ModuleList(
            ConvNorm(KEY, KEY, kernel, padding=kernel // 2, groups=KEY) for kernel in KERNELS[:heads]
        )
        self.proj = ConvNorm(width, width, gain=0.0)
        self.bias = nn.Parameter(torch.zeros(heads, side * side))
        self.register_buffer("offset", offsets(side), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (windows, width, side, side), returned in the same shape."""
        bias = self.bias[:, self.offset]
        found: list[Tensor] = []
        for at, (share, qkv, local) in enumerate(zip(x.chunk(len(self.qkv), 1), self.qkv, self.local, strict=True)):
            given = share + found[-1] if at else share
            queries, keys, values = qkv(given).split([KEY, KEY, self.value], dim=1)
            queries = local(queries).flatten(2)
            weights = (queries.transpose(1, 2) @ keys.flatten(2) * KEY**-0.5 + bias[at]).softmax(dim=-1)
            found.append((values.flatten(2) @ weights.transpose(1, 2)).view(values.shape))
        out: Tensor = self.proj(torch.cat(found, dim=1).relu_())
        return out


def offsets(side: int) -> Tensor:
    """How far each two of `side` x `side` positions lie apart: ``|dy| * side + |dx|``.

    Returns
    -------
    Tensor of int64, shape (side * side, side * side)
    """
    at = torch.arange(side)
    rows, columns = at.repeat_interleave(side), at.repeat(side)
    return (rows[:, None] - rows).abs() * side + (columns[:, None] - columns).abs()
