"""Where the images of a run come from: a set as it is stored, the set drawn again, or what is drawn of the windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from biocurate.errors import ModelError, UsageError
from zoo.data.draw import Draw
from zoo.data.images import ImageDataset
from zoo.runs.drawing import FOLD, STORED

if TYPE_CHECKING:
    from biocurate.sensors import SensorType
    from biocurate.store.store import Store
    from zoo.runs.config import RunConfig


def check_source(config: RunConfig) -> None:
    """Refuse a run of images whose images are not told, or told twice.

    Raises
    ------
    ModelError
        With what to say.
    """
    drawing = config.drawing
    if config.images is None and not drawing.draw:
        mend = "Name their set: --images SET; or draw them: --set draw=KIND."
        raise ModelError("it takes images.", where=config.model, mend=mend)
    if config.images is not None and drawing.draw:
        mend = "Leave out --images, or draw what the set holds: --set live=true."
        raise ModelError("it takes a set's images, or images that are drawn, not both.", where=config.model, mend=mend)
    if drawing.draw and not config.sensors:
        mend = "Name them: --sensors EEG."
        raise ModelError("it is not told of which sensor types images are drawn.", where=config.model, mend=mend)


def image_source(store: Store, config: RunConfig, size: int, sensors: Sequence[SensorType]) -> ImageDataset:
    """Open the images of a run's manifest.

    Parameters
    ----------
    store : Store
    config : RunConfig
    size : int
        Side in pixels.
    sensors : sequence of SensorType
        Those of the set where left out.

    Raises
    ------
    UsageError
        Where images are to be drawn by the range of one fold.
    """
    drawing = config.drawing
    live = drawing.live or bool(drawing.draw)
    draw = Draw(drawing.draw, drawing.channels, drawing.scale, augmentation=drawing.augmentation)
    images = ImageDataset(
        store.url,
        config.manifest,
        None,
        config.images,
        size,
        list(map(str, sensors)),
        store.opened_at,
        stored=not live,
        draw=draw if live else None,
        mask=drawing.mask,
        seed=config.seed,
    )
    if any(each.scale.scope == "train" for each in images.drawn):
        raise UsageError(FOLD, where=f"image set {config.images}", mend=STORED)
    return images
