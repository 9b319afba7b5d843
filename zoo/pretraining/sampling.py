"""Which images or windows a step sees: some of every task or corpus, the larger ones tempered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from biocurate.images.reading.order import Deal, dealt
from zoo.pretraining.source import Ints, Source


def shares(sizes: Sequence[int], power: float) -> NDArray[np.float64]:
    """How often each task is drawn: by its number of images to a power, as shares of 1.

    Source: Arivazhagan et al., Massively multilingual neural machine translation in the wild, 2019, section 3.2, where
    the power is 1 / T.
    """
    weights = np.asarray(sizes, dtype=np.float64) ** power
    return np.asarray(weights / weights.sum())


@dataclass
class Mixed:
    """Steps of a pre-training: how many images of each task, and which.

    All of it is a function of the seed and the step, so that a run that was killed goes on with what would have come.

    Parameters
    ----------
    tasks : sequence of Source
    batch_size : int
    power : float
    seed : int
    """

    tasks: Sequence[Source]
    batch_size: int
    power: float
    seed: int
    taken: list[int] = field(init=False)
    """Images of each task that steps before have seen."""
    _orders: dict[int, tuple[int, Ints]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.taken = [0] * len(self.tasks)
        self._shares = shares([len(task.train) for task in self.tasks], self.power)
        # Numbered anew: an order is dealt of the blocks of the training images alone.
        self._blocks = [np.unique(task.block, return_inverse=True)[1] for task in self.tasks]

    def step(self, number: int) -> list[Ints]:
        """Places of images in each task's dataset; an array without any where the step sees none of it."""
        counts = np.random.default_rng([self.seed, 1, number]).multinomial(self.batch_size, self._shares)
        return [self._next(task, int(count)) for task, count in enumerate(counts)]

    def _next(self, number: int, count: int) -> Ints:
        """The images of a task that come next, epoch after epoch."""
        places, train = [], self.tasks[number].train
        while count:
            epoch, first = divmod(self.taken[number], len(train))
            some = self._order(number, epoch)[first : first + count]
            places.append(train[some])
            self.taken[number] += len(some)
            count -= len(some)
        return np.concatenate(places) if places else np.empty(0, np.int64)

    def _order(self, number: int, epoch: int) -> Ints:
        """Order of a task's images in an epoch: block by block, mixed."""
        if self._orders.get(number, (-1, None))[0] != epoch:
            block = self._blocks[number]
            deal = Deal(self.batch_size, seed=self.seed + number)
            self._orders[number] = (epoch, np.concatenate(dealt(block, deal, epoch)))
        return self._orders[number][1]
