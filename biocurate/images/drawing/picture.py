"""A representation at the size that it is stored at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import Representation, kind_of, representation
from biocurate.images.drawing.render import resize
from biocurate.images.drawing.scale import Scale
from biocurate.images.drawing.windows import Drawing, draw

SIZES = range(16, 1025)
"""Sides, in pixels, that images can be stored at."""


@dataclass(frozen=True)
class Picture:
    """How windows are drawn, and the size that their images are stored at.

    Parameters
    ----------
    representation : Representation
    size : int, optional
        Side in pixels; None stores images at the representation's native grid, which is smaller, and they are resized
        when they are read.

    Raises
    ------
    UsageError
        If no image can have the size.
    """

    representation: Representation
    size: int | None = None

    def __post_init__(self) -> None:
        if self.size is not None and self.size not in SIZES:
            raise UsageError(
                f"Images cannot be stored {self.size} pixels wide.",
                where="render",
                mend=f"Take {SIZES.start} to {SIZES.stop - 1}.",
            )

    @property
    def id(self) -> str:
        """The representation's id; of images that are stored resized, a hash of it and of the size."""
        if self.size is None:
            return self.representation.id
        digest = sha256(f"{self.representation.id} rendered to {self.size}".encode()).hexdigest()
        return f"{self.representation.kind}-{digest[:12]}"

    def numbered(self, view: str | None) -> str:
        """What an image's number says of how it was made, of windows as recorded or of a view's."""
        return self.id if view is None else f"{self.id}@{view}"

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Height and width of the stored images of windows of so many samples, too short ones included."""
        if self.size is not None:
            return self.size, self.size
        return self.representation.grid(max(samples, self.representation.shortest(rate)), rate)

    def draw(self, x: Tensor, rate: float, ranges: tuple[Tensor, Tensor] | None = None) -> Drawing:
        """Draw windows, shape (batch, time), float32, by ranges of recordings if need be; pixels have `grid`'s size."""
        drawing = draw(x, rate, self.representation, ranges)
        if self.size is None:
            return drawing
        return replace(drawing, pixels=resize(drawing.pixels, self.size, self.representation.resizing))

    @property
    def facts(self) -> dict[str, Any]:
        """What a part says of its images: enough to draw them again."""
        return {
            "representation": self.id,
            "kind": self.representation.kind,
            "parameters": self.representation.model_dump(mode="json"),
            "scale": self.representation.scale.facts(),
            "size": self.size,
        }


def picture_of(facts: Mapping[str, Any]) -> Picture:
    """Make the picture that `Picture.facts` tells of; its id differs where the definition has changed since.

    Raises
    ------
    UsageError
        If there is no such representation any more, or it takes other parameters now.
    """
    drawn = representation(str(facts["kind"]), **facts["parameters"])
    return Picture(drawn.scaled(Scale(**facts.get("scale", {}))), facts["size"])


def drawn_as(facts: Mapping[str, Any], drawn: str, sensor: str) -> Picture | None:
    """How stored images were drawn: as their part says, or by the sensor type's defaults; None where neither fits.

    Parameters
    ----------
    facts : mapping
        Attributes of a part's array.
    drawn : str
        The id that its rows name.
    sensor : str
    """
    try:
        said = picture_of(facts) if "kind" in facts else Picture(representation(kind_of(drawn).kind, sensor))
    except UsageError:
        return None
    return said if said.id == drawn else None


def device_of(name: str) -> torch.device:
    """Find a device by its name, such as ``cpu`` or ``cuda``.

    Raises
    ------
    UsageError
        If PyTorch knows no such device, or cannot use it here.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"PyTorch knows no device {name!r}.", mend="Take cpu or cuda.") from error
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"Images are not drawn on {device.type}.", mend="Take cpu or cuda.")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            f"This PyTorch ({torch.__version__}) sees no CUDA device.",
            where=name,
            mend="Leave --device out to draw on the processor, or run where there is one and PyTorch is built for it.",
        )
    return device
