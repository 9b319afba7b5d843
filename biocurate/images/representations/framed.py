"""What representations that are drawn from short-time Fourier transforms share: their frames."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import Representation
from biocurate.images.representations.stft import LEAST, frame_count, frame_length, spectra

FEWEST = 8
"""Fewest samples of a frame whose length is given in seconds."""


class Framed(Representation):
    """Frequencies from 0 to half the rate upwards, Hann frames from left to right."""

    segment: Annotated[int, Field(ge=2)] | None = None
    """Samples of a frame; None: `frame_s`, or else the largest power of two <= a quarter of the window, 32 to 256."""
    frame_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Seconds of a frame where `segment` is left out; a frame is at most half of the window, and at least 8 samples."""
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of a frame that is also its neighbour's."""

    def shortest(self, rate: float) -> int:
        """One frame, or two of the shortest where windows limit them."""
        return self.segment or (LEAST if self.frame_s is None else 2 * FEWEST)

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Frequencies from 0 to half the rate, and frames."""
        segment, hop = self.frames(samples, rate)
        return segment // 2 + 1, frame_count(samples, segment, hop)

    def hertz(self, samples: int, rate: float) -> NDArray[np.float64]:
        """Frequencies of the bins."""
        return np.arange(self.grid(samples, rate)[0]) * rate / self.frames(samples, rate)[0]

    def frames(self, samples: int, rate: float) -> tuple[int, int]:
        """Give the samples of a frame, and those from one frame's start to the next's."""
        segment = self.segment or self.by_rule(samples)
        if self.segment is None and self.frame_s is not None:
            segment = max(min(round(self.frame_s * rate), samples // 2), FEWEST)
        return segment, segment - int(segment * self.overlap)

    def by_rule(self, samples: int) -> int:
        """Samples of a frame where no parameter says them."""
        return frame_length(samples)

    def spectra(self, x: Tensor, rate: float, *, centred: bool = False) -> Tensor:
        """Fourier transforms of a batch's frames, with or without their means.

        Returns
        -------
        Tensor, shape (batch, frames, segment // 2 + 1), complex128

        Raises
        ------
        UsageError
            If a window is shorter than a frame.
        """
        segment, hop = self.frames(x.shape[1], rate)
        if x.shape[1] < segment:
            raise UsageError(
                f"A window of {x.shape[1]} samples is shorter than a frame of {segment}.",
                where=self.kind,
                mend="Take longer windows or a shorter segment.",
            )
        return spectra(x, segment, hop, centred=centred)
