"""A training that is killed by SIGKILL when it reads its n-th batch: `python dying.py FOLDER N IN_VALIDATION ORDER`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from zoo import create_model
from zoo.runs.config import Training
from zoo.training.network import train_classifier

OPTIONS = Training(epochs=4, batch_size=8, lr=3e-3, patience=4, accumulate=2, keep_s=1e-6, order="items")


class Noise(Dataset):
    """Images of two kinds; the process dies, without a word, at the n-th batch."""

    def __init__(self, count, seed, die_at=0):
        rng = np.random.default_rng(seed)
        self.codes = rng.integers(2, size=count)
        self.images = rng.integers(0, 200, (count, 1, 32, 32)) + 50 * self.codes[:, None, None, None]
        self.left = die_at
        self.block = np.arange(count) // 4
        self.block_bytes = 1 << 22
        """So large that 16 are mixed at a time."""
        self.asked = []

    def __len__(self):
        return len(self.codes)

    def __getitems__(self, indices):
        self.left -= 1
        self.asked.append(tuple(indices))
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        images = torch.from_numpy(self.images[indices].astype(np.uint8))
        return {"image": images, "label": torch.from_numpy(self.codes[indices])}


def train(folder: Path, die_at: int = 0, die_in_validation: int = 0, options: Training = OPTIONS, dropout=0.5):
    """Train; the same in whichever process."""
    torch.manual_seed(3)
    network = create_model("image-cnn", size=32, width=4, dropout=dropout)
    data, held = Noise(52, 1, die_at), Noise(24, 2, die_in_validation)
    ran = train_classifier(network, data, held, data.codes, 2, options, 3, folder, lambda share: None)
    return network.state_dict(), ran


if __name__ == "__main__":
    chosen = OPTIONS.model_copy(update={"order": sys.argv[4]})
    train(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), chosen)
