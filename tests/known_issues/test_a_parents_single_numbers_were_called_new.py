"""Single numbers, such as how many batches a norm has seen, came back from a checkpoint with an axis.

A training that started from them then said that they were new, and began them anew.
"""

from __future__ import annotations

import numpy as np
import pytest

from zoo.runs.checkpoint import load, save

pytest.importorskip("safetensors")


def test_tensors_of_every_rank_come_back_in_their_shape(tmp_path):
    tensors = {"seen": np.array(7), "bias": np.arange(3.0), "turned": np.arange(6.0).reshape(2, 3).T}
    save(tmp_path / "m.safetensors", tensors, {"model": "none"})
    found = load(tmp_path / "m.safetensors").tensors
    assert {name: each.shape for name, each in found.items()} == {"seen": (), "bias": (3,), "turned": (3, 2)}
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor)
