"""Tiny-BioMoE against its published tables, its reference's outputs, and its own plain forward."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.errors import ModelError
from biocurate.images.drawing.render import colour
from zoo import create_model
from zoo.tiny_biomoe.model import Architecture, TinyBioMoe
from zoo.tiny_biomoe.plain import plain_embed


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def lively(model):
    """Give norms, biases and gates values that a mistake would show with: many begin at 0 or 1."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        if parameter.ndim < 2 or not parameter.any():
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3 + 0.5
    for name, buffer in model.named_buffers():
        if "running" in name:
            buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    return model


@pytest.fixture(scope="module")
def model():
    return TinyBioMoe()


@pytest.fixture(scope="module")
def small():
    return lively(create_model("test-tiny-biomoe"))


def test_the_parameters_are_those_of_the_table(model):
    assert count(model) == 7_337_278
    parts = {name: count(part) for name, part in model.named_children()}
    assert parts == {
        "image_norm": 301_056,
        "spectral": 2_897_856,
        "cascaded": 4_128_478,
        "expert_norm": 192,
        "gate": 9_312,
        "norm": 384,
    }


def test_the_first_expert_is_that_of_the_table(model):
    expert = model.spectral
    assert [count(stage.embed) for stage in expert.stages] == [41_952, 74_112, 369_600, 276_768]
    assert [count(stage.block) for stage in expert.stages] == [279_360, 381_568, 1_245_760, 115_680]
    assert [count(stage.norm) for stage in expert.stages] == [128, 256, 640, 0]
    assert [count(stage.block.mix) for stage in expert.stages] == [207_872, 107_520, 410_880, 37_248]
    assert (count(expert.summary), count(expert.norm)) == (111_840, 192)


def test_the_second_expert_is_that_of_the_table(model):
    expert = model.cascaded
    assert count(expert.embed) == 219_096
    first, second, third = ([count(layer) for layer in stage] for stage in expert.stages)
    assert first == [359_267]
    assert (sum(second[:2]), second[2], sum(second[3:5]), second[5]) == (150_720, 675_072, 336_672, 796_067)
    assert (sum(third[:2]), third[2], sum(third[3:5]), third[5]) == (336_672, 1_122_528, 38_496, 93_888)


def test_the_maps_are_those_of_the_table(model):
    seen = {}
    hooks = [
        part.register_forward_hook(lambda _, __, out, name=name: seen.__setitem__(name, tuple(out.shape[1:])))
        for name, part in [
            *((f"spectral {at}", stage) for at, stage in enumerate(model.spectral.stages)),
            *((f"cascaded {at}", stage) for at, stage in enumerate(model.cascaded.stages)),
        ]
    ]
    model.eval()(torch.rand(1, 3, 224, 224))
    for hook in hooks:
        hook.remove()
    assert [seen[f"spectral {at}"] for at in range(4)] == [(56, 56, 64), (28, 28, 128), (14, 14, 320), (7, 7, 96)]
    assert [seen[f"cascaded {at}"] for at in range(3)] == [(192, 14, 14), (288, 7, 7), (96, 4, 4)]


def test_it_gives_what_the_reference_gives(published, expected):
    model = create_model("tiny-biomoe")
    assert model.load_published(published) == []
    images = expected["image"].float() / 255
    with torch.inference_mode():
        spectral, cascaded = model.eval().experts(images)
        embedding = model(images)
    torch.testing.assert_close(spectral, expected["spectformer"], atol=5e-5, rtol=5e-5)
    torch.testing.assert_close(cascaded, expected["efficientvit"], atol=5e-5, rtol=5e-5)
    torch.testing.assert_close(embedding, expected["embedding"], atol=5e-5, rtol=5e-5)


@settings(max_examples=8)
@given(batch=st.integers(1, 9), training=st.booleans(), seed=st.integers(0, 99))
def test_the_quick_forward_gives_what_the_plain_one_gives(small, batch, training, seed):
    # In float64: a batch norm over two images divides by little, and float32 alone would make a difference.
    images = torch.rand(batch + training, 3, 64, 64, generator=torch.Generator().manual_seed(seed)).double()
    model = deepcopy(small).double().train(training)
    state = deepcopy(model.state_dict())
    quick = _with_gradients(model, lambda: model(images))
    model.load_state_dict(state)
    plain = _with_gradients(model, lambda: plain_embed(model, images))
    for ours, theirs in zip(quick, plain, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-7)


def _with_gradients(model, forward):
    model.zero_grad()
    out = forward()
    (out * torch.linspace(-1, 1, out.numel()).view(out.shape)).sum().backward()
    return [out.detach(), *(parameter.grad.clone() for parameter in model.parameters())]


def test_at_full_size_too_the_quick_forward_gives_what_the_plain_one_gives(model):
    images = torch.rand(3, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(model.eval()(images), plain_embed(model, images), atol=1e-5, rtol=1e-5)


def test_an_image_is_embedded_the_same_whatever_lies_beside_it(small):
    images = torch.rand(7, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        together = small.eval()(images)
        alone = torch.cat([small(image[None]) for image in images])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_grey_levels_are_painted(small):
    grey = torch.randint(0, 256, (2, 1, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        painted = small.eval()(colour(grey[:, 0], "viridis").float() / 255)
        assert torch.equal(small(grey), painted)


def test_a_head_gives_class_scores():
    model = create_model("test-tiny-biomoe", num_classes=5)
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, 5)
    assert count(model.head) == 5 * (model.architecture.width + 1)
    assert create_model("test-tiny-biomoe")(torch.rand(2, 3, 64, 64)).shape == (2, model.architecture.width)


def test_sizes_that_cannot_be_are_refused():
    assert TinyBioMoe(architecture=Architecture(image_size=96))(torch.rand(2, 3, 96, 96)).shape == (2, 192)
    with pytest.raises(ModelError, match=r"cannot be cut into windows.*32, 64, 96, 224"):
        create_model("tiny-biomoe", size=128)
    with pytest.raises(ModelError, match="multiple of 32"):
        create_model("tiny-biomoe", size=100)
