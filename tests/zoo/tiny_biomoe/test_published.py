"""Reading the published weights: every name finds its place, and nothing is left unsaid."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from biocurate.errors import ModelError
from zoo.models.published import read_published
from zoo.tiny_biomoe.model import TinyBioMoe
from zoo.tiny_biomoe.published import MARK, load_published


@pytest.fixture(scope="module")
def model():
    return TinyBioMoe()


def test_all_published_names_are_used(model, published):
    assert len(published) == 510
    assert load_published(model, published) == []
    used = sum(tensor.numel() for name, tensor in published.items() if not name.endswith(("idxs", "tracked")))
    held = sum(tensor.numel() for name, tensor in model.state_dict().items() if not name.endswith("tracked"))
    assert used == held


def test_names_without_a_place_are_told(model, published):
    extra = {"head.weight": torch.zeros(2, 192), "enc1.block3.0.attn.bias": torch.zeros(1)}
    assert load_published(model, {**published, **extra}) == list(extra)


@pytest.mark.parametrize("name", ["enc2.blocks1.0.dw0.m.c.weight", "enc1.block3.0.attn.q.bias", "fcn.1.weight"])
def test_a_missing_weight_is_an_error_that_names_it(model, published, name):
    rest = {key: tensor for key, tensor in published.items() if key != name}
    with pytest.raises(ModelError, match="1 of 503 weights are missing"):
        load_published(model, rest)


def test_weights_of_another_shape_are_refused(model, published):
    with pytest.raises(ModelError, match=r"gate\.weight is \(96, 95\), not \(96, 96\)"):
        load_published(model, {**published, "fcn.1.weight": torch.zeros(96, 95)})


def test_biases_in_another_order_are_refused(model, published):
    name = "enc2.blocks3.3.mixer.m.attn.attention_bias_idxs"
    with pytest.raises(ModelError, match="orders the biases in a way of its own"):
        load_published(model, {**published, name: published[name].flip(0)})


def test_a_failed_load_changes_nothing(model, published):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ModelError):
        load_published(model, {**published, "fcn.1.weight": torch.ones(1, 1)})
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("nested", [False, True])
def test_files_are_read_whole_or_as_one_key_of_several(tmp_path, published, nested):
    path = tmp_path / "Tiny-BioMoE.pth"
    torch.save({"model_state_dict": published, "optimizer": {"lr": 1e-3}, "epoch": 3} if nested else published, path)
    state, rest = read_published(path, MARK)
    assert list(state) == list(published)
    assert rest == (["epoch", "optimizer"] if nested else [])


def test_safetensors_and_parallel_names_are_read(tmp_path, published):
    path = tmp_path / "weights.safetensors"
    save_file({f"module.{name}": tensor.contiguous() for name, tensor in published.items()}, path)
    assert set(read_published(path, MARK)[0]) == set(published)


class Trap:
    """A pickle that would run code when it is opened."""

    def __reduce__(self):
        return print, ("code of the file was run",)


@pytest.mark.parametrize("content", ["code", "text", "list", "other"])
def test_other_files_are_refused_and_run_no_code(tmp_path, capsys, content):
    path = tmp_path / "weights.pth"
    if content == "text":
        path.write_text("<html>not found</html>", encoding="utf-8")
    else:
        torch.save({"code": Trap(), "list": [1], "other": {"a": torch.ones(1)}}[content], path)
    with pytest.raises(ModelError, match="weights"):
        read_published(path, MARK)
    assert "code of the file" not in capsys.readouterr().out
