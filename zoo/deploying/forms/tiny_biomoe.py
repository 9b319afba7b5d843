"""Tiny-BioMoE's layers without complex numbers, and without choices that depend on how many images there are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from zoo.deploying.forms.form import Form
from zoo.deploying.forms.fourier import waves_of
from zoo.tiny_biomoe.layers import FeedForward, as_image, as_map
from zoo.tiny_biomoe.spectformer import SpectralGate


class SpectralForm(nn.Module):
    """`SpectralGate` as products with cosines and sines along each axis of the map.

    Only half the frequencies along the width are worked out: all but the first and the last count twice on the way
    back, as the spectrum of real numbers is symmetric.

    Parameters
    ----------
    gate : SpectralGate
    """

    wave_across_cos: Tensor
    wave_across_sin: Tensor
    wave_back_cos: Tensor
    wave_back_sin: Tensor
    wave_down_cos: Tensor
    wave_down_sin: Tensor
    real: Tensor
    imaginary: Tensor

    def __init__(self, gate: SpectralGate) -> None:
        super().__init__()
        side, half = gate.filter.shape[:2]
        (across_cos, across_sin), (down_cos, down_sin) = waves_of(side, half), waves_of(side, side)
        twice = torch.full((half, 1), 2.0, dtype=torch.float64)
        twice[0] = twice[side // 2] = 1.0  # a side is even here
        # Forward and inverse are each scaled by 1 / side; both factors are put into the way back.
        held = {
            "wave_across_cos": across_cos,
            "wave_across_sin": across_sin,
            "wave_back_cos": across_cos.T * twice / side**2,
            "wave_back_sin": across_sin.T * twice / side**2,
            "wave_down_cos": down_cos,
            "wave_down_sin": down_sin,
            "real": gate.filter[..., 0].permute(2, 0, 1),
            "imaginary": gate.filter[..., 1].permute(2, 0, 1),
        }
        for name, tensor in held.items():
            self.register_buffer(name, tensor.detach().float().contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, side, side, width), returned in the same shape."""
        image = as_image(x)
        a, b = image @ self.wave_across_cos, image @ self.wave_across_sin  # a - ib
        real, imaginary = (
            self.wave_down_cos @ a - self.wave_down_sin @ b,
            -(self.wave_down_cos @ b) - self.wave_down_sin @ a,
        )
        a, b = real * self.real - imaginary * self.imaginary, real * self.imaginary + imaginary * self.real
        real, imaginary = (
            self.wave_down_cos @ a - self.wave_down_sin @ b,
            self.wave_down_cos @ b + self.wave_down_sin @ a,
        )
        return as_map(real @ self.wave_back_cos - imaginary @ self.wave_back_sin)


class FeedForm(nn.Module):
    """`FeedForward` on all images at once.

    Parameters
    ----------
    feed : FeedForward
    """

    def __init__(self, feed: FeedForward) -> None:
        super().__init__()
        self.expand, self.local, self.contract = feed.expand, feed.local, feed.contract

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, height, width, channels), or (batch, tokens, channels) where not local."""
        hidden = self.expand(x)
        if self.local is not None:
            hidden = as_map(self.local(as_image(hidden)))
        out: Tensor = self.contract(gelu(hidden))
        return out


FORMS: Mapping[type[nn.Module], Form] = MappingProxyType({SpectralGate: SpectralForm, FeedForward: FeedForm})
"""By the class of the layer."""
