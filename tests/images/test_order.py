"""The order that images are read in: each once, mixed, and a function of seed, epoch and deal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from biocurate.errors import UsageError
from biocurate.images.reading.order import Deal, dealt


@st.composite
def deals(draw):
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=40))
    block = np.repeat(np.arange(len(sizes)), sizes)
    block = np.random.default_rng(draw(st.integers(0, 99))).permutation(block)
    deal = Deal(
        batch_size=draw(st.integers(1, 50)),
        seed=draw(st.integers(0, 5)),
        buffer=draw(st.integers(1, 12)),
        ranks=draw(st.integers(1, 4)),
        lanes=draw(st.integers(1, 3)),
    )
    return block, deal


def of_rank(deal, rank):
    return Deal(deal.batch_size, deal.seed, deal.buffer, rank, deal.ranks, deal.lanes)


@settings(max_examples=200, deadline=None)
@given(deals(), st.integers(0, 3))
def test_every_image_is_dealt_once_and_all_ranks_have_as_many_batches(given_deal, epoch):
    block, deal = given_deal
    try:
        count = deal.batches_of(len(block))
    except UsageError:
        assume(False)
    ranks = [dealt(block, of_rank(deal, rank), epoch) for rank in range(deal.ranks)]
    assert {len(batches) for batches in ranks} == {count}
    sizes = {len(batch) for batches in ranks for batch in batches}
    assert min(sizes) >= 1
    assert max(sizes) <= deal.batch_size
    assert max(sizes) - min(sizes) <= 1
    everything = np.concatenate([batch for batches in ranks for batch in batches])
    np.testing.assert_array_equal(np.sort(everything), np.arange(len(block)))


def test_seed_and_epoch_decide_the_order_and_nothing_else_does():
    block = np.repeat(np.arange(30), 20)
    same = [np.concatenate(dealt(block, Deal(32, 1, 4), 2)) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    for other in (dealt(block, Deal(32, 2, 4), 2), dealt(block, Deal(32, 1, 4), 3)):
        assert (np.concatenate(other) != same[0]).mean() > 0.9


def test_a_lane_decodes_a_block_while_its_buffer_is_mixed_and_then_no_more():
    block = np.repeat(np.arange(60), 20)
    deal = Deal(16, 0, buffer=5, lanes=3)
    batches = dealt(block, deal, 0)
    for lane in range(3):
        seen = block[np.concatenate(batches[lane::3])]
        for start in range(0, len(seen) - 100, 100):
            assert len(np.unique(seen[start : start + 100])) <= 6
    lanes = [set(block[np.concatenate(batches[lane::3])].tolist()) for lane in range(3)]
    assert len(lanes[0] & lanes[1]) <= 1  # the block at the cut


def test_batches_are_mixed_as_well_as_a_buffer_allows():
    block = np.repeat(np.arange(64), 50)
    batches = dealt(block, Deal(50, 0, buffer=32), 0)
    assert np.mean([len(np.unique(block[batch])) for batch in batches]) > 20


def test_too_few_images_for_equal_batches_are_refused():
    with pytest.raises(UsageError, match="cannot be dealt to 2 ranks of 1 workers in equal batches"):
        Deal(1, ranks=2).batches_of(5)
    with pytest.raises(UsageError, match="cannot be dealt"):
        Deal(4, ranks=8).batches_of(5)
    with pytest.raises(UsageError, match="ranks count from 0"):
        Deal(4, rank=2, ranks=2)
