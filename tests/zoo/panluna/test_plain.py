"""The quick PanLUNA against its layers one after the other, which carry the published names."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.models.published import our_name
from zoo.panluna.architecture import LUNA_BASE, REFERENCE
from zoo.panluna.attention import CrossAttention, CrossBlock
from zoo.panluna.dropping import some
from zoo.panluna.model import PanLuna, standardised
from zoo.panluna.objective import reconstruction_loss
from zoo.panluna.plain import PlainPanLuna, plain_loss, plain_of
from zoo.panluna.published import NAMES

SMALL = replace(REFERENCE, width=16, queries=2, depth=2, names=8)
CLOSE = {"atol": 1e-5, "rtol": 1e-5}


def batch(channels, patches, size=3, seed=0, share=0.5):
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.rand(size, channels, patches, generator=generator) < share
    return {
        "x": standardised(torch.randn(size, channels, patches * 32, generator=generator).cumsum(dim=2)),
        "locations": torch.randn(size, channels, 3, generator=generator) * 0.1,
        "sensor": torch.randint(0, 3, (size, channels), generator=generator),
        "names": torch.randint(0, 8, (size, channels), generator=generator),
        "mask": hidden.repeat_interleave(32, dim=2),
    }


def lively(model):
    """Give norms and biases values that a mistake would show with: they begin at 1 and 0."""
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1 and not name.endswith("freqs"):
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3 + 0.5
    return model


def of_classes(given):
    return {name: each for name, each in given.items() if name not in ("mask", "names")}


def test_the_plain_layers_have_the_published_names_and_give_what_the_reference_gives(published):
    kind, state, expected = published
    plain = PlainPanLuna(5 if kind == "classifier" else 0, REFERENCE).eval()
    plain.load_state_dict(state)
    names = ("locations", "sensor") if kind == "classifier" else ("locations", "sensor", "names", "mask")
    with torch.inference_mode():
        found = plain(expected["x"], **{name: expected[name] for name in names})
    if kind == "classifier":
        torch.testing.assert_close(found, expected["logits"], **CLOSE)
    else:
        torch.testing.assert_close(found[0], expected["reconstruction"], **CLOSE)
        torch.testing.assert_close(found[1], expected["attention"], **CLOSE)


@settings(max_examples=10)
@given(channels=st.integers(1, 9), patches=st.integers(1, 12), share=st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_reconstructions_are_those_of_the_plain_layers(channels, patches, share):
    torch.manual_seed(0)
    model = lively(PanLuna(0, SMALL)).eval()
    given_ = batch(channels, patches, share=share)
    with torch.inference_mode():
        for found, plain in zip(model(**given_), plain_of(model)(**given_), strict=True):
            torch.testing.assert_close(found, plain, **CLOSE)


def test_class_scores_are_those_of_the_plain_layers():
    torch.manual_seed(0)
    for sizes in (SMALL, replace(LUNA_BASE, width=16, queries=2, depth=2, names=8)):
        model = lively(PanLuna(3, sizes)).eval()
        given_ = of_classes(batch(5, 10))
        if not sizes.sensors:
            given_ = {name: each for name, each in given_.items() if name != "sensor"}
        with torch.inference_mode():
            torch.testing.assert_close(model(**given_), plain_of(model)(**given_), **CLOSE)


def test_a_step_learns_what_the_plain_layers_learn():
    """Gradients of the objective; nothing is dropped, since the two would drop other numbers."""
    torch.manual_seed(0)
    model = lively(PanLuna(0, SMALL)).eval()
    plain, given_ = plain_of(model), batch(6, 7)
    found, weights = model(**given_)
    loss = reconstruction_loss(found, given_["x"], given_["mask"], weights).total
    found, weights = plain(**given_)
    expected = plain_loss(found, given_["x"], given_["mask"], weights)
    torch.testing.assert_close(loss, expected, **CLOSE)
    loss.backward()
    expected.backward()
    ours = dict(model.named_parameters())
    for name, parameter in plain.named_parameters():
        if parameter.requires_grad:
            gradient = ours[our_name(name, NAMES)].grad.view(parameter.shape)
            torch.testing.assert_close(
                gradient, parameter.grad, atol=1e-5, rtol=1e-3, msg=lambda text, of=name: of + text
            )


@settings(max_examples=10)
@given(n=st.integers(1, 4), m=st.integers(1, 6), heads=st.sampled_from([1, 2, 4]), seed=st.integers(0, 9))
def test_attention_of_shared_queries_is_that_of_torch(n, m, heads, seed):
    torch.manual_seed(seed)
    ours, theirs = CrossAttention(16, heads), torch.nn.MultiheadAttention(16, heads, batch_first=True)
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = ours.into.weight.data, ours.into.bias.data.normal_()
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = ours.out.weight.data, ours.out.bias.data
    queries, keys, values = torch.randn(1, n, 16), torch.randn(5, m, 16), torch.randn(5, m, 16)
    seen = torch.rand(5, m) < 0.7
    seen[:, 0] = True
    for mask in (None, seen):
        padding = None if mask is None else ~mask
        for found, expected in zip(
            ours.with_weights(queries, keys, values, mask),
            theirs(queries.expand(5, -1, -1), keys, values, key_padding_mask=padding),
            strict=True,
        ):
            torch.testing.assert_close(found, expected, **CLOSE)
        expected, _ = theirs(keys, keys, keys, key_padding_mask=padding)
        torch.testing.assert_close(ours(keys, keys, keys, mask), expected, **CLOSE)
    many = ours.to_few(values, keys[:, None].expand(-1, 3, -1, -1) * torch.tensor([1.0, 2.0, -1.0]).view(3, 1, 1))
    for at, factor in enumerate((1.0, 2.0, -1.0)):
        expected, _ = theirs(values, factor * keys, factor * keys)
        torch.testing.assert_close(many[:, at], expected, **CLOSE)


def test_tokens_that_ask_the_same_of_every_group_are_decoded_as_one_after_the_other():
    torch.manual_seed(0)
    block = lively(CrossBlock(16, 2)).eval()
    x, others = torch.randn(3, 4, 16), torch.randn(3, 5, 2, 16)
    whole = block.decoded(x, others)
    for at in range(5):
        torch.testing.assert_close(whole[:, at : at + 1], block.decoded(x, others[:, at : at + 1]), **CLOSE)


@pytest.mark.parametrize("chance", [0.1, 0.15, 0.5])
def test_numbers_are_dropped_as_often_as_asked_and_the_mean_stays(chance):
    torch.manual_seed(0)
    x = torch.full((501, 401), 2.0, requires_grad=True)
    found = some(x, chance, training=True)
    dropped = float((found == 0).float().mean())
    assert dropped == pytest.approx(chance, abs=4 * (chance * (1 - chance) / x.numel()) ** 0.5)
    assert float(found.detach().max()) == pytest.approx(2 / (1 - chance), rel=1e-4)
    found.sum().backward()
    assert torch.equal(x.grad == 0, found == 0)
    assert some(x, chance, training=False) is x
    assert some(x, 0.0, training=True) is x


def test_what_is_dropped_follows_the_seed_and_neighbours_are_dropped_apart():
    torch.manual_seed(3)
    first = some(torch.ones(4, 10_000), 0.1, training=True)
    torch.manual_seed(3)
    assert torch.equal(first, some(torch.ones(4, 10_000), 0.1, training=True))
    gone = (first == 0).float()
    for lag in (1, 2, 3, 4):
        both = float((gone[:, lag:] * gone[:, :-lag]).mean())
        assert both == pytest.approx(0.01, abs=0.003)
