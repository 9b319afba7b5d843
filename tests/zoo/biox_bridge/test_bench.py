"""Speed of a bridge: one pass of each model where the published code needs one a block (notes, section 3.2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from zoo.biox_bridge.bench import CHANNELS, CLASSES, Noise, bench, features_by_block
from zoo.biox_bridge.passes import look
from zoo.panluna.architecture import LUNA_BASE
from zoo.panluna.model import PanLuna
from zoo.panluna.staged import stages

SMALL = replace(LUNA_BASE, width=16, queries=2, depth=8, names=8)
WINDOWS = 12


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(0)
    chains = [stages(PanLuna(CLASSES, SMALL).eval()) for _ in CHANNELS]
    return chains, [Noise(WINDOWS, channels, SMALL, "cpu") for channels in CHANNELS]


def runs_of(chain, work):
    """How often each block is run."""
    counts = [0] * chain.depth
    handles = [
        block.register_forward_hook(lambda *_, at=at: counts.__setitem__(at, counts[at] + 1))
        for at, block in enumerate(chain.blocks)
    ]
    work()
    for handle in handles:
        handle.remove()
    return counts


def test_all_features_come_from_one_pass_where_one_a_block_was_needed(models):
    chains, sources = models
    rows = np.arange(WINDOWS)
    assert runs_of(chains[0], lambda: look(chains[0], sources[0], rows)) == [1] * 8
    assert runs_of(chains[0], lambda: features_by_block(*chains, sources, rows)) == [8] * 8


def test_both_ways_give_the_same_features(models):
    chains, sources = models
    rows = np.arange(WINDOWS)
    new, old = features_by_block(*chains, sources, rows)
    once = [look(chain, source, rows) for chain, source in zip(chains, sources, strict=True)]
    for found, known in ((new, once[0].pooled[1:]), (old, once[1].pooled[:8])):
        assert len(found) == 8
        for one, other in zip(found, known, strict=True):
            torch.testing.assert_close(one, other)


def test_there_is_a_row_a_work():
    found = bench((2,), rounds=1, windows=16, architecture=replace(SMALL, depth=2))
    assert found["work"].to_list() == ["passes", "selection", "training step"]
    for column in ("windows_s", "other_windows_s", "faster", "cpu_faster", "peak_mib", "other_peak_mib"):
        assert (found[column] > 0).all(), column
    assert found["trained"].drop_nulls().len() == 1
