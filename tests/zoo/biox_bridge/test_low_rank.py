"""Distillation at a bridge's count of numbers, and with contrast: section 7 of the method's notes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from zoo.biox_bridge.baselines import distilled_contrast, distilled_low_rank
from zoo.biox_bridge.encoders import Encoder, digest, frozen
from zoo.biox_bridge.fitting import Budget
from zoo.biox_bridge.low_rank import LowRankKernel, low_ranked
from zoo.biox_bridge.passes import look
from zoo.models.registry import create_model

WINDOWS = 60
ROWS = np.arange(40), np.arange(40, WINDOWS)


class Images:
    """Bright and dark images, one a window."""

    notes = ()
    has = np.ones(WINDOWS, dtype=bool)

    def __init__(self):
        self.bright = torch.arange(WINDOWS) % 2
        drawn = torch.randint(0, 60, (WINDOWS, 1, 1, 32, 32), generator=torch.Generator().manual_seed(0))
        drawn[..., :16] += 150 * self.bright.view(-1, 1, 1, 1, 1)
        self.images = drawn.to(torch.uint8)

    def inputs(self, rows):
        return {"images": self.images[torch.from_numpy(rows)]}


@pytest.fixture
def new():
    torch.manual_seed(0)
    options = {"num_classes": 2}
    return Encoder("test-image-cnn", options, frozen(create_model("test-image-cnn", **options)), None)


def last_state(encoder):
    return encoder.chain.run_to(Images().inputs(np.arange(1)), encoder.chain.depth)


@pytest.mark.parametrize("parameters", [300, 1000, 2500])
def test_it_trains_as_many_numbers_as_the_bridge_and_never_more(new, parameters):
    _, changing = low_ranked(new, last_state(new), parameters, seed=0)
    count = sum(each.numel() for each in changing.parameters() if each.requires_grad)
    assert 0.7 * parameters < count <= parameters


def test_it_begins_as_the_network_that_it_changes(new):
    student, _ = low_ranked(new, last_state(new), 1000, seed=0)
    source = Images()
    found = [look(each.chain, source, np.arange(8)).logits for each in (new, student)]
    torch.testing.assert_close(*found)


def test_a_change_is_of_the_rank_that_was_asked_for_kernels_too():
    change = LowRankKernel(torch.zeros(8, 3, 3, 3), rank=2)
    nn.init.normal_(change.up)
    found = change(torch.zeros(8, 3, 3, 3))
    assert torch.linalg.matrix_rank(found.flatten(1)) == 2


def answers():
    """An old model that is sure of brightness."""
    return 6.0 * nn.functional.one_hot(Images().bright, 2).float() - 3.0


def right(student):
    found = look(student.chain, Images(), ROWS[1]).logits.argmax(dim=1)
    return float((found == Images().bright[40:]).double().mean())


def test_low_rank_learns_the_answers_and_leaves_the_new_model_as_it_was(new):
    before = digest(new.network)
    told = tuple(answers()[torch.from_numpy(rows)] for rows in ROWS)
    student, took = distilled_low_rank(new, Images(), ROWS, told, 2.0, 1500, Budget(15, 10, 1e-2), seed=0)
    assert right(student) > 0.9
    assert took.parameters <= 1500
    assert digest(new.network) == before


def test_contrast_learns_the_answers_and_counts_its_projections(new):
    told = answers()
    old = [look(new.chain, Images(), rows) for rows in ROWS]
    for seen, rows in zip(old, ROWS, strict=True):
        seen.logits[:] = told[torch.from_numpy(rows)]
    student, took = distilled_contrast(new, Images(), ROWS, tuple(old), 2.0, Budget(15, 10, 1e-2), seed=0)
    assert right(student) > 0.9
    width = old[0].pooled[-1].shape[1]
    assert took.parameters == sum(each.numel() for each in new.network.parameters()) + 2 * 128 * (width + 1)
