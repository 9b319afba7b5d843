"""One contract over every registered model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from zoo import create_model, list_models
from zoo.models.registry import model_config
from zoo.runs.card import as_markdown, model_card, parameters_of
from zoo.runs.checkpoint import load, save
from zoo.testing import CHECKS
from zoo.testing.inputs import example

NETWORKS = [name for name in list_models() if model_config(name).spec.input != "features"]
TRACED = ("test-embeddings-head", "test-image-cnn")
"""Networks that are traced in every run of the tests; PanLUNA is in tests/zoo/deploying."""
SOLVED = [name for name in list_models() if model_config(name).spec.input == "features"]
TASKS = {name: model_config(name).task for name in SOLVED}


QUICK = [clause for clause in CHECKS if clause != "export"]


@pytest.mark.parametrize("clause", QUICK)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_keeps_every_clause(name, clause):
    CHECKS[clause](name)


@pytest.mark.parametrize(
    "name", [name if name in TRACED else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS]
)
def test_every_network_can_be_exported(name):
    """Tracing takes as long for a small network as for a large one of as many layers."""
    pytest.importorskip("onnxruntime")
    CHECKS["export"](name)


@pytest.mark.parametrize("name", list_models())
def test_every_model_has_a_card_that_says_what_it_takes(name):
    config = model_config(name)
    card = model_card(name)
    text = as_markdown(card)
    assert config.description in text
    assert config.licence
    assert any(line.startswith("input:") for line in card["takes"])
    assert (card["parameters"] is None) == (config.spec.input == "features")


@pytest.mark.parametrize("family", sorted({model_config(name).family for name in NETWORKS}))
def test_every_family_of_networks_has_a_small_one_for_tests(family):
    small = [name for name in list_models(family) if name.startswith("test-")]
    assert small
    for name in small:
        assert (parameters_of(model_config(name)) or 0) < 500_000


@pytest.mark.parametrize("name", SOLVED)
def test_every_solved_model_keeps_the_same_promises(name, tmp_path):
    rng = np.random.default_rng(0)
    values, codes = rng.standard_normal((90, 6)), np.arange(90) % 3
    values[rng.random(values.shape) < 0.2] = np.nan
    numeric = TASKS[name] == "regression"
    asked = (codes.astype(np.float64),) if numeric else (codes, 3)
    one, other = (create_model(name).fit(values, *asked) for _ in range(2))
    found = one.predict(values)
    assert found.shape == (90, 2 if numeric else 3)
    np.testing.assert_allclose(found[:, 1] if numeric else found.sum(axis=1), 1)
    np.testing.assert_array_equal(found, other.predict(values))
    np.testing.assert_array_equal(found[5:6], one.predict(values[5:6]))
    assert np.isfinite(one.predict(np.full((2, 6), np.nan))).all()
    save(tmp_path / "m.safetensors", one.tensors(), {"model": name})
    again = type(one)(one.options, **load(tmp_path / "m.safetensors").tensors)
    np.testing.assert_array_equal(again.predict(values), found)


class _Faulty(nn.Module):
    """A network that breaks one clause after another."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault
        self.head, self.unused = nn.Linear(4, 3), nn.Linear(1, 1)

    def forward(self, images):
        x = images.float().mean(dim=(1, 2, 3))[:, None].repeat(1, 4) / 255
        x = x - x.mean(dim=0) if self.fault == "determinism" else x
        x = x / x.std(dim=1, keepdim=True) if self.fault == "missing_input" else x
        score = self.head(x)
        score = score.unsqueeze(0) if self.fault == "shapes" else score
        return score if self.fault == "gradients" else score + 0 * self.unused.weight.sum() + 0 * self.unused.bias.sum()


@pytest.mark.parametrize("fault", ["shapes", "gradients", "determinism", "missing_input"])
def test_a_fault_is_found(fault, monkeypatch):
    monkeypatch.setattr("zoo.testing.contract.create_model", lambda name, num_classes=2: _Faulty(fault))
    with pytest.raises(AssertionError):
        CHECKS[fault]("test-image-cnn")


def test_an_example_is_the_same_for_a_seed():
    one, same = (example("test-image-cnn", 2, seed=4)["images"] for _ in range(2))
    assert torch.equal(one, same)
    assert not torch.equal(one, example("test-image-cnn", 2, seed=5)["images"])
