"""A recording without its samples: for rows that are written anew while the stored samples stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from biocurate.formats.source import Source
from biocurate.recording import Recording, Segment


@dataclass(frozen=True)
class Held:
    """What is known of a channel that was read before."""

    rate_hz: float
    dtype: np.dtype[Any]
    segments: tuple[Segment, ...]
    """The first one begins at 0."""
    t0_ns: int = 0
    """First sample, from the recording's start; all files of the recording are on this clock."""
    start_unix_ns: int | None = None
    """Unix time of the first sample, where another file of the recording tells it."""

    @property
    def n_samples(self) -> int:
        """Over all segments."""
        return sum(segment.n_samples for segment in self.segments)


@dataclass(frozen=True)
class Absent:
    """Samples that lie elsewhere: only their number and type are known."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Refuse: who outlines a recording looks at none of its samples."""
        raise NotImplementedError("an outline has no samples")


@runtime_checkable
class Outlining(Protocol):
    """A reader that can give a recording without looking at a sample."""

    def outline(self, source: Source, options: Any, held: Mapping[str, Held]) -> Recording:  # noqa: ANN401
        """Give what `read` would, but for samples that may be `Absent` and for warnings that need them.

        Parameters
        ----------
        source : Source
            The same bytes as when it was read.
        options
            The same as when it was read.
        held : mapping of str to Held
            Label -> what only a look at the samples would tell; without channels that the recipe skips.

        Raises
        ------
        SourceError
            It cannot be told without the samples.
        """
        ...
