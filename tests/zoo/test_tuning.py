"""What of a network is trained, and how fast: head, low rank, layer by layer; channels left out in training."""

from __future__ import annotations

import copy
from importlib.util import find_spec

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from biocurate.errors import ModelError
from zoo.data.thinning import thinned
from zoo.models.registry import create_model, model_config
from zoo.training.adapting import adapt, merge, trained
from zoo.training.decay import groups, layered
from zoo.training.fed import Fed

TUNING = model_config("panluna").tuning
needs_peft = pytest.mark.skipif(
    find_spec("peft") is None, reason="peft is not installed: pip install 'biocurate[lora]'"
)


def made(name="test-panluna", classes=2):
    torch.manual_seed(0)
    return create_model(name, num_classes=classes).eval()


def batch(model, windows=3, channels=4, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return {
        "x": torch.randn(windows, channels, 8 * model.architecture.patch, generator=generator),
        "locations": torch.randn(windows, channels, 3, generator=generator) * 0.1,
        "sensor": torch.randint(2, (windows, channels), generator=generator),
        "present": torch.ones(windows, channels, dtype=torch.bool),
    }


@needs_peft
def test_panluna_4_1_low_rank_trains_180_224_numbers_and_the_head():
    """PanLUNA, model page: rank 16 on qkv, proj, and attention in the unifier: 180,224 numbers."""
    model = made("panluna-reference", 5)
    whole = sum(each.numel() for each in model.parameters())
    head = sum(each.numel() for each in model.head.parameters())
    adapt(model, TUNING, "lora")
    assert trained(model) - head == 180_224
    assert sum(each.numel() for each in model.parameters()) == whole + 180_224


@needs_peft
def test_low_rank_changes_nothing_at_first_every_change_is_learnt_and_merging_keeps_what_was_learnt():
    plain, model = made(), made()
    inputs = batch(model)
    adapt(model, TUNING, "lora")
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(model(**inputs), plain(**inputs))
    before = {name: each.clone() for name, each in model.named_parameters() if not each.requires_grad}
    changes = {name: each for name, each in model.named_parameters() if each.requires_grad and "head." not in name}
    # Both of a pair: the first is learnt only once the second is no longer 0.
    optimiser = torch.optim.SGD(list(changes.values()), lr=0.1)
    for _ in range(2):
        optimiser.zero_grad()
        model(**inputs).square().sum().backward()
        optimiser.step()
    assert [name for name, each in changes.items() if each.grad is None or not each.grad.abs().sum()] == []
    assert all(torch.equal(each, before[name]) for name, each in model.named_parameters() if name in before)
    with torch.no_grad():
        learnt = model(**inputs)
        merge(model)
        assert set(model.state_dict()) == set(plain.state_dict())
        torch.testing.assert_close(model(**inputs), learnt)
    assert not torch.allclose(learnt, plain(**inputs))


@needs_peft
def test_a_matrix_that_is_not_called_is_changed_as_peft_changes_a_layer_that_is():
    from peft import LoraConfig, inject_adapter_in_model

    from zoo.training.adapting import ALPHA, RANK, LowRank

    torch.manual_seed(3)
    plain = torch.nn.Linear(8, 6)
    theirs = torch.nn.Sequential(copy.deepcopy(plain))
    inject_adapter_in_model(LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=["0"]), theirs)
    ours = LowRank(plain.weight, RANK, ALPHA / RANK)
    up, down = torch.randn(6, RANK), torch.randn(RANK, 8)
    with torch.no_grad():
        theirs[0].lora_A["default"].weight.copy_(down)
        theirs[0].lora_B["default"].weight.copy_(up)
        ours.down.copy_(down)
        ours.up.copy_(up)
    x = torch.randn(5, 8)
    torch.testing.assert_close(torch.nn.functional.linear(x, ours(plain.weight), plain.bias), theirs(x))


def test_frozen_trains_the_head_alone():
    model = made()
    adapt(model, TUNING, "frozen")
    assert {name.split(".")[0] for name, each in model.named_parameters() if each.requires_grad} == {"head"}


@pytest.mark.parametrize("decay", [0.75, 0.5])
def test_layer_by_layer_each_block_learns_at_its_own_rate(decay):
    """PanLUNA's scripts ask for 0.75 a layer, by a name that no parameter has (defect D10)."""
    model = made("panluna")
    fed = Fed(model, TUNING, TUNING.blocks([name for name, _ in model.named_parameters()], "panluna"))
    rate = {id(each): group["lr"] for group in layered(fed, 0.05, 1e-3, decay) for each in group["params"]}
    own = {name: rate[id(each)] for name, each in model.named_parameters()}
    for name, found in own.items():
        part = name.split(".")
        level = 7 if part[0] in ("head", "norm") else int(part[1]) + 1 if part[0] == "blocks" else 0
        assert found == pytest.approx(1e-3 * decay ** (7 - level)), name
    assert len(set(own.values())) == 8
    assert own["unifier.blocks.0.norm.weight"] == own["time.convs.0.weight"] == min(own.values())


def test_layers_do_not_change_what_is_decayed_and_every_parameter_is_there_once():
    model = made()
    fed = Fed(model, TUNING, 2)
    plain = {id(each): group["weight_decay"] for group in groups(fed, 0.05) for each in group["params"]}
    found = [(id(each), group["weight_decay"]) for group in layered(fed, 0.05, 1e-3, 0.5) for each in group["params"]]
    assert dict(found) == plain
    assert len(found) == len(plain)
    assert layered(fed, 0.05, 1e-3, 1.0) == groups(fed, 0.05)
    with pytest.raises(ModelError, match="no layers"):
        layered(model, 0.05, 1e-3, 0.5)


def test_a_head_that_is_not_there_is_refused():
    with pytest.raises(ModelError, match="no head"):
        TUNING.blocks([name for name, _ in made(classes=0).named_parameters()], "panluna")


@given(st.integers(0, 10**6), st.floats(0, 0.95), st.floats(0, 0.95))
def test_thinning_only_takes_away_and_never_the_last_channel(seed, sensors, channels):
    generator = torch.Generator().manual_seed(seed)
    present = torch.rand(16, 6, generator=generator) < 0.7
    sensor = torch.randint(3, (16, 6), generator=generator)
    kept = thinned(present, sensor, sensors, channels, torch.Generator().manual_seed(seed))
    assert not (kept & ~present).any()
    assert torch.equal(kept.any(dim=1), present.any(dim=1))
    assert torch.equal(kept, thinned(present, sensor, sensors, channels, torch.Generator().manual_seed(seed)))


def test_thinning_leaves_out_whole_sensor_types_and_channels_as_often_as_asked():
    torch.manual_seed(0)
    present, sensor = torch.ones(20_000, 6, dtype=torch.bool), torch.tensor([[0, 0, 0, 1, 1, 1]]).expand(20_000, -1)
    kept = thinned(present, sensor, sensors=0.3)
    one, other = kept[:, :3], kept[:, 3:]
    assert torch.equal(one.all(dim=1), one.any(dim=1))
    assert torch.equal(other.all(dim=1), other.any(dim=1))
    # Where both were drawn, both stay: 0.7 + 0.3 * 0.3.
    assert one[:, 0].float().mean().item() == pytest.approx(0.79, abs=0.01)
    single = thinned(present, sensor, channels=0.3)
    assert single.float().mean().item() == pytest.approx(0.7, abs=0.01)


def test_channels_are_left_out_in_training_alone_and_a_window_without_any_scores_nothing():
    model = made()
    inputs = batch(model)
    fed = Fed(model, drop_sensors=0.5, drop_channels=0.5).eval()
    with torch.no_grad():
        torch.testing.assert_close(fed(inputs), model(**inputs))
        fed.train()
        torch.manual_seed(5)
        first = fed(inputs)
        torch.manual_seed(5)
        assert torch.equal(fed(inputs), first)
    inputs["present"][1] = False
    fed(inputs)[1].sum().backward()
    assert all(each.grad is None or not each.grad.any() for each in model.parameters())
    assert torch.equal(fed.eval()(inputs)[1], torch.zeros(2))
    assert fed(inputs).isfinite().all()
