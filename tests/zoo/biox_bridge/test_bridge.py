"""The bridge against the paper's table and equation, and what its beginning promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score

from biocurate.errors import ModelError
from zoo.biox_bridge.bridge import FullBridge, PrototypeBridge, alignment
from zoo.biox_bridge.chance import by_chance
from zoo.biox_bridge.similarity import linear_cka


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("rank", "prototypes", "new", "old", "tokens", "parameters"),
    [
        (32, 300, 512, 200, 181, 1_813_984),  # ISRUC EEG to ECG
        (4, 200, 200, 512, 46, 140_000),  # ISRUC ECG to EEG
        (256, 200, 768, 200, 19, 1_209_408),  # FOG EEG to EMG
        (8, 50, 200, 768, 1680, 712_000),  # FOG EMG to EEG
        (8, 150, 64, 512, 93, 188_912),  # WESAD ECG to PPG
        (32, 50, 512, 128, 235, 398_784),  # WESAD PPG to ECG
    ],
)
def test_all_six_directions_have_their_parameters(rank, prototypes, new, old, tokens, parameters):
    assert count(PrototypeBridge(new, old, tokens, prototypes, rank)) == parameters


def test_the_full_bridge_of_the_ablation_has_its_parameters():
    assert count(FullBridge(512, 128, 235)) == 15_400_960


def test_it_is_equation_six():
    bridge = PrototypeBridge(5, 3, 4, prototypes=6, rank=2)
    torch.nn.init.normal_(bridge.up, generator=seeded(0))
    pooled = torch.randn(7, 5, generator=seeded(1))
    found = bridge(pooled)
    for window in range(7):
        weights = (bridge.up @ (bridge.down @ pooled[window])).view(4, 6)
        for token in range(4):
            expected = sum(weights[token, each] * bridge.prototypes[each] for each in range(6))
            torch.testing.assert_close(found[window, token], expected)


def test_it_begins_as_nothing_and_its_first_step_changes_only_what_was_zero():
    bridge = PrototypeBridge(5, 3, 4, prototypes=6, rank=2)
    pooled, target = torch.randn(7, 5, generator=seeded(0)), torch.randn(7, 4, 3, generator=seeded(1))
    assert not bridge(pooled).any()
    before = {name: each.detach().clone() for name, each in bridge.named_parameters()}
    optimiser = torch.optim.Adam(bridge.parameters(), lr=1e-3)
    (bridge(pooled) - target).square().mean().backward()
    optimiser.step()
    changed = [name for name, each in bridge.named_parameters() if not torch.equal(each, before[name])]
    assert changed == ["up"]


def test_prototypes_can_be_tokens_of_the_old_model():
    drawn = torch.randn(6, 3, generator=seeded(0))
    assert torch.equal(PrototypeBridge(5, 3, 4, prototypes=6, rank=2, drawn=drawn).prototypes, drawn)
    with pytest.raises(ModelError, match=r"shape \(6, 3\) do not fit.*7 tokens of the old model, of 3 numbers"):
        PrototypeBridge(5, 3, 4, prototypes=7, rank=2, drawn=drawn)


def test_alignment_is_between_nothing_and_two_and_known_where_the_guess_is_zero():
    target = torch.randn(5, 4, 3, generator=seeded(0))
    assert alignment(3 * target, target) == pytest.approx(0.0, abs=1e-6)
    assert alignment(-target, target) == pytest.approx(2.0, abs=1e-6)
    assert alignment(torch.zeros_like(target), target) == 1.0


@settings(max_examples=20)
@given(seed=st.integers(0, 99), windows=st.integers(3, 40), width=st.integers(1, 6), other=st.integers(1, 6))
def test_similarity_is_that_over_windows_and_blind_to_rotation_and_scale(seed, windows, width, other):
    generator = seeded(seed)
    x = torch.randn(windows, width, generator=generator)
    y = x @ torch.randn(width, other, generator=generator) + torch.randn(windows, other, generator=generator)
    found = linear_cka(x, y)
    centre = torch.eye(windows, dtype=torch.float64) - 1 / windows
    over_x, over_y = (centre @ (each.double() @ each.double().T) @ centre for each in (x, y))
    plain = (over_x * over_y).sum() / (over_x.norm() * over_y.norm())
    assert found == pytest.approx(float(plain), rel=1e-6)
    assert linear_cka(x, x) == pytest.approx(1.0)
    turned = 5 * x @ torch.linalg.qr(torch.randn(width, width, generator=generator)).Q + 3
    assert linear_cka(turned, y) == pytest.approx(found, rel=1e-4)


def test_similarity_to_what_is_constant_is_unknown():
    assert np.isnan(linear_cka(torch.ones(5, 2), torch.randn(5, 2)))
    with pytest.raises(ModelError, match="5 and 4 windows"):
        linear_cka(torch.ones(5, 2), torch.ones(4, 2))


@pytest.mark.parametrize("share", [[0.5, 0.5], [0.244, 0.756], [0.55, 0.29, 0.16]])
def test_chance_in_closed_form_is_what_drawing_gives(share):
    rng = np.random.default_rng(0)
    truth = rng.choice(len(share), p=share, size=400_000)
    guess = rng.integers(len(share), size=len(truth))
    found = by_chance(np.array(share))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, guess), abs=0.004)
    assert found["macro_f1"] == pytest.approx(f1_score(truth, guess, average="macro"), abs=0.004)
    assert found["weighted_f1"] == pytest.approx(f1_score(truth, guess, average="weighted"), abs=0.004)


def test_the_paper_s_random_rows_follow_from_the_shares_of_the_classes():
    # Shares inferred from the rows themselves, in two of the three data sets: only their agreement can be tested.
    isruc, fog = by_chance(np.array([0.2435, 0.7565])), by_chance(np.array([0.4865, 0.5135]))
    assert [round(100 * isruc[name], 2) for name in isruc] == pytest.approx([50.0, 46.48, 53.52], abs=0.06)
    assert [round(100 * fog[name], 2) for name in fog] == pytest.approx([50.0, 49.99, 50.01], abs=0.02)
