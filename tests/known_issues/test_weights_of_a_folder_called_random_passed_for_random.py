"""Vectors of a checkpoint whose folder's name begins with "random" were taken without looking for leaks."""

from __future__ import annotations

import pytest

from zoo.embedding.source import seed_of


@pytest.mark.parametrize("origin", ["random-later-trained/model-demo.safetensors", "random0/model-all.safetensors"])
def test_only_random_weights_pass_for_random(origin):
    """Origins are a folder and a file, or ``random`` and a seed."""
    assert seed_of(origin) is None
    assert seed_of("random0") == 0
    assert seed_of("random12") == 12
