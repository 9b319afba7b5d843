"""What a dataset draws itself: which images of which windows, and which of them show something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from biocurate.errors import ModelError, UsageError
from zoo.data.augment import Augmentation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from biocurate.images.drawing.registry import Representation
    from biocurate.store.manifests import Manifest
    from biocurate.store.signal_reader import SignalReader

WHERE = "ImageDataset(stored=False)"
"""What an error is of."""
ORDER = ["window_row", "stream_no", "channel", "representation"]
"""Items are numbered in this order, whether they are stored or not."""


@dataclass(frozen=True)
class Draw:
    """How windows are drawn.

    Parameters
    ----------
    representations : tuple of str or Representation, optional
        What is drawn of each channel: names of representations, with the defaults of each sensor type, or objects. None
        where a set is named: what it holds is drawn again.
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

    representations: tuple[str | Representation, ...] = ()
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
        Where nothing is to be drawn, no window has such a sensor type or channel, or a range of the train split cannot
        be found.
    """
    from biocurate.images.making.scaling import scaled
    from biocurate.images.reading.live import items

    _refuse(draw)
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


def planned_as(reader: SignalReader, rows: pl.DataFrame, images: pl.DataFrame, size: int) -> Planned:
    """List the images of a set, to be drawn as they were.

    Parameters
    ----------
    reader : SignalReader
        Of the windows.
    rows : DataFrame
        Windows of a manifest.
    images : DataFrame
        Rows of the set, with ``window_row``; none of an image that shows nothing.
    size : int
        Side in pixels that they are wanted at.

    Raises
    ------
    UsageError
        Where the set was stored at another size.
    ModelError
        Where this version draws one otherwise, or channels of a stream have one name.
    """
    from biocurate.images.reading.live import items
    from zoo.data.pictures import pictures_of

    keys = ["window_row", "stream_no", "channel"]
    found = images.select(*keys, "representation", "part", "part_digest").join(
        items(reader, rows, ()), on=keys, how="inner", nulls_equal=True, maintain_order="left"
    )
    if found.height != images.height:
        mend = "Draw them anew: Draw((KIND,)), or --set draw=KIND."
        raise ModelError("channels of one name cannot be told apart.", where=WHERE, mend=mend)
    pictures = pictures_of(reader.store, found)
    if sizes := {picture.size for picture in pictures.values()} - {None, size}:
        mend = f"Take this size, or draw them anew: Draw((KIND,)), for images of {size}."
        raise UsageError(f"the set was stored at {sizes.pop()} pixels.", where=WHERE, mend=mend)
    numbers = [
        {"representation": drawn, "sensor_type": sensor, "drawn": number}
        for number, (drawn, sensor) in enumerate(pictures)
    ]
    numbered = found.join(pl.DataFrame(numbers), on=["representation", "sensor_type"], maintain_order="left")
    return Planned(numbered.sort(ORDER), [picture.representation for picture in pictures.values()], 0)


def _shown(reader: SignalReader, images: pl.DataFrame, representations: list[Representation]) -> Planned:
    from biocurate.images.drawing.windows import Status
    from biocurate.images.reading.live import Live

    shown = Live(reader, images, representations).status() == Status.OK
    return Planned(images.filter(pl.Series(shown)), representations, int(np.count_nonzero(~shown)))


def refuse_other(draw: Draw) -> None:
    """Refuse to draw the images of a set otherwise than they were."""
    if draw.representations or draw.channels or draw.scale != "image" or draw.held_out is not None:
        mend = "Leave out the set, or say nothing but the augmentation: Draw(augmentation=…)."
        raise UsageError("images of a set are drawn as the set's are.", where=WHERE, mend=mend)


def _refuse(draw: Draw) -> None:
    if not draw.representations:
        mend = "Name one: Draw(('spectrogram-psd',)); or a set."
        raise UsageError("no representation is named.", where=WHERE, mend=mend)


def refuse_shifts(manifest: Manifest, draw: Draw) -> None:
    """Refuse shifts where persons are on two sides of a split."""
    if draw.augmentation is not None and draw.augmentation.shift_s and not manifest.by_person:
        mend = "Split by person, or take shift_s=0."
        raise UsageError("a shifted window could show samples of another split.", where=WHERE, mend=mend)
