"""Batches to train on, in the order that their dataset is read in best."""

from __future__ import annotations

from typing import Any, Protocol

from torch.utils.data import DataLoader, Dataset, Subset

from zoo.data.reading import dealt_loader
from zoo.data.windows import Batch, loader
from zoo.runs.config import Training


class Order(Protocol):
    """An order of items that an epoch cut short goes on with."""

    def go_on(self, epoch: int, seen: int) -> None:
        """Leave out the items that the epoch has seen."""
        ...


def training_batches(dataset: Dataset[Batch], options: Training, seed: int) -> tuple[DataLoader[Batch], Order]:
    """Shuffled batches of a dataset, and their order.

    By ``order``, items are shuffled one by one, or block by block as `zoo.data.reading` has it: images that are decoded
    together, or drawn of samples that are read together. ``auto`` takes blocks where a dataset has some and is not held
    in memory.
    """
    if options.order == "blocks" or (options.order == "auto" and _has_blocks(dataset)):
        dealt = dealt_loader(dataset, options.batch_size, seed, options.workers)
        return dealt, dealt.batch_sampler
    found = loader(dataset, options.batch_size, options.workers, seed=seed)
    order: Any = found.sampler
    return found, order


def _has_blocks(dataset: Dataset[Batch]) -> bool:
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    return hasattr(dataset, "block") and not getattr(dataset, "held", False)
