"""Section 3.3 of the paper: where a bridge begins and leads to, told by the old model's answers alone."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import torch
from torch import nn

from zoo.biox_bridge.passes import look
from zoo.biox_bridge.plot import plot_positions
from zoo.biox_bridge.positions import Positions, choose, inference_times, nearly_constant, probe
from zoo.models.staged import StagedModule

WINDOWS, PERSONS = 240, 12
PERSON = np.repeat(np.arange(PERSONS), WINDOWS // PERSONS)


def generator(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def planted():
    """Features of blocks: the third new one holds the answer, and the second old one is that turned and noised."""
    knows = torch.randn(WINDOWS, 6, generator=generator(0))
    answers = (knows[:, 0] > 0).long().numpy()
    new = [torch.randn(WINDOWS, 6, generator=generator(1 + at)) for at in range(5)]
    new[2] = knows
    old = [torch.randn(WINDOWS, 9, generator=generator(10 + at)) for at in range(4)]
    old[1] = knows @ torch.randn(6, 9, generator=generator(20)) + 0.3 * old[1]
    return new, old, answers


def test_the_planted_blocks_are_found(planted):
    found = choose(*planted, PERSON)
    assert (found.new, found.old) == (3, 1)
    assert len(found.probes) == 5
    assert np.shape(found.alike) == (5, 4)
    assert found.probes[2] > 0.9
    assert max(found.probes[:2] + found.probes[3:]) < 0.7


def test_answers_of_one_class_give_no_probe_and_say_so(planted):
    new, old, _ = planted
    found = choose(new, old, np.zeros(WINDOWS, dtype=np.intp), PERSON)
    assert found.new == len(new)
    assert all(map(math.isnan, found.probes))
    assert "no probe" in found.notes[0]


def test_a_probe_cannot_answer_by_recognising_persons():
    """Features that tell the person alone, and answers that are one a person: nothing is left on other persons."""
    rng = np.random.default_rng(0)
    of_person = rng.standard_normal((40, 5))
    person = np.repeat(np.arange(40), 6)
    answers = np.repeat(np.arange(40) % 2, 6)
    assert probe(of_person[person] + 0.01 * rng.standard_normal((240, 5)), answers, person) < 0.65


def test_pooled_is_one_figure_over_all_held_out_windows(planted):
    """Where folds have both answers in like shares, both ways of judging are close."""
    new, _, answers = planted
    a, b = (probe(new[2].numpy(), answers, PERSON, judged=judged) for judged in ("pooled", "mean-of-folds"))
    assert a == pytest.approx(b, abs=0.03)


@pytest.mark.parametrize(("other", "told"), [([3], True), ([3, 5], False), (range(6), False)])
def test_answers_that_are_nearly_constant_are_told(planted, other, told):
    new, old, _ = planted
    answers = np.isin(PERSON, list(other)).astype(np.intp)
    assert nearly_constant(answers, PERSON) is told
    assert bool(choose(new[:1], old, answers, PERSON).notes) is told


def test_the_scores_are_drawn(planted, tmp_path):
    plot_positions(choose(*planted, PERSON), tmp_path / "positions.png")
    assert (tmp_path / "positions.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    unknown = Positions(1, 0, [math.nan], [[math.nan]])
    plot_positions(unknown, tmp_path / "unknown.png")


class Deep(nn.Module):
    def __init__(self, depth, width=32):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 2, 2 * width, batch_first=True) for _ in range(depth)
        )

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x.mean(dim=1)


def deep(depth):
    torch.manual_seed(depth)
    network = Deep(depth).eval()
    return StagedModule(network, list(network.layers), lambda x: x.mean(dim=1)[:, :2])


class Held:
    """Samples in memory."""

    notes = ()

    def __init__(self, windows, tokens=12, width=32):
        self.x = torch.randn(windows, tokens, width, generator=generator(0))
        self.has = np.ones(windows, dtype=bool)

    def inputs(self, rows):
        return {"x": self.x[torch.from_numpy(rows)]}


def test_inference_is_timed_by_position():
    chain, source = deep(4), Held(16)
    found = inference_times(chain, source.inputs(np.arange(16)), chain, source.inputs(np.arange(16)))
    assert len(found.front) == len(found.tail) == 4
    assert found.front == sorted(found.front)
    assert found.tail == sorted(found.tail, reverse=True)


def test_one_pass_keeps_what_each_block_s_own_pass_would():
    chain, source = deep(3), Held(100)
    rows = np.arange(100)
    seen = look(chain, source, rows, keep=(2,))
    for at in range(4):
        alone = chain.pooled(at, chain.run_to(source.inputs(rows), at))
        torch.testing.assert_close(seen.pooled[at], alone, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(seen.kept[2], chain.run_to(source.inputs(rows), 2)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_one_pass_over_twelve_blocks_takes_a_fifth_of_one_pass_for_each():
    """The published selector runs both models whole for each block; the probes are the same work in both ways."""
    new, old, source = deep(12), deep(12), Held(256, tokens=64)
    rows = np.arange(256)

    def one_pass():
        look(new, source, rows)
        look(old, source, rows)

    def a_pass_for_each():
        for _ in range(12):
            one_pass()

    def seconds(work):
        started = time.process_time()
        work()
        return time.process_time() - started

    one_pass()
    assert seconds(a_pass_for_each) / seconds(one_pass) > 5
