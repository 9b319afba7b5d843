"""Lightning tells the epoch to a loader's sampler and to its batch sampler's sampler, never to a batch sampler.

`dealt_loader` deals by a batch sampler that had no sampler: under a trainer every epoch had the order of the first. Its
rank was found when it was made, before the processes that train together are started, so that all read the same.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
import torch
from torch import nn

from biocurate.images.reading.order import Deal, dealt
from zoo import dealt_loader
from zoo.runs.config import Training
from zoo.training.network import train_classifier


class Asked(torch.utils.data.Dataset):
    """Noise in blocks of four that remembers what it was asked for."""

    def __init__(self):
        self.block = np.arange(32) // 4
        self.asked = []

    def __len__(self):
        return 32

    def __getitems__(self, indices):
        self.asked.append(list(indices))
        return {"image": torch.zeros(len(indices), 4), "label": torch.tensor(indices) % 2}


def test_each_epoch_of_a_trainer_has_an_order_of_its_own_and_every_item_once(tmp_path):
    data = Asked()
    options = Training(epochs=3, batch_size=8, order="blocks")
    train_classifier(nn.Linear(4, 2), data, [], np.arange(32) % 2, 2, options, 1, tmp_path, lambda share: None)
    epochs = [list(chain(*data.asked[start : start + 4])) for start in (0, 4, 8)]
    assert [sorted(each) for each in epochs] == [list(range(32))] * 3
    assert len({tuple(each) for each in epochs}) == 3
    assert epochs[2] == np.concatenate(dealt(data.block, Deal(8, 1), 2)).tolist()


def test_the_rank_is_that_of_the_process_that_reads(monkeypatch):
    data = Asked()
    batches = dealt_loader(data, 8, seed=1)
    assert len(batches) == 4
    monkeypatch.setattr("zoo.data.reading.processes", lambda: (1, 2))
    assert len(batches) == 2
    assert list(batches.batch_sampler) == [
        batch.tolist() for batch in dealt(data.block, Deal(8, 1, rank=1, ranks=2), 0)
    ]
