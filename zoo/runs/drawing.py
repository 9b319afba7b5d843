"""How a run's images are drawn, where they are not read as they are stored."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator, model_validator

from biocurate.errors import UsageError
from zoo.data.augment import Augmentation, MaskOut
from zoo.models.registry import Options

FOLD = "a range of the train split is one fold's, and images that are drawn live serve all."
STORED = "Scale by image or recording; or train on one fold and read its set: --images SET --fold FOLD."


class Drawing(Options):
    """Images that are drawn while a model is trained and judged; stored ones where nothing is said."""

    live: bool = False
    """Draw the images of the set, as it was drawn, from the samples."""
    draw: tuple[str, ...] = ()
    """Representations that are drawn of every channel, where no set is named."""
    scale: Literal["image", "recording"] = "image"
    """With `draw`: where black and white come from, ``image`` or ``recording``."""
    channels: tuple[str, ...] = ()
    """With `draw`: only these channels."""
    augmentation: Augmentation | None = None
    """Changes the signals of training images before they are drawn, anew each epoch."""
    mask: MaskOut | None = None
    """Blackens a part of each training image, stored ones too."""

    @field_validator("draw", "channels", mode="before")
    @classmethod
    def _one_name_is_a_list(cls, names: Any) -> Any:  # noqa: ANN401
        """`--set draw=waveform` names one."""
        return (names,) if isinstance(names, str) else names

    @field_validator("scale", mode="before")
    @classmethod
    def _no_range_of_a_fold(cls, scale: object) -> object:
        if scale == "train":
            raise UsageError(FOLD, where="scale", mend=STORED)
        return scale

    @model_validator(mode="after")
    def _makes_sense(self) -> Drawing:
        if self.live and self.draw:
            mend = "Leave out live: what `draw` names is drawn live."
            raise UsageError("live draws the set's own images, draw others.", where="drawing", mend=mend)
        if not self.draw and (self.scale != "image" or self.channels):
            mend = "Say what to draw: --set draw=spectrogram-psd; or leave both out."
            raise UsageError("scale and channels are of what `draw` names.", where="drawing", mend=mend)
        if self.augmentation is not None and not (self.live or self.draw):
            mend = "Add --set live=true, or --set draw=KIND; a mask is made on stored images, too."
            what = "signals are changed before they are drawn, and stored images are drawn."
            raise UsageError(what, where="augmentation", mend=mend)
        return self
