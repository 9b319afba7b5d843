"""Symptom: the control `encoders random` had an AUROC of 0.500 without any spread, whatever the data.

Cause: the bridge's second matrix begins with zeros. A network of random weights has no biases, so that zeros stay zeros
through all of its blocks, the rectifier's slope there is 0, and no gradient ever came back.
"""

from __future__ import annotations

import numpy as np
import torch

from zoo.biox_bridge.building import Pairs, build
from zoo.biox_bridge.config import BridgeOptions
from zoo.biox_bridge.encoders import frozen
from zoo.biox_bridge.passes import drawn_tokens, look, tokens_at
from zoo.models.registry import create_model
from zoo.models.staged import staged


class Images:
    def __init__(self, seed):
        drawn = torch.Generator().manual_seed(seed)
        self.images = torch.randint(0, 256, (24, 1, 32, 32), generator=drawn, dtype=torch.uint8)

    def inputs(self, rows):
        return {"images": self.images[torch.from_numpy(rows)]}


def chain(seed):
    torch.manual_seed(seed)
    return staged("test-image-cnn", frozen(create_model("test-image-cnn")))


def test_eq_6_a_bridge_learns_also_where_zeros_let_no_gradient_through():
    (front, new), (tail, old) = ((chain(seed), Images(seed)) for seed in (0, 1))
    rows = np.arange(24)
    pairs = Pairs(look(front, new, rows), look(tail, old, rows, keep=(tail.depth,)), rows // 4)
    made = build(
        front,
        tail,
        pairs.of(rows[8:]),
        pairs.of(rows[:8]),
        BridgeOptions(rank=4, prototypes=6, epochs=5, lr=1e-2),
        lambda at, form, count: drawn_tokens(tail, old, rows[8:], at, form, count, 0),
        lambda at, form: tuple(tokens_at(tail, old, part, at, form) for part in (rows[8:], rows[:8])),
        seed=0,
        at=(2, 1),
    )
    assert made.fit.curve[-1][0] < made.fit.curve[0][0] < 1.0
