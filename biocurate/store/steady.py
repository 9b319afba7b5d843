"""Encode chunk after chunk of one array with pcodec, without its search for the best differences in each of them.

pcodec codes differences of differences, as many times as makes them smallest, and tries them all on every chunk: a
sixth of its time. Neighbouring chunks are much alike, so the search is made here, on a piece of every 16th chunk, and
near what was best before. Where the integers have irregular gaps, as leads that were stretched to the whole of int16,
more classes of numbers than the level allows take a tenth to a third off a chunk in hardly more time: there the level
is a higher one. Measured: docs/decisions/codec.md. Whatever is chosen, a chunk decodes to the same integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

EVERY = 16
"""Chunks that share one search."""
PIECE = 8
"""The search looks at this part of a chunk ..."""
LEAST = 4096
"""... but at this many numbers, where there are so many."""
ORDERS = range(8)
"""Times that differences are taken; pcodec knows no more."""
FINE = 10
"""Level for integers with irregular gaps: four times the classes of level 8, 2^level at most."""
WORTH = 0.91
"""It is taken where the piece comes out smaller than this share; that of an ADC's own steps gives 0.92 and more."""


@dataclass
class Steady:
    """An encoder that remembers how often to take differences.

    Parameters
    ----------
    level : int
        pcodec's compression level.
    """

    level: int
    order: int | None = None
    """What was best so far; None before the first chunk."""
    is_fine: bool = False
    """Whether `FINE` was worth it."""
    left: int = 0
    """Chunks until it is searched again."""

    def encode(self, flat: NDArray[Any]) -> bytes:
        """Encode integers that are multiples of no step but 1.

        Parameters
        ----------
        flat : array of int, shape (n,)
        """
        if self.order is None or not self.left:
            self._search(flat[: max(LEAST, flat.size // PIECE)])
            self.left = EVERY
        self.left -= 1
        return _encoded(flat, FINE if self.is_fine else self.level, self.order or 0)

    def _search(self, piece: NDArray[Any]) -> None:
        near = ORDERS if self.order is None else range(max(self.order - 1, 0), min(self.order + 2, len(ORDERS)))
        sizes = {order: len(_encoded(piece, self.level, order)) for order in near}
        self.order = min(near, key=sizes.__getitem__)
        self.is_fine = self.level < FINE and len(_encoded(piece, FINE, self.order)) < WORTH * sizes[self.order]


def _encoded(flat: NDArray[Any], level: int, order: int) -> bytes:
    from pcodec import ChunkConfig, DeltaSpec, ModeSpec, standalone

    delta = DeltaSpec.try_consecutive(order) if order else DeltaSpec.none()
    config = ChunkConfig(compression_level=level, mode_spec=ModeSpec.classic(), delta_spec=delta)
    return bytes(standalone.simple_compress(np.ascontiguousarray(flat), config))
