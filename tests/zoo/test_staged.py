"""Every network that says its blocks is the chain that it says to be."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from biocurate.errors import ModelError
from zoo.models.registry import create_model, list_models, model_config
from zoo.models.staged import MAP, Form, OfSeveral, StagedModule, staged
from zoo.testing.inputs import example

CHAINS = [name for name in list_models() if model_config(name).stages is not None]
QUICK = [name for name in CHAINS if name.startswith("test-") or name == "image-cnn"]


class Mixer(nn.Module):
    """Someone else's network: blocks in a list, a norm and a head."""

    def __init__(self):
        super().__init__()
        self.into, self.out = nn.Linear(3, 8), nn.Linear(8, 4)
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True) for _ in range(3))

    def forward(self, samples):
        x = self.into(samples)
        for layer in self.layers:
            x = layer(x)
        return self.out(x.mean(dim=1))


def mixer():
    torch.manual_seed(0)
    network = Mixer().eval()
    return StagedModule(network, list(network.layers), lambda x: network.out(x.mean(dim=1)))


def made(name):
    torch.manual_seed(0)
    network = create_model(name, num_classes=3).eval()
    for module in network.modules():  # a residual branch that begins as nothing would hide what is left out
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return staged(name, network), example(name, 3)


def several(name="test-image-cnn"):
    one, _ = made(name)
    images = torch.randint(0, 256, (3, 4, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return OfSeveral(one), {"images": images}


def third_party():
    return mixer(), {"samples": torch.randn(3, 5, 3, generator=torch.Generator().manual_seed(0))}


CASES = {name: (lambda name=name: made(name)) for name in QUICK} | {"several": several, "third party": third_party}


def test_every_family_of_networks_says_its_blocks():
    families = {model_config(name).family for name in CHAINS}
    assert {"baseline", "tiny-biomoe", "panluna"} <= families
    assert {"image-cnn", "tiny-biomoe", "panluna", "panluna-reference", "luna-base"} <= set(CHAINS)


@pytest.mark.parametrize("case", CASES)
@torch.inference_mode()
def test_running_on_from_any_block_is_the_whole(case):
    chain, inputs = CASES[case]()
    whole = chain.head(chain.run_to(inputs, chain.depth))
    if case != "several":
        torch.testing.assert_close(whole, chain.network(**inputs), rtol=1e-5, atol=1e-5)
    for at in range(chain.depth + 1):
        on = chain.head(chain.run_on(chain.run_to(inputs, at), at))
        torch.testing.assert_close(on, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
@torch.inference_mode()
def test_one_pass_gives_what_one_for_each_layer_gives(case):
    chain, inputs = CASES[case]()
    states = chain.collect(inputs)
    assert len(states) == chain.depth + 1
    for at, state in enumerate(states):
        for found, alone in zip(state, chain.run_to(inputs, at), strict=True):
            torch.testing.assert_close(found, alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
@torch.inference_mode()
def test_tokens_are_the_state_and_back_and_pooled_is_their_mean(case):
    chain, inputs = CASES[case]()
    for at, state in enumerate(chain.collect(inputs)):
        form = chain.form(at, state)
        tokens = form.to_canonical(state)
        assert tokens.shape == (3, form.tokens, form.width)
        for found, part in zip(form.from_canonical(tokens), state, strict=True):
            assert torch.equal(found, part)
        pooled = chain.pooled(at, state)
        assert pooled.shape == (3, form.pooled)
        start = 0
        for count, width, piece in zip(form.counts, form.widths, pooled.split(form.widths, dim=1), strict=True):
            expected = tokens[:, start : start + count, :width].mean(dim=1)
            torch.testing.assert_close(piece, expected, rtol=1e-5, atol=1e-5)
            start += count


@torch.inference_mode()
def test_several_images_are_the_mean_of_their_probabilities():
    chain, inputs = several()
    each = chain.network(inputs["images"].flatten(0, 1)).softmax(dim=1).unflatten(0, (3, 4)).mean(dim=1)
    torch.testing.assert_close(chain.head(chain.run_to(inputs, chain.depth)).exp(), each)


def test_axes_are_named_and_not_guessed_where_sizes_are_the_same():
    form = Form((MAP,), ((4, 4, 4),))
    state = torch.arange(64.0).view(1, 4, 4, 4)
    tokens = form.to_canonical((state,))
    assert torch.equal(tokens[0, 0], state[0, :, 0, 0])
    assert torch.equal(tokens[0, 1], state[0, :, 0, 1])


def test_what_is_no_chain_is_refused():
    network = mixer().network
    with pytest.raises(ModelError, match="no blocks"):
        StagedModule(network, [], network.out)
    strange = StagedModule(network, [nn.Linear(8, 8)], network.out)
    with pytest.raises(ModelError, match="never run"):
        strange.embed({"samples": torch.zeros(1, 2, 3)})
    with pytest.raises(ModelError, match="does not say what its blocks are"):
        staged("embeddings-head", network)
    with pytest.raises(ModelError, match=r"Give \(windows, 16, 4\)"):
        Form((MAP,), ((4, 4, 4),)).from_canonical(torch.zeros(1, 4, 16))


def test_a_block_that_is_given_more_than_one_tensor_is_refused():
    class Crossed(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Bilinear(2, 2, 2)

        def forward(self, x):
            return self.first(x, x)

    network = Crossed()
    with pytest.raises(ModelError, match="more than one tensor"):
        StagedModule(network, [network.first], lambda x: x).embed({"x": torch.zeros(1, 2)})


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(CHAINS) - set(QUICK)))
@torch.inference_mode()
def test_large_networks_are_chains_too(name):
    chain, inputs = made(name)
    whole = chain.network(**inputs)
    for at in (0, chain.depth // 2, chain.depth):
        on = chain.head(chain.run_on(chain.run_to(inputs, at), at))
        torch.testing.assert_close(on, whole, rtol=1e-5, atol=1e-5)
