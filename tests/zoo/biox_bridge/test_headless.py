"""Positions without a task head (the paper's future work): planted blocks are found, and no head is asked."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from zoo.biox_bridge.building import Pairs, build
from zoo.biox_bridge.config import BridgeConfig, BridgeOptions
from zoo.biox_bridge.headless import choose_headless
from zoo.biox_bridge.passes import look
from zoo.biox_bridge.run import bridge
from zoo.models.staged import StagedModule
from zoo.runs.config import Evaluation

WINDOWS, PERSONS = 240, 12
PERSON = np.repeat(np.arange(PERSONS), WINDOWS // PERSONS)


def normal(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def blocks():
    """The third new block has what the old model ends with, and the second old block has it too, turned and noised."""
    knows = normal(WINDOWS, 6, seed=0)
    new = [normal(WINDOWS, 6, seed=1 + at) for at in range(5)]
    new[2] = knows + 0.2 * new[2]
    old = [normal(WINDOWS, 9, seed=10 + at) for at in range(4)]
    old[1] = knows @ normal(6, 9, seed=20) + 0.3 * old[1]
    return new, old, knows @ normal(6, 4, seed=21)


def test_the_planted_blocks_are_found_without_an_answer(blocks):
    found = choose_headless(*blocks, PERSON)
    assert (found.new, found.old) == (3, 1)
    assert found.probes[2] > 3 * max(found.probes[:2] + found.probes[3:])
    assert np.shape(found.alike) == (5, 4)
    assert "no head" in found.notes[0]


def test_to_know_a_person_by_both_sensors_is_no_likeness(blocks):
    """A first block that tells the person alone, as the old model's end does too, is not taken for the planted one."""
    new, old, last = blocks
    whose = normal(PERSONS, 6, seed=30)[torch.from_numpy(PERSON)] * 20
    new[0], last = whose + 0.01 * new[0], torch.cat([last, whose], dim=1)
    assert choose_headless(new, old, last, PERSON).new == 3


def test_features_that_never_change_begin_at_the_end():
    still = [torch.full((WINDOWS, 3), 0.1) + torch.from_numpy(PERSON)[:, None] for _ in range(2)]
    found = choose_headless(still, still, still[0], PERSON)
    assert (found.new, found.old) == (2, 0)
    assert "do not change" in found.notes[1]


def test_no_head_is_asked():
    """With NaN for every answer of the old model's head, the same positions and the same bridge."""
    torch.manual_seed(0)
    chains = []
    for width in (6, 9):
        blocks = [nn.Linear(width, width) for _ in range(3)]
        network = nn.Sequential(*blocks)
        chains.append(StagedModule(network, blocks, head=lambda x: x.mean(dim=1)[:, :2]))
    made = []
    for broken in (False, True):
        seen = []
        for at, chain in enumerate(chains):
            source = Tokens(normal(WINDOWS, 4, (6, 9)[at], seed=at))
            seen.append(look(chain, source, np.arange(WINDOWS), keep=(chain.depth,)))
        if broken:
            seen[1].logits[:] = torch.nan
        pairs = Pairs(seen[0], seen[1], PERSON)
        options = BridgeOptions(probe="cka", epochs=1, rank=2, prototypes=3, prototypes_from="randn")
        made.append(build(*chains, pairs, pairs, options, None, None, 0))
    assert made[0].positions == made[1].positions
    for one, other in zip(*(each.bridged.bridge.parameters() for each in made), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


class Tokens:
    """Rows of one tensor as a network's input."""

    notes = ()

    def __init__(self, tokens):
        self.tokens, self.has = tokens, np.ones(len(tokens), dtype=bool)

    def inputs(self, rows):
        return {"input": self.tokens[torch.from_numpy(rows)]}


@pytest.mark.slow
def test_measured_beside_the_probe_on_a_planted_cohort(planted, tmp_path):
    """Each choice carries the coupling; where each begins and ends, and what it gives, is printed."""
    cohort = planted(sensors=("EEG", "GSR", "EMG", "TEMP"))
    for probe in ("pooled", "mean-of-folds", "cka"):
        config = BridgeConfig(
            old=str(cohort.old),
            new="test-image-cnn",
            manifest="pairs",
            new_images="skin",
            new_sensors=("GSR",),
            compare=(),
            bridge=BridgeOptions(epochs=20, lr=3e-3, rank=4, prototypes=10, probe=probe),
            evaluation=Evaluation(draws=200),
        )
        found = bridge(cohort.store, config, tmp_path / probe)
        logs = sorted((tmp_path / probe).glob("log/*/positions.json"))
        chosen = [(told["new"], told["old"]) for told in (json.loads(each.read_text()) for each in logs)]
        print(probe, chosen, found.systems.filter(system="bridge")["auroc"].item())
        assert found.report.metrics["auroc"].low > 0.6
