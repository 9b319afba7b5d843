"""From windows to images: a representation, its rendering, and windows that cannot be drawn."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from enum import IntEnum
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import Representation, representation
from biocurate.images.drawing.render import Ends, resize, scale

BLOCK = 1 << 17
"""Numbers that are worked on at once on a CPU, so that they stay in its cache."""


class Status(IntEnum):
    """Whether an image shows its window; one that does not is all zeros."""

    OK = 0
    MISSING = 1
    """A sample of the window is invalid or infinite."""
    CONSTANT = 2
    """All samples are equal: a sensor that is off, or saturated."""
    SHORT = 3
    """The window has fewer samples than the representation needs."""
    FLAT = 4
    """The image has one value only, as where the window lies below the representation's floor."""
    OVERFLOW = 5
    """The image's values exceed float32."""
    UNSCALED = 6
    """The recording has no range to draw it by: none of the windows that give it shows anything."""

    @property
    def label(self) -> str:
        """The word that stands in the table of images."""
        return self.name.lower()


class UndrawnWarning(UserWarning):
    """Some windows cannot be drawn, and their images are black."""


@dataclass(frozen=True)
class Drawing:
    """Images of a batch of windows, and what their grey levels mean."""

    pixels: Tensor
    """Shape (batch, H, W), uint8, as drawn: low frequencies in the last row."""
    low: Tensor
    """Shape (batch,), float32: value drawn as 0; NaN unless the status is OK."""
    high: Tensor
    """Shape (batch,), float32: value drawn as 255."""
    status: Tensor
    """Shape (batch,), int8: codes of `Status`."""


def draw(
    x: Tensor, rate: float, representation: Representation, ranges: tuple[Tensor, Tensor] | None = None
) -> Drawing:
    """Draw windows at the representation's native grid.

    Each image depends on its own window only: bytes are equal whatever the batch and the number of threads.

    Parameters
    ----------
    x : Tensor, shape (batch, time), float32, canonical unit
    rate : float, in hertz
    representation : Representation
    ranges : tuple of Tensor, shape (batch,), float32, optional
        Values drawn black and white in each image, where the representation is scaled by recording: `RecordingRanges`
        has them.

    Raises
    ------
    UsageError
        If `x` is no batch of float32 windows, the rate is not positive, or ranges are missing.
    """
    if ranges is None and representation.bounds is None and representation.scale.scope == "recording":
        raise UsageError(
            "Images scaled by recording cannot be drawn from windows alone.",
            where=representation.kind,
            mend="Draw them from a store: `biocurate images generate` or ImageDataset(…, stored=False).",
        )
    if x.ndim != 2 or x.dtype is not torch.float32:
        raise UsageError(
            f"Windows of shape {tuple(x.shape)} and type {x.dtype} cannot be drawn.",
            mend="Pass float32 of shape (batch, time); one channel at a time.",
        )
    if not (math.isfinite(rate) and rate > 0):
        raise UsageError(f"A sampling rate of {rate} Hz is none.", mend="Pass the rate in hertz.")
    samples = x.shape[1]
    shortest = representation.shortest(rate)
    grid = representation.grid(max(samples, shortest), rate)
    if samples < shortest:
        return _blank(len(x), grid, x.device)
    least, most = x.amin(dim=1), x.amax(dim=1)  # both carry NaN; ten times faster than aminmax
    missing = ~(least.isfinite() & most.isfinite())
    if bool(missing.any()):
        x = x.masked_fill(missing[:, None], 0.0)
    pixels, low, high = _pixels(x, rate, representation, grid, ranges)
    status = torch.full(missing.shape, Status.OK, dtype=torch.int8, device=x.device)
    status[low == high] = Status.FLAT
    status[low.isnan()] = Status.OVERFLOW
    if ranges is not None:
        status[~(ranges[1] > ranges[0])] = Status.UNSCALED
    status[least == most] = Status.CONSTANT
    status[missing] = Status.MISSING
    blank = status != Status.OK
    pixels[blank] = 0
    return Drawing(pixels, low.masked_fill(blank, math.nan), high.masked_fill(blank, math.nan), status)


def _blank(n: int, grid: tuple[int, int], device: torch.device) -> Drawing:
    """Images of windows that are too short for their representation."""
    unknown = torch.full((n,), math.nan, device=device)
    return Drawing(
        pixels=torch.zeros((n, *grid), dtype=torch.uint8, device=device),
        low=unknown,
        high=unknown,
        status=torch.full((n,), Status.SHORT, dtype=torch.int8, device=device),
    )


def _pixels(
    x: Tensor,
    rate: float,
    representation: Representation,
    grid: tuple[int, int],
    ranges: tuple[Tensor, Tensor] | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Grey levels of finite windows, with row 0 on top, and the values of black and white; block by block."""
    n, samples = x.shape
    pixels = torch.empty((n, *grid), dtype=torch.uint8, device=x.device)
    low, high = torch.empty(n, device=x.device), torch.empty(n, device=x.device)
    step = max(BLOCK // representation.numbers(samples, rate), 1) if x.device.type == "cpu" else max(n, 1)
    step = -(-n // -(-n // step)) if n else 1  # equal blocks: a short last one costs as many calls
    of_all = representation.ends(samples, rate)
    for start in range(0, n, step):
        part = slice(start, start + step)
        ends: Ends | None = of_all if ranges is None else (ranges[0][part], ranges[1][part])
        block, low[part], high[part] = scale(representation.native(x[part], rate), ends)
        pixels[part] = block.flip(1) if representation.origin == "lower" else block
    return pixels, low, high


@overload
def represent(
    x: Tensor, rate: float, kind: str = ..., size: int | None = ..., sensor: str | None = ..., **parameters: object
) -> Tensor: ...
@overload
def represent(
    x: NDArray[np.float32],
    rate: float,
    kind: str = ...,
    size: int | None = ...,
    sensor: str | None = ...,
    **parameters: object,
) -> NDArray[np.uint8]: ...
def represent(
    x: Tensor | NDArray[np.float32],
    rate: float,
    kind: str = "spectrogram-psd",
    size: int | None = 224,
    sensor: str | None = None,
    **parameters: object,
) -> Tensor | NDArray[np.uint8]:
    """Draw windows: the same bytes as those that `biocurate images generate` stores and `read_images` reads.

    Parameters
    ----------
    x : Tensor or array, shape (batch, time), float32, canonical unit
        One channel of each window; a tensor is drawn on the device where it is.
    rate : float, in hertz
    kind : str
        Name of a representation.
    size : int, optional
        Side of the images in pixels; None leaves them at the representation's native grid.
    sensor : str, optional
        Sensor type whose defaults are taken.
    **parameters
        Parameters of the representation, validated by it.

    Returns
    -------
    Tensor or array as `x`, shape (batch, size, size), uint8
        Low frequencies in the last row; a window that cannot be drawn (see `Status`) is all zeros.

    Warns
    -----
    UndrawnWarning
        Where windows cannot be drawn: how many, and why. `draw` gives the status of each.

    Raises
    ------
    UsageError
        If there is no such representation, parameter or size, or `x` is no batch of float32 windows.
    """
    chosen = representation(kind, sensor, **parameters)
    tensor = x if isinstance(x, Tensor) else torch.from_numpy(np.require(x, requirements=["C", "W"]))
    drawing = draw(tensor, rate, chosen)
    _warn_of_blank(drawing.status)
    pixels = drawing.pixels
    if size is not None:
        pixels = resize(pixels, size, chosen.resizing)
    return pixels if isinstance(x, Tensor) else pixels.numpy()


def _warn_of_blank(status: Tensor) -> None:
    """Say once how many images show nothing, and why."""
    counted = torch.bincount(status.long(), minlength=len(Status)).tolist()
    reasons = [f"{count:,} {each.label}" for each, count in zip(Status, counted, strict=True) if count and each]
    if reasons:
        blank = sum(counted) - counted[Status.OK]
        said = f"{blank:,} of {sum(counted):,} windows cannot be drawn and are black: {', '.join(reasons)}"
        warnings.warn(f"{said}. `biocurate.images.draw` gives the status of each.", UndrawnWarning, stacklevel=3)
