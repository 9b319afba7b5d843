"""PanLUNA against its published tables and outputs, and against what its design promises."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import gelu

from biocurate.errors import ModelError
from zoo import create_model
from zoo.panluna.architecture import LUNA_BASE, REFERENCE, SENSORS, Architecture
from zoo.panluna.model import PanLuna, standardised
from zoo.panluna.positions import placed, waves
from zoo.panluna.temporal import turn
from zoo.panluna.tokens import TimeBranch

SMALL = Architecture(width=16, queries=2, depth=2)
KINDS = {
    "ours": SMALL,
    "reference": replace(REFERENCE, width=16, queries=2, depth=2, names=8),
}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def batch(channels, patches, size=3, seed=0, patch=32):
    generator = torch.Generator().manual_seed(seed)
    x = standardised(torch.randn(size, channels, patches * patch, generator=generator).cumsum(dim=2))
    locations = torch.randn(size, channels, 3, generator=generator) * 0.1
    sensor = torch.randint(0, 3, (size, channels), generator=generator)
    return x, {"locations": locations, "sensor": sensor}


@pytest.fixture(params=list(KINDS))
def model(request):
    torch.manual_seed(0)
    return PanLuna(3, KINDS[request.param]).eval()


@pytest.fixture
def ours():
    torch.manual_seed(0)
    return PanLuna(3, SMALL).eval()


@pytest.mark.parametrize(
    ("classes", "parameters"),
    [(0, 5_083_225), (2, 5_380_859), (5, 5_382_398), (19, 5_389_580), (23, 5_391_632), (38, 5_399_327)],
)
def test_the_parameters_are_those_published(classes, parameters):
    assert count(create_model("panluna-reference", num_classes=classes)) == parameters


def test_the_parts_are_those_of_the_table():
    model = create_model("panluna-reference")
    unifier = model.unifier
    assert [count(part) for part in (model.time, model.frequency, model.sensors)] == [1_920, 13_528, 192]
    assert (count(model.positions), model.mask_token.numel(), model.decoder.names.weight.numel()) == (16_832, 64, 6_656)
    assert (unifier.queries.numel(), unifier.temperature.numel(), count(unifier.attention)) == (256, 1, 16_640)
    assert (count(unifier.feed), count(unifier.blocks)) == (33_600, 149_952)
    assert [count(block) for block in model.blocks] == [791_824] * 6
    assert count(model.decoder) - 6_656 == 91_744
    assert count(create_model("panluna-reference", num_classes=5).head) == 397_573


def test_luna_base_has_its_published_size():
    assert count(create_model("luna-base")) == 6_672_417
    assert count(PanLuna(2, LUNA_BASE)) == 7_101_499


def test_it_gives_what_the_reference_gives(published):
    kind, state, expected = published
    model = create_model("panluna-reference", num_classes=5 if kind == "classifier" else 0).eval()
    assert model.load_published(state) == []
    close = {"atol": 2e-4, "rtol": 2e-4}
    with torch.inference_mode():
        if kind == "classifier":
            logits = model(expected["x"], locations=expected["locations"], sensor=expected["sensor"])
            torch.testing.assert_close(logits, expected["logits"], **close)
            of_ecg = {"locations": expected["locations_ecg"], "sensor": expected["sensor_ecg"]}
            torch.testing.assert_close(model(expected["x_ecg"], **of_ecg), expected["logits_ecg"], **close)
        else:
            given = {name: expected[name] for name in ("locations", "sensor", "names", "mask")}
            reconstruction, attention = model(expected["x"], **given)
            torch.testing.assert_close(reconstruction, expected["reconstruction"], **close)
            torch.testing.assert_close(attention, expected["attention"], **close)


def test_a_published_name_without_a_place_is_told_and_a_missing_one_is_an_error(published):
    kind, state, _ = published
    model = create_model("panluna-reference", num_classes=5 if kind == "classifier" else 0)
    assert model.load_published({**state, "extra.weight": torch.zeros(1)}) == ["extra.weight"]
    with pytest.raises(ModelError, match=r"1 of .* weights are missing"):
        model.load_published({name: tensor for name, tensor in state.items() if name != "norm.bias"})


def test_a_backbone_is_taken_from_the_other_kind_of_file(published):
    kind, state, _ = published
    other = create_model("panluna-reference", num_classes=0 if kind == "classifier" else 7)
    left = other.load_published(state)
    assert left
    assert all(name.startswith(("classifier.", "decoder_head.", "channel_emb.")) for name in left)


def test_convolutions_as_matrices_are_convolutions(model):
    branch: TimeBranch = model.time
    patches = torch.randn(3, 10, 32)
    found = branch(patches)
    # The plain way: slide each convolution over each patch, norm by torch, and join places and channels as published.
    x = patches.flatten(0, 1)[:, None]
    for conv, norm in zip(branch.convs, branch.norms, strict=True):
        x = conv(x)
        if branch.by_sample:
            x = norm(x.view(3, 10, *x.shape[1:]).transpose(1, 2)).transpose(1, 2).flatten(0, 1)
        else:
            x = norm(x)
        x = gelu(x)
    plain = x.transpose(1, 2).flatten(1).view(3, 10, -1)
    torch.testing.assert_close(found, plain, atol=1e-5, rtol=1e-5)


def test_the_order_of_channels_does_not_matter(model):
    x, where = batch(6, 4)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    shuffled = {name: each[:, order] for name, each in where.items()}
    with torch.inference_mode():
        torch.testing.assert_close(model(x, **where), model(x[:, order], **shuffled), atol=1e-5, rtol=1e-5)


def test_what_else_is_in_a_batch_does_not_matter(model):
    x, where = batch(5, 3, size=4)
    with torch.inference_mode():
        together = model(x, **where)
        for at in range(4):
            alone = model(x[at : at + 1], **{name: each[at : at + 1] for name, each in where.items()})
            torch.testing.assert_close(together[at : at + 1], alone, atol=1e-5, rtol=1e-5)


@settings(max_examples=12)
@given(channels=st.integers(1, 9), patches=st.integers(1, 12))
def test_any_number_of_channels_and_patches_is_taken(channels, patches):
    x, where = batch(channels, patches)
    assert PanLuna(4, SMALL)(x, **where).shape == (3, 4)
    mask = torch.rand(x.shape) < 0.3
    reconstruction, attention = PanLuna(0, SMALL).eval()(x, **where, mask=mask)
    assert reconstruction.shape == x.shape
    assert attention.shape == (3 * patches, 2, channels)
    torch.testing.assert_close(attention.sum(dim=2), torch.ones(3 * patches, 2))


@settings(max_examples=12)
@given(real=st.integers(1, 5), padding=st.integers(1, 4), seed=st.integers(0, 9))
def test_channels_that_only_fill_up_change_nothing(real, padding, seed):
    torch.manual_seed(0)
    model = PanLuna(3, SMALL).eval()
    x, where = batch(real, 3, seed=seed)
    filler = torch.full((3, padding, x.shape[2]), 7.0)
    filled = {
        "locations": torch.cat([where["locations"], torch.ones(3, padding, 3)], dim=1),
        "sensor": torch.cat([where["sensor"], torch.full((3, padding), 6)], dim=1),
    }
    present = torch.arange(real + padding) < real
    with torch.inference_mode():
        alone = model(x, **where)
        together = model(torch.cat([x, filler], dim=1), **filled, present=present.expand(3, -1))
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_of_ours_a_channel_is_coded_the_same_whatever_else_is_there(ours):
    x, where = batch(5, 4, seed=2)
    tokens = ours.time(x.view(3, -1, 32)).view(3, 5, 4, -1)
    fewer = ours.time(x[:, :2].reshape(3, -1, 32)).view(3, 2, 4, -1)
    torch.testing.assert_close(tokens[:, :2], fewer, atol=1e-6, rtol=1e-6)
    place = ours.place(where["locations"], where["sensor"])
    alone = ours.place(where["locations"][:, :2], where["sensor"][:, :2])
    torch.testing.assert_close(place[:, :2], alone, atol=1e-6, rtol=1e-6)


def test_of_ours_what_is_hidden_cannot_be_seen():
    torch.manual_seed(0)
    model = PanLuna(0, SMALL).eval()
    x, where = batch(4, 6)
    mask = torch.zeros(3, 4, 6, dtype=torch.bool)
    mask[:, ::2, ::3] = True
    mask = mask.repeat_interleave(32, dim=2)
    with torch.inference_mode():
        before, _ = model(x, **where, mask=mask)
        after, _ = model(torch.where(mask, 100 * torch.randn_like(x), x), **where, mask=mask)
    assert torch.equal(before, after)


def test_places_are_measured_by_their_own_scale():
    sensor = torch.tensor([[SENSORS.index(kind) for kind in ("EEG", "ECG", "PPG")]])
    at = torch.tensor([[[0.05, -0.02, 0.1], [torch.pi / 2, torch.pi / 2, 0.0], [9.0, 9.0, 9.0]]])
    found = placed(at, sensor, SENSORS, "fixed")[0]
    torch.testing.assert_close(found, torch.tensor([[0.5, -0.2, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))


def test_waves_are_ordered_by_power_then_coordinate_then_sine_and_cosine():
    at = torch.tensor([[0.3, -0.2, 0.7]])
    found = waves(at, 64)[0]
    assert found.shape == (64,)
    for power in range(10):
        for coordinate in range(3):
            angle = at[0, coordinate] * 2**power
            start = 6 * power + 2 * coordinate
            torch.testing.assert_close(found[start : start + 2], torch.stack([angle.sin(), angle.cos()]))
    assert not found[60:].any()
    assert waves(at[:, :2], 64).shape == (1, 64)


def test_turning_keeps_lengths_and_depends_on_the_distance_alone():
    generator = torch.Generator().manual_seed(0)
    asked, known = (torch.randn(1, 1, 8, generator=generator).expand(1, 9, 8).contiguous() for _ in range(2))
    freqs = torch.tensor([1.0, 0.1, 0.01, 0.001])
    asked, known = turn(asked, freqs), turn(known, freqs)
    torch.testing.assert_close(asked.norm(dim=2), asked[:, :1].norm(dim=2).expand(1, 9))
    products = asked[0] @ known[0].T
    for distance in range(-8, 9):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-4, rtol=1e-4)


def test_every_parameter_that_learns_gets_a_gradient():
    x, where = batch(4, 3)
    for classes in (0, 3):
        model = PanLuna(classes, SMALL)
        out = (
            model(x, **where)
            if classes
            else model(x, **where, mask=torch.rand(x.shape[:2])[..., None].expand(x.shape) < 0.5)
        )
        (out if classes else out[0] * out[1].sum()).square().sum().backward()
        lacking = [name for name, each in model.named_parameters() if each.requires_grad and each.grad is None]
        assert lacking == (["mask_token"] if classes else [])


def test_what_does_not_fit_is_refused():
    model = PanLuna(2, SMALL)
    x, where = batch(2, 3)
    with pytest.raises(ModelError, match=r"no whole patches of 32.*256 Hz, of a multiple of 0\.125 s"):
        model(x[:, :, :50], **where)
    with pytest.raises(ModelError, match=r"which sensor types.*ECG 0, EEG 1, PPG 2"):
        model(x, locations=where["locations"])
    with pytest.raises(ModelError, match="nothing says what is hidden"):
        PanLuna(0, SMALL)(x, **where)
