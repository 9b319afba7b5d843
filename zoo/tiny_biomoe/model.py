"""Tiny-BioMoE: two experts look at an image, and each one's findings are weighed number by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, hardtanh

from biocurate.errors import ModelError
from biocurate.images.drawing.render import colour
from zoo.tiny_biomoe.efficientvit import EfficientViT
from zoo.tiny_biomoe.published import MARK
from zoo.tiny_biomoe.spectformer import SpectFormer


@dataclass(frozen=True)
class Architecture:
    """Sizes of the network. The defaults are the published ones, with 7,337,278 parameters."""

    image_size: int = 224
    """Side of the images, a multiple of 32; filters and image norm have a number for each place of it."""
    stem: int = 32
    spectral_widths: tuple[int, ...] = (64, 128, 320, 96)
    spectral_heads: tuple[int, ...] = (2, 4, 10, 16)
    spectral_ratios: tuple[int, ...] = (8, 8, 4, 4)
    cascaded_widths: tuple[int, ...] = (192, 288, 96)
    cascaded_heads: tuple[int, ...] = (3, 3, 4)

    @property
    def width(self) -> int:
        """Numbers of an embedding."""
        return 2 * self.spectral_widths[-1]


class TinyBioMoe(nn.Module):
    """Images to embeddings, or to class scores.

    Each expert's vector is normed and multiplied by a gate of its own vector, number by number; norm and gate are the
    same for both. Both experts always work, and nothing chooses between them.

    Source: Tiny-BioMoE (Gkikas, Kyprakis & Tsiknakis, 2025, arXiv 2507.21875); published code, revision f9dcbe6.

    Parameters
    ----------
    num_classes : int
        0 leaves the head away.
    architecture : Architecture
    colour_map : str
        Paints images of one channel.
    frozen : bool
        Training changes the head alone.
    """

    published_mark: ClassVar[str] = MARK
    """A name that every published state dict has."""

    def __init__(
        self,
        num_classes: int = 0,
        architecture: Architecture = Architecture(),
        colour_map: str = "viridis",
        *,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        sizes = self.architecture = architecture
        self.colour_map = colour_map
        self.image_norm = nn.LayerNorm((3, sizes.image_size, sizes.image_size))
        self.spectral = SpectFormer(
            sizes.image_size, sizes.stem, sizes.spectral_widths, sizes.spectral_heads, sizes.spectral_ratios
        )
        self.cascaded = EfficientViT(sizes.image_size, sizes.cascaded_widths, sizes.cascaded_heads)
        half = sizes.width // 2
        self.expert_norm, self.gate, self.norm = nn.LayerNorm(half), nn.Linear(half, half), nn.LayerNorm(sizes.width)
        self.frozen = frozen
        for parameter in self.parameters():
            parameter.requires_grad = not frozen
        self.head = nn.Sequential(nn.ELU(), nn.Linear(sizes.width, num_classes)) if num_classes else None

    def train(self, mode: bool = True) -> Self:
        """Train or judge; of a frozen network only the head is trained, and its norms take no batch's statistics."""
        super().train(mode and not self.frozen)
        if self.head is not None:
            self.head.train(mode)
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Embed images, or score the classes.

        Parameters
        ----------
        images : Tensor, shape (batch, 3, image_size, image_size)
            Red first, in [0, 1], or uint8; no other normalisation. Or (batch, 1, image_size, image_size), uint8: grey
            levels, which get the model's colour map.

        Returns
        -------
        Tensor, shape (batch, 192), or (batch, num_classes): logits

        Raises
        ------
        ModelError
            Images of another shape.
        """
        embedding = self.embed(images)
        return embedding if self.head is None else self.head(embedding)

    def embed(self, images: Tensor) -> Tensor:
        """Embed images, shape (batch, 3, image_size, image_size) to (batch, 192)."""
        found = self.experts(images)
        weighed = [self.expert_norm(each) * hardtanh(self.gate(elu(each)), 0.0, 1.0) for each in found]
        out: Tensor = self.norm(torch.cat(weighed, dim=1))
        return out

    def load_published(self, state: Mapping[str, Any]) -> list[str]:
        """Put published weights in; returns the names that no place was found for. See `published.load_published`."""
        from zoo.tiny_biomoe.published import load_published

        return load_published(self, state)

    def experts(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give each expert's vectors before the gate, shape (batch, 96) each."""
        side = self.architecture.image_size
        if images.ndim == 4 and images.shape[1] == 1 and images.dtype == torch.uint8:
            images = colour(images[:, 0], self.colour_map)
        if images.ndim != 4 or images.shape[1:] != (3, side, side):
            raise ModelError(
                f"images of shape {tuple(images.shape)} do not fit.",
                where="tiny-biomoe",
                mend=f"It takes (batch, 3, {side}, {side}), or one channel of uint8: read images of size {side}, or "
                "make a model of another size.",
            )
        x = self.image_norm(images.float() / 255 if images.dtype == torch.uint8 else images)
        return self.spectral(x), self.cascaded(x)
