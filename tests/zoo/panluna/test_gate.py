"""A gate over sensor types (the paper's future work): a type is leant on by what its channels hold, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from biocurate.errors import ModelError
from biocurate.sensors import SensorType
from zoo import create_model
from zoo.panluna.architecture import SENSORS, Architecture
from zoo.panluna.gate import SensorGate
from zoo.panluna.model import PanLuna, standardised

SMALL = Architecture(width=16, queries=2, heads=1, depth=2)
ECG, EEG = SENSORS.index(SensorType.ECG), SENSORS.index(SensorType.EEG)


def made(gate, classes=3):
    torch.manual_seed(0)
    return PanLuna(classes, replace(SMALL, gate=gate)).eval()


def taught(classes=3):
    """A network whose gate tells types apart."""
    model = made(gate=True, classes=classes)
    torch.nn.init.normal_(model.gate.score.weight, std=1.0, generator=torch.Generator().manual_seed(1))
    return model


@pytest.fixture
def given():
    generator = torch.Generator().manual_seed(2)
    x = standardised(torch.randn(2, 5, 3 * 32, generator=generator).cumsum(dim=2))
    where = torch.randn(2, 5, 3, generator=generator) * 0.1
    return x, {"locations": where, "sensor": torch.tensor([[ECG, ECG, EEG, EEG, EEG]] * 2)}


def test_a_new_gate_changes_nothing(given):
    x, where = given
    plain, gated = made(gate=False), made(gate=True)
    gated.load_state_dict({**gated.state_dict(), **plain.state_dict()})
    torch.testing.assert_close(gated(x, **where), plain(x, **where))


def test_a_type_that_scores_higher_by_d_is_heard_exp_d_times_as_much(given):
    x, where = given
    model = taught(classes=0)
    hidden = torch.zeros_like(x, dtype=torch.bool)
    _, with_gate = model(x, **where, mask=hidden)
    place = model.place(where["locations"], where["sensor"])
    lean = []
    model.gate.register_forward_hook(lambda module, inputs, found: lean.append(found))
    model.encode(x, place, where["sensor"])
    model.gate.begin()
    _, without = model(x, **where, mask=hidden)
    scores = lean[0].flatten(0, 1)
    apart = scores[:, 0] - scores[:, 2]
    assert apart.abs().min() > 1e-3
    odds = [weights[..., 0] / weights[..., 2] for weights in (with_gate, without)]
    torch.testing.assert_close(odds[0] / odds[1], apart.exp()[:, None].expand(-1, 2), rtol=1e-4, atol=1e-5)


def test_scores_are_of_the_mean_of_the_channels_of_a_type_that_are_there():
    torch.manual_seed(3)
    gate = SensorGate(4)
    torch.nn.init.normal_(gate.score.weight)
    tokens = torch.randn(1, 2, 4, 4)
    sensor = torch.tensor([[ECG, EEG, EEG, EEG]])
    present = torch.tensor([[True, True, True, False]])
    found = gate(tokens, sensor, present)
    for patch in range(2):
        of_ecg = gate.score(gate.norm(tokens[0, patch, 0]))
        of_eeg = gate.score(gate.norm(tokens[0, patch, 1:3].mean(dim=0)))
        torch.testing.assert_close(found[0, patch, :3], torch.cat([of_ecg, of_eeg, of_eeg]))


def test_order_filling_and_batch_still_change_nothing(given):
    x, where = given
    model, order = taught(), torch.tensor([4, 0, 3, 1, 2])
    scores = model(x, **where)
    turned = {name: each[:, order] for name, each in where.items()}
    torch.testing.assert_close(model(x[:, order], **turned), scores, atol=1e-5, rtol=1e-5)
    filled = {name: torch.cat([each, each[:, :2]], dim=1) for name, each in where.items()}
    present = torch.tensor([[True] * 5 + [False] * 2] * 2)
    wide = torch.cat([x, torch.randn(2, 2, x.shape[2])], dim=1)
    torch.testing.assert_close(model(wide, **filled, present=present), scores, atol=1e-5, rtol=1e-5)
    alone = {name: each[:1] for name, each in where.items()}
    torch.testing.assert_close(model(x[:1], **alone), scores[:1], atol=1e-5, rtol=1e-5)


def test_it_is_an_option_that_learns():
    model = create_model("test-panluna", num_classes=2, gate=True)
    x = standardised(torch.randn(4, 3, 64))
    scores = model(x, locations=torch.zeros(4, 3, 3), sensor=torch.tensor([[ECG, EEG, EEG]] * 4))
    scores.square().sum().backward()
    assert model.gate.score.weight.grad.abs().sum() > 0


def test_a_network_that_tells_no_types_apart_has_no_gate():
    with pytest.raises(ModelError, match="tells no sensor types apart"):
        create_model("luna-base", gate=True)


def test_the_spectrum_is_an_option():
    ours, plain = (create_model("test-panluna", spectrum=kind) for kind in ("log", "plain"))
    assert ours.architecture == create_model("test-panluna").architecture
    assert plain.architecture.spectrum == "plain"
