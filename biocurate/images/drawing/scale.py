"""Which numbers are drawn black and white: those of an image, of a recording, or of the split that one trains on."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from biocurate.errors import UsageError

Scope = Literal["image", "recording", "train"]

TILES = 32
"""Windows that a recording's range is found from, at most."""

RULES: dict[Scope, str] = {
    "image": "percentiles 1 and 99 of the image, linear between order statistics,",
    "recording": (
        f"percentiles 1 and 99, linear between order statistics, of the channel in up to {TILES} windows of the same "
        "length, end to end within segments, evenly spaced over the recording,"
    ),
    "train": "a range found in the split that one trains on,",
}


@dataclass(frozen=True)
class Scale:
    """How a representation without a range of its own gets one.

    ``image`` lets each image be seen at its best, and hides how strong it is. ``recording`` keeps strengths within a
    recording and knows all of it, later windows included (transductive). ``train`` keeps strengths between persons.
    """

    scope: Scope = "image"
    low: float | None = None
    """Drawn black, where the scope is ``train``."""
    high: float | None = None
    """Drawn white."""
    sensor: str | None = None
    """Sensor type that the range is of."""
    manifest_hash: str | None = None
    """Manifest that it was found in."""
    held_out: str | None = None
    """Fold that was left out, where the splits are folds."""
    images: int | None = None
    """Images that it was found from."""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """One range for all images, where the scope is ``train``."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def rule(self) -> str:
        """What the id of a representation says of it: all that decides bytes, and nothing else."""
        return RULES[self.scope] if self.bounds is None else f"{RULES[self.scope]} {self.bounds}"

    def facts(self) -> dict[str, Any]:
        """What a run's row keeps."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def of_training(low: float, high: float, sensor: str, manifest_hash: str, held_out: str | None, images: int) -> Scale:
    """Make a scale of a range that was found in training windows.

    Ends are rounded to a thousandth of the range: float32 percentiles differ in their last digits between machines,
    and an id must not.

    Raises
    ------
    UsageError
        Where that is no range.
    """
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        raise UsageError(
            f"the windows that one trains on give no range to draw {sensor} by.",
            where="scale train",
            mend="Look at them: biocurate images show. Or scale by image.",
        )
    digits = 3 - math.floor(math.log10(high - low))
    return Scale("train", round(low, digits), round(high, digits), sensor, manifest_hash, held_out, images)
