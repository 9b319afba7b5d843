"""Weights of another size than the published one say so on their card."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from zoo.models.registry import create_model
from zoo.runs import checkpoint
from zoo.runs.weights_card import weights_card

TOLD = {"hours": 1.0, "persons": 2, "images": 30, "passes": 60, "tasks": []}


def card_of(folder, **options):
    network = create_model("tiny-biomoe", **options)
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    about = {"model": "tiny-biomoe", "options": options, "pretraining": TOLD, "manifests": {}, "versions": {}}
    checkpoint.save(folder / "model-demo.safetensors", tensors, about)
    count = sum(parameter.numel() for parameter in network.parameters())
    return weights_card(folder / "model-demo.safetensors"), count


def test_the_published_size_is_told_as_a_number(tmp_path):
    """Parameter table of the notes, section 1.1: 7,337,278 without statistics of batch norms."""
    assert card_of(tmp_path)[0]["parameters"] == "7,337,278"


def test_another_size_of_images_is_not_the_published_size(tmp_path):
    found, count = card_of(tmp_path, size=64)
    assert count == 6_773_784
    assert found["parameters"] == f"{count:,}; not the published size, which has 7,337,278"
