"""Batches of images that do not fit in memory: block by block, mixed in a buffer, and gone on with in mid-epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from dataclasses import asdict, replace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

from biocurate.errors import UsageError
from biocurate.images.reading.order import BUFFER_BYTES, Deal, dealt
from zoo.data.windows import Batch, as_it_is, processes, tell_epoch


class Dealt(Sampler[list[int]]):
    """Batches of one rank, epoch after epoch.

    Parameters
    ----------
    dataset : Dataset
        An ImageDataset, or a `torch.utils.data.Subset` of one.
    deal : Deal
    fixed : bool
        Whether the deal's rank holds; else that of torch.distributed at the time of reading, since processes that train
        together can be started later.
    """

    def __init__(self, dataset: Dataset[Batch], deal: Deal, fixed: bool = True) -> None:
        self.dataset, self.epoch = dataset, 0
        self._deal, self._fixed = deal, fixed
        self.first = 0
        """Batch that the epoch goes on with."""
        self.given = 0
        """Batches of the epoch that were handed out, whatever workers have read ahead."""
        self.block = block_of(dataset)
        self.deal.batches_of(len(self.block))  # refuses what cannot be dealt, before anything is read

    @property
    def deal(self) -> Deal:
        """How images are dealt to this rank."""
        if self._fixed:
            return self._deal
        rank, ranks = processes()
        return replace(self._deal, rank=rank, ranks=ranks)

    @property
    def sampler(self) -> Dealt:
        """Itself: Lightning tells the epoch to a batch sampler's sampler, and to no batch sampler."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch's order; Lightning calls it."""
        if epoch != self.epoch:
            self.epoch, self.first, self.given = epoch, 0, 0
        tell_epoch(self.dataset, epoch)

    def go_on(self, epoch: int, seen: int) -> None:
        """Leave out what an epoch that was cut short has seen, all of its batches counted as full."""
        self.set_epoch(epoch)
        self.first = self.given = seen // self.deal.batch_size

    def __len__(self) -> int:
        return self.deal.batches_of(len(self.block))

    def __iter__(self) -> Iterator[list[int]]:
        first, self.first = self.first, 0
        for batch in dealt(self.block, self.deal, self.epoch)[first:]:
            yield batch.tolist()


class DealtLoader(DataLoader[Batch]):
    """A loader that knows how far it has come; `dealt_loader` makes one."""

    batch_sampler: Dealt

    def __iter__(self) -> Any:  # noqa: ANN401  torch's own iterator is of no public type
        self.batch_sampler.given = self.batch_sampler.first
        for batch in super().__iter__():
            self.batch_sampler.given += 1
            yield batch

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, where nobody does it for its sampler."""
        self.batch_sampler.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Where the epoch stands."""
        sampler = self.batch_sampler
        deal = {name: value for name, value in asdict(sampler.deal).items() if name != "rank"}
        return {"epoch": sampler.epoch, "given": sampler.given, "images": len(sampler.block), **deal}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the batches that were handed out.

        Raises
        ------
        UsageError
            Where the state is of other images, or they were dealt otherwise.
        """
        mine = self.state_dict()
        if other := [name for name in mine if name not in {"epoch", "given"} and mine[name] != state.get(name)]:
            told = ", ".join(f"{name} {state.get(name)}" for name in other)
            raise UsageError(f"it was dealt otherwise: {told}.", where="loader", mend="Make the loader as it was.")
        self.batch_sampler.set_epoch(state["epoch"])
        self.batch_sampler.first = self.batch_sampler.given = state["given"]


def dealt_loader(
    dataset: Dataset[Batch],
    batch_size: int,
    seed: int,
    workers: int = 0,
    rank: int | None = None,
    ranks: int | None = None,
    buffer_bytes: int = BUFFER_BYTES,
) -> DealtLoader:
    """Shuffled batches of images: fast where a set does not fit in memory, and each image once an epoch.

    Blocks of neighbouring images are shuffled and dealt to ranks and workers, and the images of some blocks mixed. All
    ranks have the same number of batches. Under Lightning, give its trainer ``use_distributed_sampler=False``.

    Parameters
    ----------
    dataset : Dataset
        An ImageDataset, or a `torch.utils.data.Subset` of one.
    batch_size : int
        Images of a batch at most.
    seed : int
    workers : int
        Processes that read ahead; each has blocks of its own.
    rank, ranks : int, optional
        Of processes that train together; those of torch.distributed when it is read, where left out.
    buffer_bytes : int
        Decoded bytes that each worker mixes at a time.
    """
    fixed = rank is not None and ranks is not None
    at, of = (rank, ranks) if rank is not None and ranks is not None else processes()
    deal = Deal(batch_size, seed, max(1, buffer_bytes // _block_bytes(dataset)), at, of, max(workers, 1))
    return DealtLoader(
        dataset,
        batch_sampler=Dealt(dataset, deal, fixed),
        num_workers=workers,
        multiprocessing_context="spawn" if workers else None,
        persistent_workers=workers > 0,
        collate_fn=as_it_is,
        generator=torch.Generator(),
    )


def block_of(dataset: Dataset[Batch]) -> NDArray[np.int64]:
    """Number of the block that each item is decoded with."""
    if isinstance(dataset, Subset):
        return block_of(dataset.dataset)[np.asarray(dataset.indices, dtype=np.intp)]
    found = getattr(dataset, "block", None)
    return np.arange(len(cast(Sized, dataset))) if found is None else np.asarray(found)


def _block_bytes(dataset: Dataset[Batch]) -> int:
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    return int(getattr(dataset, "block_bytes", 1 << 17))
