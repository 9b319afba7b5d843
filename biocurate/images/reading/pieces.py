"""Images of a batch on their way to what a model sees: drawn or decoded, then resized and coloured, on any device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import Representation
from biocurate.images.drawing.render import Resizing, colour, resize
from biocurate.images.drawing.windows import Drawing, draw


class Piece(Protocol):
    """Images of a batch that have one native grid."""

    @property
    def places(self) -> Tensor:
        """Where they go in the batch."""

    @property
    def rule(self) -> Resizing:
        """How they are resized."""

    def pixels(self, device: torch.device) -> Tensor:
        """Grey levels at the native grid, shape (n, H, W), uint8."""


@dataclass(frozen=True)
class Decoded:
    """Images that were stored."""

    places: Tensor
    stored: Tensor
    """Shape (n, H, W), uint8."""
    rule: Resizing

    def pixels(self, device: torch.device) -> Tensor:
        """As stored."""
        return self.stored.to(device, non_blocking=True)


@dataclass(frozen=True)
class Undrawn:
    """Windows that have yet to be drawn."""

    places: Tensor
    x: Tensor
    """Shape (n, time), float32."""
    rate: float
    representation: Representation
    ranges: tuple[Tensor, Tensor] | None = None
    """Black and white of each, where it is scaled by recording."""

    @property
    def rule(self) -> Resizing:
        """As the representation says."""
        return self.representation.resizing

    def drawing(self, device: torch.device) -> Drawing:
        """Draw them on a device."""
        ranges = None if self.ranges is None else (self.ranges[0].to(device), self.ranges[1].to(device))
        return draw(self.x.to(device, non_blocking=True), self.rate, self.representation, ranges)

    def pixels(self, device: torch.device) -> Tensor:
        """Drawn; black where nothing is to be seen."""
        return self.drawing(device).pixels


def finish(
    pieces: Sequence[Piece], size: int, colours: str | None = None, device: torch.device | str = "cpu"
) -> Tensor:
    """Make one array of the pieces of a batch.

    Parameters
    ----------
    pieces : sequence of Piece
        At least one.
    size : int
        Side in pixels.
    colours : str, optional
        Colour map; grey levels where left out.
    device : torch.device
        Where images are drawn, resized and coloured.

    Returns
    -------
    Tensor, shape (batch, 1, size, size), or (batch, 3, size, size) with a colour map, uint8
    """
    if not pieces:
        raise UsageError("there is no image to draw.", where="finish")
    device = torch.device(device)
    count = sum(len(piece.places) for piece in pieces)
    out = torch.empty((count, size, size), dtype=torch.uint8, device=device)
    for piece in pieces:
        out[piece.places.to(device)] = resize(piece.pixels(device), size, piece.rule)
    return out[:, None] if colours is None else colour(out, colours)
