"""What a dataset draws itself: which images of which windows, and which of them show something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from biocurate.errors import UsageError
from zoo.data.augment import Augmentation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from biocurate.images.drawing.registry import Representation
    from biocurate.store.manifests import Manifest
    from biocurate.store.signal_reader import SignalReader

ORDER = ["window_row", "stream_no", "channel", "representation"]
"""Items are numbered in this order, whether they are stored or not."""


@dataclass(frozen=True)
class Draw:
    """How windows are drawn.

    Parameters
    ----------
    representations : tuple of str or Representation
        What is drawn of each channel: names of representations, with the defaults of each sensor type, or objects.
    channels : tuple of str
        Only these channels.
    scale : str
        Where black and white come from: ``image``, ``recording`` or ``train``, as of `biocurate images generate`.
    held_out : str, optional
        Fold that is tested on, where the scale is ``train`` and the splits are folds.
    survey : bool
        Draw every image once, at the beginning, to leave out those that show nothing. Else these stay, black, and a
        batch says in ``shown`` which are not.
    augmentation : Augmentation, optional
        Changes signals before they are drawn, anew each epoch.
    """

    representations: tuple[str | Representation, ...]
    channels: tuple[str, ...] = ()
    scale: Literal["image", "recording", "train"] = "image"
    held_out: str | None = None
    survey: bool = True
    augmentation: Augmentation | None = None


@dataclass(frozen=True)
class Planned:
    """Images that a dataset draws."""

    images: pl.DataFrame
    """A row an image; ``drawn`` is the number of its representation."""
    representations: list[Representation]
    left_out: int


def planned(
    manifest: Manifest, reader: SignalReader, rows: pl.DataFrame, sensors: Sequence[str], draw: Draw
) -> Planned:
    """List the images of some windows of a manifest.

    Raises
    ------
    UsageError
        Where nothing is to be drawn, no window has such a sensor type or channel, a range of the train split cannot be
        found, or a shift could show samples of another split.
    """
    from biocurate.images.making.scaling import scaled
    from biocurate.images.reading.live import items

    _refuse(manifest, draw)
    found = items(reader, rows, sensors, draw.channels)
    representations: list[Representation] = []
    numbers = []
    for sensor in found["sensor_type"].unique().sort():
        for each in draw.representations:
            drawn = scaled(reader.store, manifest, each, sensor, draw.scale, draw.channels, draw.held_out)
            if drawn not in representations:
                representations.append(drawn)
            number = representations.index(drawn)
            numbers.append({"sensor_type": sensor, "drawn": number, "representation": drawn.id})
    of_sensors = pl.DataFrame(numbers).unique(maintain_order=True)
    images = found.join(of_sensors, on="sensor_type", how="inner").sort(ORDER)
    return _shown(reader, images, representations) if draw.survey else Planned(images, representations, 0)


def _shown(reader: SignalReader, images: pl.DataFrame, representations: list[Representation]) -> Planned:
    from biocurate.images.drawing.windows import Status
    from biocurate.images.reading.live import Live

    shown = Live(reader, images, representations).status() == Status.OK
    return Planned(images.filter(pl.Series(shown)), representations, int(np.count_nonzero(~shown)))


def _refuse(manifest: Manifest, draw: Draw) -> None:
    where = "ImageDataset(stored=False)"
    if not draw.representations:
        raise UsageError("no representation is named.", where=where, mend="Name one: Draw(('spectrogram-psd',)).")
    if draw.augmentation is not None and draw.augmentation.shift_s and not manifest.by_person:
        mend = "Split by person, or take shift_s=0."
        raise UsageError("a shifted window could show samples of another split.", where=where, mend=mend)
