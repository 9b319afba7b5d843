"""What a pre-training reads from: one of several sets of windows, with some persons held out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Source(Protocol):
    """One task or corpus, ready to be read."""

    @property
    def name(self) -> str:
        """What figures of it are called."""

    @property
    def train(self) -> Ints:
        """Places of what is trained on."""

    @property
    def block(self) -> Ints:
        """What is read together with each place of `train`."""

    @property
    def used(self) -> pl.DataFrame:
        """Windows that are trained on or held out, with the `split` that they are in here."""
