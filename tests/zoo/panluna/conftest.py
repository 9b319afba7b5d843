"""Weights made by the rule of the test vectors, under the published names."""

from __future__ import annotations

import json
from math import prod
from zlib import crc32

import numpy as np
import pytest
import torch


def filled(name, shape):
    """Fill a published tensor as the vectors' README says."""
    values = np.random.default_rng(crc32(name.encode())).uniform(-1, 1, size=shape)
    if len(shape) < 2:
        values = (1.0 if name.endswith(("weight", "running_var")) else 0.0) + 0.1 * values
    else:
        values = values * np.sqrt(3 / prod(shape[1:]))
    return torch.from_numpy(np.asarray(values, dtype=np.float32))


@pytest.fixture(scope="session", params=["classifier", "pretrain"])
def published(request, vectors):
    """Kind, state dict, and the reference's inputs and outputs."""
    folder = vectors / "panluna"
    keys = json.loads((folder / f"{request.param}_keys.json").read_text(encoding="utf-8"))
    with np.load(folder / f"{request.param}.npz") as held:
        expected = {name: torch.from_numpy(held[name]) for name in held}
    return request.param, {name: filled(name, shape) for name, shape in keys.items()}, expected
