"""The eight defects of the reference, each of which ours must not have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import zoo.tiny_biomoe
from biocurate.errors import ModelError
from zoo import create_model
from zoo.tiny_biomoe.model import TinyBioMoe


def test_1_attention_biases_count_when_weights_are_loaded_in_evaluation_mode(published, expected):
    model = TinyBioMoe().eval()
    model(torch.rand(1, 3, 224, 224))  # the reference caches them here, as zeros
    model.load_published(published)
    with torch.inference_mode():
        found = model(expected["image"])
    torch.testing.assert_close(found, expected["embedding"], atol=5e-5, rtol=5e-5)


def test_2_a_model_is_made_by_its_name():
    assert isinstance(create_model("tiny-biomoe"), TinyBioMoe)


def test_3_no_package_is_needed_that_is_not_declared():
    code = "import sys, zoo.tiny_biomoe.model; sys.exit(bool({'timm', 'pytorch_wavelets'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_4_every_parameter_gets_a_gradient():
    torch.manual_seed(0)
    model = create_model("tiny-biomoe", num_classes=3)
    torch.nn.functional.cross_entropy(model(torch.rand(2, 3, 224, 224)), torch.tensor([0, 2])).backward()
    lacking = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert lacking == []
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_5_the_sources_are_plain_text_that_compiles():
    for path in Path(zoo.tiny_biomoe.__file__).parent.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert source.isascii(), path.name
        compile(source, path.name, "exec")


def test_6_nothing_uses_names_that_numpy_has_dropped():
    # The reference's `rand_bbox`, for a training by token labels that nobody uses, has no counterpart here.
    for path in Path(zoo.tiny_biomoe.__file__).parent.glob("*.py"):
        assert "np." not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize("size", [64, 96])
def test_7_other_sizes_can_be_made_and_a_wrong_one_is_named(size):
    model = create_model("tiny-biomoe", size=size)
    assert model(torch.rand(2, 3, size, size)).shape == (2, 192)
    with pytest.raises(ModelError, match=rf"\(2, 3, 32, 32\) do not fit.*\(batch, 3, {size}, {size}\)"):
        model(torch.rand(2, 3, 32, 32))


def test_8_a_checkpoint_holds_the_weights_and_nothing_else(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file(create_model("tiny-biomoe").state_dict(), path)
    weights = 4 * 7_337_278
    assert weights < path.stat().st_size < 1.02 * weights
