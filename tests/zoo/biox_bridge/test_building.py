"""Section 3.5 of the paper: both models stay as they are, and what the bridge learns is alignment alone."""

from __future__ import annotations

import inspect
from functools import partial

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from biocurate.errors import ModelError, UsageError
from zoo.biox_bridge.bridged import Bridged
from zoo.biox_bridge.building import Pairs, build
from zoo.biox_bridge.config import BridgeOptions, bridge_settings, parse_positions, parse_sweep
from zoo.biox_bridge.encoders import digest, frozen
from zoo.biox_bridge.fitting import Budget, fit
from zoo.biox_bridge.losses import distilled, infonce, loss_named, moments
from zoo.biox_bridge.passes import drawn_tokens, look, tokens_at
from zoo.models.registry import model_config
from zoo.models.staged import StagedModule

WINDOWS, VAL = 192, 48
CLASSES = 3


def generator(seed):
    return torch.Generator().manual_seed(seed)


class Old(nn.Module):
    """Tokens of a signal, three blocks, and a head on their mean."""

    def __init__(self):
        super().__init__()
        self.into = nn.Linear(4, 8)
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True) for _ in range(3))
        self.out = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.into(x)
        for layer in self.layers:
            x = layer(x)
        return self.out(x.mean(dim=1))


class Held:
    def __init__(self, x):
        self.x = x

    def inputs(self, rows):
        return {"x": self.x[torch.from_numpy(rows)]}


@pytest.fixture(scope="module")
def sides():
    """Two models, and windows whose class both see: tokens point to it in one, and are turned in the other."""
    torch.manual_seed(0)
    label = torch.arange(WINDOWS) % CLASSES
    centres = torch.randn(CLASSES, 4, generator=generator(1))
    noise = [torch.randn(WINDOWS, 6, 4, generator=generator(2 + at)) for at in range(2)]
    x_old = centres[label][:, None] + 0.3 * noise[0]
    x_new = centres[label][:, None] @ torch.randn(4, 4, generator=generator(5)) + 0.3 * noise[1]
    old, new = Old(), Old()
    head = torch.optim.Adam(old.parameters(), lr=1e-2)
    old.train()
    for _ in range(40):
        head.zero_grad()
        nn.functional.cross_entropy(old(x_old), label).backward()
        head.step()
    chains = [
        StagedModule(frozen(one), list(one.layers), lambda x, one=one: one.out(x.mean(dim=1))) for one in (new, old)
    ]
    return *chains, Held(x_new), Held(x_old), label


def built(sides, at=None, **options):
    front, tail, new_source, old_source, _ = sides
    rows = np.arange(WINDOWS)
    pairs = Pairs(look(front, new_source, rows), look(tail, old_source, rows, keep=(tail.depth,)), rows // 16)
    parts = rows[VAL:], rows[:VAL]
    given = {"rank": 4, "prototypes": 6, "epochs": 30, "lr": 1e-2} | options
    return build(
        front,
        tail,
        *(pairs.of(part) for part in parts),
        BridgeOptions(**given),
        lambda at, form, count: drawn_tokens(tail, old_source, parts[0], at, form, count, 0),
        lambda at, form: tuple(tokens_at(tail, old_source, part, at, form) for part in parts),
        seed=0,
        at=at,
    )


def right(made, sides):
    source, label = sides[2], sides[4]
    return float((made.bridged.predict(source, np.arange(VAL)).argmax(dim=1) == label[:VAL]).double().mean())


@pytest.mark.parametrize("loss", ["cosine", "mse", "l1", "infonce"])
@pytest.mark.parametrize("aligned", ["last", "bridge"])
def test_a_bridge_of_every_loss_carries_over_what_the_old_model_knows(sides, loss, aligned):
    made = built(sides, loss=loss, aligned=aligned, at=(3, 1))
    assert right(made, sides) > 0.7
    assert made.fit.curve[0][0] > made.fit.curve[-1][0]


@pytest.mark.parametrize("options", [{"kind": "full"}, {"prototypes_from": "randn"}, {}])
def test_positions_are_chosen_for_every_bridge(sides, options):
    made = built(sides, **options)
    assert 1 <= made.positions.new <= 3
    assert 0 <= made.positions.old < 3
    assert right(made, sides) > 0.7


def test_both_models_are_bit_for_bit_as_they_were_and_have_no_gradient(sides):
    networks = [chain.network for chain in sides[:2]]
    before = [digest(network) for network in networks]
    built(sides)
    assert [digest(network) for network in networks] == before
    assert all(each.grad is None for network in networks for each in network.parameters())


@pytest.mark.parametrize("at", range(4))
def test_with_the_true_tokens_in_the_bridge_s_place_the_answers_are_the_old_model_s(sides, at):
    front, tail, _, source, _ = sides
    seen = look(tail, source, np.arange(8), keep=(at,))
    made = Bridged(front, tail, nn.Identity(), 1, at, seen.forms[at], seen.forms[tail.depth])
    torch.testing.assert_close(made.answers(seen.kept[at]), seen.logits, rtol=1e-5, atol=1e-5)


def test_a_fresh_bridge_answers_the_same_for_every_window(sides):
    made = built(sides, epochs=1, lr=1e-12)
    found = made.bridged.predict(sides[2], np.arange(VAL))
    torch.testing.assert_close(found, found[:1].expand_as(found), rtol=0, atol=1e-5)


def test_inference_takes_the_new_sensor_alone():
    assert list(inspect.signature(Bridged.logits).parameters) == ["self", "inputs"]
    assert list(inspect.signature(Bridged.predict).parameters) == ["self", "source", "rows"]


def test_nothing_that_builds_a_bridge_takes_a_label():
    taken = {name for work in (build, look) for name in inspect.signature(work).parameters}
    assert not {name for name in taken if "label" in name or "code" in name}


def test_the_same_seed_gives_the_same_bridge(sides):
    a, b = (built(sides, epochs=3).bridged.bridge.state_dict() for _ in range(2))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_positions_that_are_not_there_are_refused(sides):
    with pytest.raises(ModelError, match="blocks 1 to 3"):
        built(sides, at=(0, 0))
    with pytest.raises(ModelError, match="entered at 0 to 3"):
        built(sides, at=(1, 4))


def test_prototypes_are_tokens_of_the_old_model(sides):
    _, tail, _, source, _ = sides
    rows = np.arange(20)
    form = look(tail, source, rows).forms[1]
    drawn = drawn_tokens(tail, source, rows, 1, form, 9, seed=0)
    there = tokens_at(tail, source, rows, 1, form).flatten(0, 1)
    assert all((there - token).abs().sum(dim=1).min() < 1e-5 for token in drawn)
    assert len(drawn_tokens(tail, source, rows[:1], 1, form, 50, seed=0)) == 50


def test_the_epoch_that_is_kept_has_the_lowest_validation_loss():
    torch.manual_seed(0)
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 2.0)
    x = torch.ones(8, 1)
    losses = [partial(lambda goal, at: (module(x[at]) - goal).square().mean(), goal) for goal in (-5.0, 0.0)]
    took = fit(module, losses[0], 8, losses[1], 8, Budget(40, 8, 0.1), seed=0)
    found = [val for _, val in took.curve]
    assert took.best_epoch == int(np.argmin(found)) < 39
    assert losses[1](torch.arange(8)).item() == pytest.approx(min(found))
    assert took.parameters == 1


def test_moments_are_of_a_batch_and_not_of_its_windows(sides):
    guess, target = (torch.randn(9, 4, 3, generator=generator(at)) for at in range(2))
    order = torch.randperm(9, generator=generator(2))
    torch.testing.assert_close(moments(guess, target[order]), moments(guess, target))
    assert moments(guess, guess[order]) == pytest.approx(0.0, abs=1e-10)
    assert moments(guess, guess + 1.0) == pytest.approx(1.0)
    assert moments(guess, 2 * guess - guess.mean(dim=(0, 1))) > 0.01  # the same mean, four times the covariance
    curve = built(sides, loss="moments", at=(3, 1), epochs=15).fit.curve
    assert curve[-1][1] < curve[0][1]
    with pytest.raises(ModelError, match="moments has none"):
        built(sides, loss="moments")


def test_infonce_is_the_log_of_the_batch_where_nothing_tells_windows_apart():
    same = torch.ones(7, 3, 4)
    assert infonce(same, same, 0.1) == pytest.approx(np.log(7), rel=1e-5)
    own = torch.eye(7)[:, None].expand(7, 3, 7)
    assert infonce(own, own, 0.05) < 1e-6
    assert loss_named("infonce", 0.05)(own, own) < 1e-6


def test_distilled_is_nothing_for_the_same_answers_and_scaled_by_the_temperature():
    """Hinton et al., section 2: T squared keeps the size of gradients."""
    logits = torch.randn(5, 3, generator=generator(0))
    assert distilled(logits, logits + 2.0, 2.0) == pytest.approx(0.0, abs=1e-6)
    other = torch.randn(5, 3, generator=generator(1))
    soft = (logits / 2).softmax(dim=1)
    divergence = (soft * (soft.log() - (other / 2).log_softmax(dim=1))).sum(dim=1).mean()
    assert distilled(other, logits, 2.0) == pytest.approx(4 * float(divergence), rel=1e-5)


def test_options_are_sorted_and_unknown_ones_refused():
    found = bridge_settings(model_config("test-image-cnn"), ["rank=4", "lr=1e-3", "width=8", "draws=50"])
    assert found == {"bridge": {"rank": 4, "lr": 1e-3}, "options": {"width": 8}, "evaluation": {"draws": 50}}
    with pytest.raises(ModelError, match="no option 'ranks'"):
        bridge_settings(None, ["ranks=4"])
    with pytest.raises(UsageError, match="sets nothing"):
        bridge_settings(None, ["rank"])
    with pytest.raises(ValidationError):
        BridgeOptions(rank=0)


def test_a_sweep_is_an_option_and_its_values():
    assert parse_sweep(["rank=2,8", "lr=1e-3"]) == {"rank": (2, 8), "lr": (1e-3,)}
    for wrong in (["rank"], ["loss=mse"], ["rank=2", "rank=3"], ["rank=2,2"]):
        with pytest.raises(UsageError, match="sweep"):
            parse_sweep(wrong)
    with pytest.raises(ModelError):
        parse_sweep(["rank=0"])


def test_positions_are_two_numbers_or_auto():
    assert parse_positions("auto") is None
    assert parse_positions("2,1") == (2, 1)
    with pytest.raises(UsageError, match="NEW,OLD"):
        parse_positions("2")
