"""Layers in the form for export answer as those that are trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.deploying.draws import draw
from zoo.deploying.exportable import exportable
from zoo.deploying.forms.fourier import phase, waves_of
from zoo.deploying.forms.tiny_biomoe import SpectralForm
from zoo.deploying.network import open_network
from zoo.tiny_biomoe.spectformer import SpectralGate

GATED = "test-panluna, gated"


@given(st.integers(1, 65), st.integers(0, 9))
def test_the_products_with_waves_are_numpys_fourier_transform(samples, seed):
    x = np.random.default_rng(seed).standard_normal((3, samples))
    cosines, sines = (each.numpy() for each in waves_of(samples, samples // 2 + 1))
    np.testing.assert_allclose(x @ cosines - 1j * (x @ sines), np.fft.rfft(x), atol=1e-10)


@given(st.lists(st.sampled_from([-2.0, -1e-30, -0.0, 0.0, 1e-30, 3.0]), min_size=2, max_size=2))
def test_a_phase_is_numpys_angle(parts):
    """C99 F.10.1.4: the angle of a negative number is pi; minus pi only of a part that is below 0, not of minus 0."""
    real, imaginary = parts
    found = phase(torch.tensor(real), torch.tensor(imaginary)).item()
    assert found == pytest.approx(np.angle(complex(real + 0.0, imaginary + 0.0)), abs=1e-6)


def test_the_phase_of_a_mean_below_zero_is_pi():
    """What `atan2` of an exported graph gets wrong: the first and the last frequency are real."""
    _, sines = waves_of(32, 17)
    imaginary = -(-torch.ones(1, 32, dtype=torch.float64) @ sines)
    assert imaginary[0, 0] == imaginary[0, 16] == 0
    assert phase(torch.tensor(-32.0), imaginary[0, 0].float()).item() == pytest.approx(np.pi)


@pytest.mark.parametrize("side", [2, 8, 14])
def test_a_spectral_gate_is_the_complex_one(side):
    torch.manual_seed(side)
    gate = SpectralGate(side, 3)
    x = torch.randn(2, side, side, 3)
    torch.testing.assert_close(SpectralForm(gate)(x), gate(x), rtol=1e-4, atol=1e-6)


@settings(max_examples=8)
@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 9), st.integers(0, 99))
@pytest.mark.parametrize("name", ["panluna-reference", "luna-base", "test-panluna", GATED])
def test_panluna_in_the_form_for_export_scores_the_same(name, items, channels, patches, seed):
    deployed = made(name)
    inputs = draw(deployed, items, channels, patches, seed)
    with torch.no_grad():
        # Published norms go over channels that are absent, too: both forms are given the same ones.
        torch.testing.assert_close(formed(name)(**inputs), deployed.network(**inputs), rtol=1e-4, atol=2e-5)


def test_the_network_itself_is_not_changed():
    deployed = made("test-panluna")
    before = {name: tensor.clone() for name, tensor in deployed.network.state_dict().items()}
    exportable(deployed.network)
    after = deployed.network.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(each.requires_grad for each in deployed.network.blocks.parameters() if each.ndim == 2)


MADE = {}


def made(name):
    if name not in MADE:
        gated = {"gate": True} if name == GATED else {}
        deployed = open_network(name.removesuffix(", gated"), {"num_classes": 3, **gated})
        if gated:
            torch.nn.init.normal_(deployed.network.gate.score.weight, generator=torch.Generator().manual_seed(0))
        MADE[name] = deployed, exportable(deployed.network)
    return MADE[name][0]


def formed(name):
    made(name)
    return MADE[name][1]
