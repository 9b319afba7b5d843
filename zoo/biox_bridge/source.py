"""What a network sees of the windows of a manifest, in the form of its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from zoo.data.images import ImageDataset
from zoo.data.placed import PlacedRows
from zoo.models.staged import Inputs

Rows = NDArray[np.intp]


class Source(Protocol):
    """Inputs of one network."""

    has: NDArray[np.bool_]
    """Which rows of the manifest it has an input of."""
    notes: list[str]

    def inputs(self, rows: Rows) -> Inputs:
        """Those of some rows, in their order."""
        ...


class ImageSource:
    """All images of a window, in one order of channels.

    Windows that have other channels than most are left out, since a bridge has tokens of its own for each.

    Parameters
    ----------
    images : ImageDataset
        Of all windows of a manifest.
    sensors : sequence of str
        What to call them.
    """

    def __init__(self, images: ImageDataset, sensors: Sequence[str]) -> None:
        self.images = images
        table = images.images.select("window_row", "stream_no", "channel", "representation").with_row_index("item")
        windows = (
            table.sort("window_row", "stream_no", "channel", "representation")
            .group_by("window_row", maintain_order=True)
            .agg("item", shown=pl.format("{} of {}", "representation", "channel").str.join(", "))
        )
        usual = windows["shown"].value_counts().sort("count", "shown", descending=True)["shown"][0]
        kept = windows.filter(pl.col("shown") == usual)
        self.has = np.zeros(images.rows.height, dtype=bool)
        self.has[kept["window_row"].to_numpy()] = True
        self.each = len(kept["item"][0])
        self._items = np.full((images.rows.height, self.each), -1, dtype=np.int64)
        self._items[kept["window_row"].to_numpy()] = np.stack(kept["item"].to_list())
        named = ", ".join(sensors) or "all sensors"
        self.notes = [f"{named}: {self.each} images a window, of side {images.size}."]
        if lacking := int((~self.has).sum()):
            self.notes.append(f"{lacking:,} windows have no such images, or not all of them, and are left out.")

    def inputs(self, rows: Rows) -> Inputs:
        """``images`` of shape (windows, images, 1, size, size), uint8."""
        batch = self.images.__getitems__(self._items[rows].ravel().tolist())
        found: torch.Tensor = batch["image"]
        return {"images": found.view(len(rows), self.each, *found.shape[1:])}


class WindowSource:
    """Samples of windows, as PanLUNA takes them."""

    def __init__(self, windows: PlacedRows) -> None:
        self.windows = windows
        self.has = windows.covered
        self.notes = windows.layout.notes()

    def inputs(self, rows: Rows) -> Inputs:
        """``x``, ``locations``, ``sensor`` and ``present``."""
        return self.windows.inputs(rows)
