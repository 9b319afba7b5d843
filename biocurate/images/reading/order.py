"""In which order images are read for training: mixed well, and yet block by block.

Blocks are shuffled, then dealt to ranks and lanes; a lane mixes the images of some blocks at a time, in a buffer. What
comes is a function of seed, epoch and how the work is dealt, so that a state is a few numbers.

Source: shuffled shards and a shuffle buffer are how sequential formats are read, as in Aizman, Maltby & Breuel, High
performance I/O for large scale deep learning, IEEE Big Data 2019 (WebDataset); here both are made of row numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import UsageError

Ints = NDArray[np.int64]

BUFFER_BYTES = 64 * 1024 * 1024
"""Decoded bytes that are mixed at a time."""


@dataclass(frozen=True)
class Deal:
    """How images are dealt.

    Parameters
    ----------
    batch_size : int
        Images of a batch at most; batches of an epoch differ by one image where images do not divide evenly.
    seed : int
    buffer : int
        Blocks whose images are mixed.
    rank, ranks : int
        Of processes that train together. Each image goes to one, and all have the same number of batches.
    lanes : int
        Loader workers: each reads blocks of its own, and batches are taken from them in turn.

    Raises
    ------
    UsageError
        Where a number is none.
    """

    batch_size: int
    seed: int = 0
    buffer: int = 512
    rank: int = 0
    ranks: int = 1
    lanes: int = 1

    def __post_init__(self) -> None:
        if min(self.batch_size, self.buffer, self.ranks, self.lanes) < 1 or not 0 <= self.rank < self.ranks:
            raise UsageError(f"images cannot be dealt as {self}.", mend="Sizes are 1 or more, and ranks count from 0.")

    def batches_of(self, images: int) -> int:
        """Batches of an epoch, the same for every rank.

        Raises
        ------
        UsageError
            Where there are too few images for all ranks and lanes.
        """
        hands = self.ranks * self.lanes
        most = -(-images // hands)
        each = -(-most // self.batch_size)
        if images // hands < max(each, 1):
            raise UsageError(
                f"{images:,} images cannot be dealt to {self.ranks} ranks of {self.lanes} workers in equal batches of "
                f"up to {self.batch_size}.",
                mend="Take fewer ranks or workers, or larger batches.",
            )
        return each * self.lanes


def dealt(block: Ints, deal: Deal, epoch: int) -> list[Ints]:
    """Give a rank its batches of an epoch: over all ranks, each image once.

    Parameters
    ----------
    block : array of int, shape (images,)
        The block that each image lies in.
    deal : Deal
    epoch : int

    Returns
    -------
    list of array of int
        Numbers of images, a batch each; batch ``i`` is of lane ``i % lanes``.
    """
    each = deal.batches_of(len(block)) // deal.lanes
    order = _by_shuffled_blocks(block, deal.seed, epoch)
    hands = np.array_split(order, deal.ranks * deal.lanes)[deal.rank * deal.lanes : (deal.rank + 1) * deal.lanes]
    mixed = [_mixed(hand, block, deal, (epoch, deal.rank, lane)) for lane, hand in enumerate(hands)]
    of_lanes = [np.array_split(hand, each) for hand in mixed]
    return [of_lanes[lane][number] for number in range(each) for lane in range(deal.lanes)]


def _by_shuffled_blocks(block: Ints, seed: int, epoch: int) -> Ints:
    """Numbers of images, block after block, blocks in random order."""
    known, which = np.unique(block, return_inverse=True)
    place = np.random.default_rng([seed, epoch]).permutation(len(known))
    return np.asarray(np.argsort(place[which], kind="stable"), dtype=np.int64)


def _mixed(order: Ints, block: Ints, deal: Deal, key: tuple[int, ...]) -> Ints:
    """Shuffle the images of so many blocks at a time."""
    turns = np.flatnonzero(np.diff(block[order], prepend=-1))  # where another block begins
    cuts = turns[deal.buffer :: deal.buffer]
    random = np.random.default_rng([deal.seed, *key])
    return np.concatenate([random.permutation(part) for part in np.split(order, cuts)])
