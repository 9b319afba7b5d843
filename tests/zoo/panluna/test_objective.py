"""The objective of PanLUNA's pre-training, against its formulas written out."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.panluna.objective import hide, likeness, reconstruction_loss


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=25)
@given(seed=st.integers(0, 99), size=st.integers(1, 5), channels=st.integers(1, 6), patches=st.integers(1, 9))
def test_half_of_what_is_there_is_hidden_in_every_sample(seed, size, channels, patches):
    present = torch.rand(size, channels, generator=seeded(seed)) < 0.7
    mask = hide(present, patches, generator=seeded(seed))
    assert mask.shape == (size, channels, patches)
    assert not mask[~present].any()
    expected = (0.5 * present.sum(dim=1) * patches).round()
    assert torch.equal(mask.sum(dim=(1, 2)).float(), expected)


def test_every_sample_has_a_mask_of_its_own_and_every_patch_is_hidden_as_often():
    present = torch.ones(400, 3, dtype=torch.bool)
    mask = hide(present, 8, generator=seeded(0)).float()
    assert len(torch.unique(mask.flatten(1), dim=0)) > 390
    assert (mask.mean(dim=0) - 0.5).abs().max() < 0.1  # four deviations of 400 draws


def test_the_same_generator_hides_the_same():
    present = torch.ones(4, 3, dtype=torch.bool)
    assert torch.equal(hide(present, 8, generator=seeded(3)), hide(present, 8, generator=seeded(3)))


def test_the_loss_is_the_published_sum():
    x, guess = torch.randn(2, 3, 64, generator=seeded(0)) * 2, torch.randn(2, 3, 64, generator=seeded(1))
    mask = torch.rand(2, 3, 64, generator=seeded(2)) < 0.4
    attention = torch.rand(4, 3, 5, generator=seeded(3)).softmax(dim=2)

    def smooth(difference):
        size = difference.abs()
        return torch.where(size < 1, 0.5 * size**2, size - 0.5).mean()

    hidden, visible = smooth((guess - x)[mask]), smooth((guess - x)[~mask])
    alike = sum(
        (attention[at, one] @ attention[at, other]) ** 2
        for at in range(4)
        for one in range(3)
        for other in range(3)
        if one != other
    ) / (4 * 3 * 3)
    loss = reconstruction_loss(guess, x, mask, attention)
    assert loss.hidden == pytest.approx(float(hidden), rel=1e-5)
    assert loss.visible == pytest.approx(float(visible), rel=1e-5)
    assert loss.alike == pytest.approx(float(alike), rel=1e-5)
    assert loss.total == pytest.approx(float(hidden + 0.05 * visible + 0.8 * alike), rel=1e-5)


def test_queries_that_look_elsewhere_cost_nothing():
    assert likeness(torch.eye(4)[None]) == 0
    assert likeness(torch.full((1, 4, 4), 0.25)) == pytest.approx(12 * 0.25**2 / 16)


def test_channels_that_are_not_there_do_not_count():
    x, guess = torch.randn(2, 3, 64, generator=seeded(0)), torch.randn(2, 3, 64, generator=seeded(1))
    attention = torch.rand(4, 2, 3, generator=seeded(3)).softmax(dim=2)
    present = torch.tensor([[True, True, False], [True, True, False]])
    mask = hide(present, 2, generator=seeded(5)).repeat_interleave(32, dim=2)
    whole = reconstruction_loss(guess, x, mask, attention, present)
    fewer = reconstruction_loss(guess[:, :2], x[:, :2], mask[:, :2], attention)
    torch.testing.assert_close(whole.total, fewer.total)
    assert reconstruction_loss(guess, x, torch.zeros_like(mask), attention).hidden == 0
