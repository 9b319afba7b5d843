"""From the numbers of a representation to grey levels, and from grey levels to what a model sees.

The order is fixed and part of every representation's id: scale, grey level, resize, colour. Images are stored after
the second step, at their native grid; the last two are made on load. Each step is made of operations on single
elements that IEEE 754 rounds exactly, and of order statistics, so that a byte depends on nothing but its own image:
not on the batch, the block or the number of threads.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from biocurate.errors import UsageError
from biocurate.images.drawing.colours import COLOUR_MAPS
from biocurate.images.drawing.scale import Scale

TAIL = 0.01
"""Share of an image's values that lie beyond the darkest, and beyond the brightest, grey level."""

Ends = tuple[float, float] | tuple[Tensor, Tensor]
"""Values drawn black and white, of all images, or of each, shape (batch,), float32."""

Resizing = Literal["bilinear", "nearest"]
"""How images get another size; nearest where a value between two neighbours means nothing, as between two angles."""

RESIZING: dict[Resizing, str] = {
    "bilinear": "bilinear, pixel centres, no antialiasing, rows, 0.5 added, then columns in float32, floor",
    "nearest": "nearest, pixel centres, the later one of two as near",
}

GROUP = 8
"""Values whose maximum stands for them in the search for the largest."""

BLOCK = 8
"""Images that are resized at once on a CPU, so that the work stays in its cache."""
DEVICE_BLOCK = 1024
"""Those on another device, where their work takes a gigabyte at 224 x 224."""


def rendering(bounds: tuple[float, float] | None, resizing: Resizing, rule: str = Scale().rule) -> str:
    """Say the rules of this module in words: a rule that changes here changes the id of every representation with it.

    Parameters
    ----------
    bounds : tuple of float, optional
        Values drawn black and white by definition.
    resizing : a key of `RESIZING`
    rule : str
        Where black and white come from otherwise.
    """
    ends = rule if bounds is None else f"{bounds}"
    return (
        f"scale: {ends} to 0 and 255, clipped; "
        "grey: uint8, floor(value + 0.5); origin: as the representation says, row 0 on top; "
        f"resize: {RESIZING[resizing]}; "
        "colour: table of 256"
    )


def brightest(values: Tensor) -> tuple[Tensor, Tensor]:
    """Percentile 99 and maximum of each row.

    Parameters
    ----------
    values : Tensor, shape (batch, n), float32

    Returns
    -------
    percentile : Tensor, shape (batch,), float32
        As `numpy.percentile(values, 99, axis=1, method="linear")`.
    most : Tensor, shape (batch,), float32
        NaN where the row has one.
    """
    n = values.shape[1]
    position = TAIL * (n - 1)
    rank = int(position)
    order = largest(values, min(rank + 2, n))
    percentile = order[:, rank] + (order[:, -1] - order[:, rank]) * (position - rank)
    return percentile, order[:, 0]


def largest(values: Tensor, count: int) -> Tensor:
    """Give the `count` largest of each row, in falling order; NaN before all.

    They lie in the `count` groups that have the largest maxima, and to find those first takes a third of the time
    that `topk` takes on a row that rises steadily, as the decibels of a spectrogram do.
    """
    rows, n = values.shape
    groups = -(-n // GROUP)
    if groups < 2 * count:
        return values.topk(count, dim=1).values
    grouped = pad(values, (0, groups * GROUP - n), value=-math.inf).view(rows, GROUP, groups)
    best = grouped.amax(dim=1).topk(count, dim=1, sorted=False).indices
    return grouped.gather(2, best[:, None, :].expand(-1, GROUP, -1)).flatten(1).topk(count, dim=1).values


def scale(values: Tensor, bounds: Ends | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Give each image the grey levels from black to white.

    Parameters
    ----------
    values : Tensor, shape (batch, H, W), float32
    bounds : tuple of float or Tensor, optional
        Values drawn black and white; percentiles 1 and 99 of each image where left out.

    Returns
    -------
    pixels : Tensor, shape (batch, H, W), uint8; zeros where an image has no such range
    low, high : Tensor, shape (batch,), float32; a value is ``low + pixel / 255 * (high - low)``; NaN where the image
        is not finite throughout, equal where it has one value only
    """
    flat = values.flatten(1)
    low, high = percentiles(flat) if bounds is None else _fixed(flat, bounds)
    drawable = high > low
    spread = (high - low).where(drawable, 1.0)
    levels = flat.sub(low[:, None]).div_(spread[:, None]).mul_(255).clamp_(0, 255).add_(0.5)
    if not bool(drawable.all()):
        levels.masked_fill_(~drawable[:, None], 0)
    return grey(levels).view(values.shape), low, high


def percentiles(flat: Tensor) -> tuple[Tensor, Tensor]:
    """Percentiles 1 and 99 of each row; NaN where it is not finite throughout."""
    high, most = brightest(flat)
    low, least = (-end for end in brightest(-flat))  # topk of the least is half as fast
    sound = (most - least).isfinite()
    return low.where(sound, math.nan), high.where(sound, math.nan)


def _fixed(flat: Tensor, bounds: Ends) -> tuple[Tensor, Tensor]:
    """A given range for each row; NaN where it is not finite throughout, the one value where it has no other."""
    least, most = flat.amin(dim=1), flat.amax(dim=1)
    given = (torch.as_tensor(end, dtype=flat.dtype, device=flat.device) for end in bounds)
    ends = (end.expand_as(least).where(most > least, least) for end in given)
    sound = (most - least).isfinite()
    low, high = (end.where(sound, math.nan) for end in ends)
    return low, high


def grey(levels: Tensor) -> Tensor:
    """Cast levels in [0, 256) down to uint8; by way of int32, since torch vectorises that and not the direct cast."""
    return levels.to(torch.int32).to(torch.uint8)


@lru_cache(maxsize=64)
def taps(n: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Give, for each of `size` pixels, the source pixel before it and the share of the one after.

    Source: the half-pixel convention of `torch.nn.functional.interpolate(align_corners=False)`.
    """
    position = (torch.arange(size, dtype=torch.float64, device=device) + 0.5) * n / size - 0.5
    position = position.clamp(0, n - 1)
    before = position.floor().clamp(max=max(n - 2, 0))
    return before.long(), (position - before).float()


def stretch(values: Tensor, size: int, out: Tensor, spare: Tensor) -> Tensor:
    """Interpolate linearly along dimension 1: (batch, n, m) to (batch, size, m); `out` and `spare` have that shape."""
    n = values.shape[1]
    if n == 1:
        return values.expand(-1, size, -1)
    before, share = taps(n, size, values.device)
    torch.index_select(values, 1, before, out=out)
    torch.index_select(values[:, 1:] - values[:, :-1], 1, before, out=spare)
    # Two operations, not one `lerp` or `addcmul`: those may fuse, and round otherwise on another machine.
    return out.add_(spare.mul_(share[:, None]))


def resize(images: Tensor, size: int, rule: Resizing = "bilinear") -> Tensor:
    """Make images square.

    Parameters
    ----------
    images : Tensor, shape (n, h, w), uint8
    size : int, pixels of a side
    rule : a key of `RESIZING`
        The representation's own: ``Representation.resizing``.

    Returns
    -------
    Tensor, shape (n, size, size), uint8

    Raises
    ------
    UsageError
        If `size` is not positive.
    """
    if size < 1:
        raise UsageError(f"An image cannot be {size} pixels wide.", mend="Ask for a size of 1 or more.")
    if images.shape[1:] == (size, size):
        return images
    if rule == "nearest":
        rows, columns = (nearest(n, size, images.device) for n in images.shape[1:])
        return images.index_select(1, rows).index_select(2, columns)
    n, height, width = images.shape
    out = torch.empty((n, size, size), dtype=torch.uint8, device=images.device)
    step = BLOCK if images.device.type == "cpu" else DEVICE_BLOCK
    # Work that is as large as the images is done in memory that stays in the cache from block to block.
    tall, wide = (torch.empty((2, min(step, n), size, m), device=images.device) for m in (width, size))
    for start in range(0, n, step):
        block = images[start : start + step].float()
        if height != size:
            block = stretch(block, size, *tall[:, : len(block)])
        block = block + 0.5  # here, and not at the end, where there are more columns
        if width != size:
            # Columns lie as rows meanwhile: to take whole rows is four times as fast.
            block = stretch(block.transpose(1, 2).contiguous(), size, *wide[:, : len(block)]).transpose(1, 2)
        out[start : start + step] = grey(block)
    return out


def nearest(n: int, size: int, device: torch.device) -> Tensor:
    """Give, for each of `size` pixels, the source pixel that holds its centre; whole numbers throughout."""
    return (2 * torch.arange(size, device=device) + 1) * n // (2 * size)


def colour(images: Tensor, name: str) -> Tensor:
    """Paint grey levels with a colour map.

    Parameters
    ----------
    images : Tensor, shape (n, h, w), uint8
    name : str, a key of `COLOUR_MAPS`

    Returns
    -------
    Tensor, shape (n, 3, h, w), uint8, red first

    Raises
    ------
    UsageError
        If there is no such colour map.
    """
    if name not in COLOUR_MAPS:
        raise UsageError(f"There is no colour map {name!r}.", mend=f"Choose one of: {', '.join(COLOUR_MAPS)}.")
    table = torch.frombuffer(bytearray(COLOUR_MAPS[name]), dtype=torch.uint8).view(256, 3).T.to(images.device)
    level = images.int()
    return torch.stack([channel[level] for channel in table.contiguous()], dim=1)
