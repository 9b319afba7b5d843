"""Encoder 1 of Tiny-BioMoE: two stages that filter in the image's spectrum, two that attend, and a class token.

Source: SpectFormer (Patro et al., 2023, arXiv 2304.06446), in the size that Tiny-BioMoE's authors call
``spectformer_t_w``. Where their figure and their code differ, the code is followed: its parameters add up to the
published number. So the first two stages have no attention, and there is no position embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from zoo.tiny_biomoe.layers import (
    Attention,
    ConvNorm,
    FeedForward,
    as_image,
    as_map,
    initialise,
    joined_heads,
    split_heads,
)

SPECTRAL = 2
"""Stages that filter; those after them attend."""

Norm = partial(nn.LayerNorm, eps=1e-6)
"""Layer norm of blocks and stages; those of the embeddings have torch's own eps of 1e-5."""


class SpectFormer(nn.Module):
    """Images to one vector each.

    Parameters
    ----------
    image_size : int
        Side of the images in pixels, a multiple of 32.
    stem : int
        Channels of the first convolutions.
    widths, heads, ratios : sequence of int, one a stage
        Channels, attention heads (of the stages that attend), and hidden channels of the feed-forward by `widths`.
    """

    def __init__(
        self,
        image_size: int = 224,
        stem: int = 32,
        widths: Sequence[int] = (64, 128, 320, 96),
        heads: Sequence[int] = (2, 4, 10, 16),
        ratios: Sequence[int] = (8, 8, 4, 4),
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        for at, (width, n_heads, ratio) in enumerate(zip(widths, heads, ratios, strict=True)):
            embed = Stem(stem, width) if at == 0 else Downsample(widths[at - 1], width)
            side = image_size >> (at + 2)
            mix = SpectralGate(side, width) if at < SPECTRAL else Attention(width, n_heads)
            last = at == len(widths) - 1
            self.stages.append(Stage(embed, Block(width, mix, ratio), nn.Identity() if last else Norm(width)))
        self.summary = ClassBlock(widths[-1], heads[-1], ratios[-1])
        self.norm = Norm(widths[-1])
        self.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        """Embed images.

        Parameters
        ----------
        images : Tensor, shape (batch, 3, image_size, image_size)

        Returns
        -------
        Tensor, shape (batch, widths[-1])
        """
        x = as_map(images.contiguous(memory_format=torch.channels_last))
        for stage in self.stages:
            x = stage(x)
        out: Tensor = self.norm(self.summary(x.flatten(1, 2)))
        return out


class Stage(nn.Module):
    """A coarser map, one block, and a norm."""

    def __init__(self, embed: nn.Module, block: Block, norm: nn.Module) -> None:
        super().__init__()
        self.embed, self.block, self.norm = embed, block, norm

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, height, width, channels), coarser with every stage."""
        out: Tensor = self.norm(self.block(self.embed(x)))
        return out


class Stem(nn.Module):
    """Three convolutions at half the size, and a strided one to a quarter."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [
                ConvNorm(3, hidden, kernel=7, stride=2, padding=3),
                ConvNorm(hidden, hidden, kernel=3, padding=1),
                ConvNorm(hidden, hidden, kernel=3, padding=1),
            ]
        )
        self.proj = nn.Conv2d(hidden, width, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, side, side, 3) to (batch, side / 4, side / 4, width)."""
        image = as_image(x)
        for conv in self.convs:
            image = conv(image).relu_()
        out: Tensor = self.norm(as_map(self.proj(image)))
        return out


class Downsample(nn.Module):
    """A map of half the size."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(inputs, width, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, h, w, inputs) to (batch, h / 2, w / 2, width)."""
        out: Tensor = self.norm(as_map(self.proj(as_image(x))))
        return out


class Block(nn.Module):
    """A mixer of positions and a feed-forward, each on what is normed and added to what was."""

    def __init__(self, width: int, mix: nn.Module, ratio: int) -> None:
        super().__init__()
        self.mix_norm, self.mix = Norm(width), mix
        self.feed_norm, self.feed = Norm(width), FeedForward(width, ratio * width, local=True)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, height, width, channels), returned in the same shape."""
        x = x + self.mix(self.mix_norm(x))
        out: Tensor = x + self.feed(self.feed_norm(x))
        return out


class SpectralGate(nn.Module):
    """A learnt complex filter, one for each channel, on the two-dimensional spectrum of a map.

    Source: GFNet (Rao et al., 2021, arXiv 2107.00645), equation 4.

    Parameters
    ----------
    side : int
        Height and width of the map.
    width : int
        Channels.
    """

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.filter = nn.Parameter(torch.randn(side, side // 2 + 1, width, 2) * 0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, side, side, width), returned in the same shape; in the filter's own precision."""
        with torch.autocast(x.device.type, enabled=False):
            whole = x.to(self.filter.dtype)
            spectrum = torch.fft.rfft2(whole, dim=(1, 2), norm="ortho")
            filtered = spectrum * torch.view_as_complex(self.filter)
            out: Tensor = torch.fft.irfft2(filtered, s=x.shape[1:3], dim=(1, 2), norm="ortho")
        return out.to(x.dtype)


class ClassBlock(nn.Module):
    """One token, the mean of all, that looks at itself and at all others; only that one is kept.

    Source: class attention of CaiT (Touvron et al., 2021, arXiv 2103.17239), section 3.
    """

    def __init__(self, width: int, heads: int, ratio: int) -> None:
        super().__init__()
        self.heads = heads
        self.mix_norm, self.feed_norm = Norm(width), Norm(width)
        self.q, self.kv, self.proj = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.feed = FeedForward(width, ratio * width, local=False)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, tokens, width) to (batch, width)."""
        token = x.mean(dim=1, keepdim=True)
        normed = self.mix_norm(torch.cat([token, x], dim=1))
        (query,) = split_heads(self.q(normed[:, :1]), 1, self.heads)
        keys, values = split_heads(self.kv(normed), 2, self.heads)
        token = token + self.proj(joined_heads(scaled_dot_product_attention(query, keys, values)))
        out: Tensor = token + self.feed(self.feed_norm(token))
        return out[:, 0]
