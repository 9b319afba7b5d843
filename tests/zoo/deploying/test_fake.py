"""Weights on grids of few bits, as float32 numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from biocurate.errors import UsageError
from zoo.deploying.draws import draw
from zoo.deploying.fake import BITS, FINE, OnGrid, on_grid, packed_mb, rounded, settle
from zoo.deploying.network import open_network
from zoo.deploying.ranges import Range, unwatch, watch


@given(st.sampled_from(BITS), st.integers(0, 99))
def test_each_channel_has_as_many_values_as_its_bits_allow(bits, seed):
    """Symmetric grids: 2 ** bits - 1 values, 0 among them."""
    weight = torch.randn(3, 400, generator=torch.Generator().manual_seed(seed))
    found = OnGrid(weight, bits)(weight)
    for channel in found:
        values = channel.unique()
        assert len(values) <= 2**bits - 1
        steps = (values / values.diff().min()).numpy()
        np.testing.assert_allclose(steps, steps.round(), atol=2e-2)


@given(st.sampled_from(BITS), st.integers(0, 99))
def test_no_end_of_the_grid_is_better_than_the_one_chosen_by_more_than_its_neighbours(bits, seed):
    weight = torch.randn(2, 64, generator=torch.Generator().manual_seed(seed))
    grid = OnGrid(weight, bits)
    best = (grid(weight) - weight).square().sum(dim=1)
    for share in (0.3, 0.5, 0.7, 0.9, 1.0):
        grid.share = torch.full((2,), share)
        assert (best <= (grid(weight) - weight).square().sum(dim=1) + 1e-5).all()


def test_gradients_pass_straight_through():
    """Bengio et al., 2013: the gradient of the rounded weight is that of the weight."""
    weight = torch.randn(4, 9, requires_grad=True)
    torch.autograd.backward((OnGrid(weight, 4)(weight) * torch.arange(36.0).view(4, 9)).sum())
    assert torch.equal(weight.grad, torch.arange(36.0).view(4, 9))


def test_a_channel_of_zeros_stays_zeros():
    assert not OnGrid(torch.zeros(2, 5), 2)(torch.zeros(2, 5)).any()


@pytest.mark.parametrize("bits", BITS)
def test_first_layers_embeddings_and_head_keep_8_bits(bits):
    network = rounded(open_network("test-panluna", {"num_classes": 3}).network, bits)
    counted = {
        name: max(len(row.unique()) for row in layer.weight.flatten(1))
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Embedding)
    }
    few = {name: count for name, count in counted.items() if not f"{name}.".startswith(FINE)}
    assert len(few) > 10
    assert max(few.values()) <= 2**bits - 1
    if bits < 8:
        assert min(counted[name] for name in ("head.scores.expand", "frequency.mlp.expand")) > 2**bits


def test_fewer_bits_are_further_away_and_smaller():
    deployed = open_network("test-panluna", {"num_classes": 3})
    inputs = draw(deployed, 2)
    with torch.no_grad():
        plain = deployed.network(**inputs)
        away = [float((rounded(deployed.network, bits)(**inputs) - plain).abs().max()) for bits in BITS]
    assert 0 < away[0] < away[1] < away[2]
    sizes = [packed_mb(deployed.network, bits) for bits in BITS]
    assert sizes == sorted(sizes, reverse=True)


def test_the_packed_size_of_panluna_at_8_bits_is_a_quarter():
    """5.38 M parameters in 32 bits are 21.5 MB; in 8 bits, with a scale a channel and norms in 32, about 5.5."""
    network = open_network("panluna-reference", {"num_classes": 5}).network
    assert 5.38 < packed_mb(network, 8) < 5.7
    assert packed_mb(network, 2) < 0.35 * packed_mb(network, 8)


def test_training_moves_the_weights_and_settling_leaves_them_on_the_grid():
    deployed = open_network("test-panluna", {"num_classes": 3})
    network, inputs = deployed.network.train(), draw(deployed, 4)
    on_grid(network, 4)
    watch(network)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        torch.manual_seed(0)  # the same numbers are dropped each time
        loss = nn.functional.cross_entropy(network(**inputs), torch.tensor([0, 1, 2, 0]))
        torch.autograd.backward(loss)
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    unwatch(network)
    with torch.no_grad():
        on_grids = network.eval()(**inputs)
        settle(network)
        torch.testing.assert_close(network(**inputs), on_grids)
    assert set(network.state_dict()) == set(open_network("test-panluna", {"num_classes": 3}).network.state_dict())
    assert max(len(row.unique()) for row in network.blocks[0].expand.weight) <= 15


@given(st.floats(-5, 5), st.floats(0.1, 5))
def test_a_range_rounds_to_a_256th_of_what_came_by(centre, spread):
    x = centre + spread * torch.linspace(-1, 1, 300)
    grid = Range().train()
    low, high = min(0.0, float(x.min())), max(0.0, float(x.max()))
    found = grid(x)
    assert len(found.unique()) <= 256
    assert float((found - x).abs().max()) <= (high - low) / 255
    assert grid.eval()(torch.zeros(3)).tolist() == [0, 0, 0]
    # A range follows slowly: a batch ten times as wide moves it by a hundredth.
    before = float(grid.high)
    grid.train()(10 * x.abs())
    assert float(grid.high) == pytest.approx(0.99 * before + 0.01 * float(10 * x.abs().max()), rel=1e-4)


def test_other_bits_are_refused():
    with pytest.raises(UsageError, match="3 bits"):
        on_grid(nn.Linear(2, 2), 3)
