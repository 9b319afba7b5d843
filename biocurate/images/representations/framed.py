"""What representations that are drawn from short-time Fourier transforms share: their frames."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor

from biocurate.errors import UsageError
from biocurate.images.registry import Representation
from biocurate.images.representations.stft import LEAST, frame_count, frame_length, spectra


class Framed(Representation):
    """Frequencies from 0 to half the rate upwards, Hann frames from left to right."""

    segment: Annotated[int, Field(ge=2)] | None = None
    """Samples of a frame; None: the largest power of two <= a quarter of the window, from 32 to 256."""
    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of a frame that is also its neighbour's."""

    def shortest(self, rate: float) -> int:
        """One frame."""
        return self.segment or LEAST

    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Frequencies from 0 to half the rate, and frames."""
        segment, hop = self.frames(samples)
        return segment // 2 + 1, frame_count(samples, segment, hop)

    def frames(self, samples: int) -> tuple[int, int]:
        """Give the samples of a frame, and those from one frame's start to the next's."""
        segment = self.segment or frame_length(samples)
        return segment, segment - int(segment * self.overlap)

    def spectra(self, x: Tensor, *, centred: bool = False) -> Tensor:
        """Fourier transforms of a batch's frames, with or without their means.

        Returns
        -------
        Tensor, shape (batch, frames, segment // 2 + 1), complex128

        Raises
        ------
        UsageError
            If a window is shorter than a frame.
        """
        segment, hop = self.frames(x.shape[1])
        if x.shape[1] < segment:
            raise UsageError(
                f"A window of {x.shape[1]} samples is shorter than a frame of {segment}.",
                where=self.kind,
                mend="Take longer windows or a shorter segment.",
            )
        return spectra(x, segment, hop, centred=centred)
