"""Weights made by the rule of the test vectors, under the published names."""

from __future__ import annotations

import json
from math import prod, sqrt
from zlib import crc32

import numpy as np
import pytest
import torch

from zoo.tiny_biomoe.efficientvit import offsets


def filled(name, shape):
    """Fill a published tensor as the vectors' README says."""
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    if name.endswith("attention_bias_idxs"):
        return offsets(round(sqrt(shape[0])))
    values = np.random.default_rng(crc32(name.encode())).uniform(-1, 1, size=shape)
    if len(shape) < 2:
        values = (1.0 if name.endswith(("weight", "running_var")) else 0.0) + 0.1 * values
    else:
        values = values * sqrt(3 / prod(shape[1:]))
    return torch.from_numpy(values.astype(np.float32))


@pytest.fixture(scope="session")
def published(vectors):
    """A published state dict: 510 names."""
    keys = json.loads((vectors / "tiny_biomoe" / "keys.json").read_text(encoding="utf-8"))
    return {name: filled(name, shape) for name, shape in keys.items()}


@pytest.fixture(scope="session")
def expected(vectors):
    """Images, both experts' outputs, and embeddings of the reference."""
    with np.load(vectors / "tiny_biomoe" / "embedding.npz") as held:
        return {name: torch.from_numpy(held[name]) for name in held}
