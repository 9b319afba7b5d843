"""Windows with some of their patches hidden."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zoo.panluna.objective import hide
from zoo.pretraining.masked.corpora import Corpus
from zoo.pretraining.source import Ints


@dataclass(frozen=True)
class Batch:
    """Windows that have a channel, and what is hidden of them."""

    input: dict[str, Tensor]
    """x, locations, sensor and present, as `zoo.data.placed.PlacedRows` gives them."""
    hidden: Tensor
    """Shape (windows, channels, patches), bool."""
    places: Ints
    """Of the windows, in their corpus."""

    @property
    def mask(self) -> Tensor:
        """Hidden samples, shape (windows, channels, samples), bool."""
        return self.hidden.repeat_interleave(self.input["x"].shape[2] // self.hidden.shape[2], dim=2)

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch({name: each.to(device) for name, each in self.input.items()}, self.hidden.to(device), self.places)


def batch_of(corpus: Corpus, places: Ints, patch: int, share: float, generator: torch.Generator) -> Batch:
    """Read windows and hide patches; those whose channels are all flat or empty are left out."""
    found = corpus.windows.inputs(places.astype(np.intp))
    there = found["present"].any(dim=1)
    kept = {name: each[there] for name, each in found.items()}
    hidden = hide(kept["present"], found["x"].shape[2] // patch, share, generator)
    return Batch(kept, hidden, places[there.numpy()])


def batches(corpus: Corpus, places: Ints, size: int, patch: int, share: float, seed: Sequence[int]) -> Iterator[Batch]:
    """Windows in order, and the same patches of them hidden each time."""
    for start in range(0, len(places), size):
        batch = batch_of(corpus, places[start : start + size], patch, share, seeded([*seed, start]))
        if len(batch.places):
            yield batch


def seeded(parts: Sequence[int]) -> torch.Generator:
    """Random numbers that belong to some numbers."""
    return torch.Generator().manual_seed(mixed(parts))


def mixed(parts: Sequence[int]) -> int:
    """One seed of several numbers."""
    return int(np.random.SeedSequence(list(parts)).generate_state(1, np.uint64)[0] >> np.uint64(1))
