"""Representations side by side: the same windows of each sensor type, drawn in every way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import Representation, kinds, representation
from biocurate.images.drawing.render import colour as paint
from biocurate.images.drawing.render import resize
from biocurate.images.drawing.windows import Status, draw
from biocurate.images.shown.examples import Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = 5
"""Frequencies that are written at an image, at most."""
LINE = 24
"""Letters of a line in a cell that has no image."""


def gallery(
    windows: Sequence[Window],
    file: Path,
    representations: Sequence[str] = (),
    *,
    size: int = 224,
    colour: str = "viridis",
) -> int:
    """Write a PNG with a row for each window and a column for each representation; returns the number of images.

    A representation has the defaults of the window's sensor type; frequencies are written in hertz. Where it cannot
    draw a window, the cell says why.

    Parameters
    ----------
    windows : sequence of Window
    file : Path
    representations : sequence of str
        Their kinds; all that there are where left out.
    size : int
        Side of each image in pixels.
    colour : str
        Colour map.

    Raises
    ------
    UsageError
        Where there is no such representation or colour map, the file cannot be written, or matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as missing:
        mend = "pip install 'biocurate[images]'"
        raise UsageError("A contact sheet needs matplotlib, which is not installed.", mend=mend) from missing

    chosen = list(representations) or kinds()
    figure = Figure(figsize=(2.4 * len(chosen), 2.6 * len(windows)), dpi=100, layout="constrained")
    grid = np.asarray(figure.subplots(len(windows), len(chosen), squeeze=False))
    for axis, kind in zip(grid[0], chosen, strict=True):
        axis.set_title(kind, fontsize=11)
    shown = 0
    for axes, window in zip(grid, windows, strict=True):
        for axis, kind in zip(axes, chosen, strict=True):
            shown += _cell(axis, window, representation(kind, window.sensor), size, colour)
        seconds = window.samples.shape[1] / window.rate_hz
        axes[0].set_ylabel(f"{window.sensor} {window.channel}\n{seconds:g} s at {window.rate_hz:g} Hz", fontsize=10)
        axes[0].set_xlabel(f"{window.recording_id}, {window.start_s:.0f} s", fontsize=8)
    try:
        figure.savefig(file, format="png")
    except OSError as error:
        raise UsageError(f"the file cannot be written: {error.strerror or error}.", where=str(file)) from error
    return shown


def _cell(axis: Axes, window: Window, made: Representation, size: int, colour: str) -> bool:
    """Draw an image with its frequencies in hertz, or write why there is none; returns whether there is one."""
    image = _image(window, made, size, colour)
    axis.set_xticks([])
    axis.set_yticks([])
    if isinstance(image, str):
        axis.text(0.5, 0.5, fill(image, LINE), ha="center", va="center", fontsize=8)
        return False
    axis.imshow(image, interpolation="none", aspect="auto")
    hertz = made.hertz(window.samples.shape[1], window.rate_hz)
    if hertz is not None:
        rows = np.unique(np.linspace(0, len(hertz) - 1, TICKS).round().astype(int))
        # The lowest is at the bottom, and a pixel's middle is half a pixel from its edge.
        axis.set_yticks(
            size * (1 - (rows + 0.5) / len(hertz)) - 0.5,
            [f"{each:.2g}" if each < 10 else f"{each:.0f}" for each in hertz[rows]],
        )
        axis.tick_params(axis="y", labelsize=7, length=2, pad=1)
    return True


def _image(window: Window, made: Representation, size: int, colour: str) -> NDArray[np.uint8] | str:
    """One image, shape (size, size, 3), or why there is none."""
    try:
        drawing = draw(torch.from_numpy(window.samples), window.rate_hz, made)
    except UsageError as error:
        return error.what
    status = Status(int(drawing.status[0]))
    if status is not Status.OK:
        return status.label
    image: NDArray[np.uint8] = paint(resize(drawing.pixels, size, made.resizing), colour)[0].permute(1, 2, 0).numpy()
    return image
