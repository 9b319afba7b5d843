"""What an inference costs."""

from __future__ import annotations

import pytest
import torch

from zoo.deploying import int8
from zoo.deploying.cost import CASES, FLOAT, Case, cost, macs
from zoo.deploying.draws import draw
from zoo.deploying.network import open_network


def test_multiplications_are_counted_as_by_hand():
    """One linear layer on each of 3 vectors of 2 items, and the head: sums of inputs times outputs."""
    deployed = open_network("test-embeddings-head", {"num_classes": 5})
    assert macs(deployed, draw(deployed, items=2)) == 2 * (3 * 16) * 5


def test_panlunas_are_within_a_twentieth_of_the_notes_count():
    """`panluna.md` 1.12: 496.9 M and 1,558.7 M by hand; 120.5 M and 446.2 M as published, which cannot be had."""
    deployed = open_network("panluna-reference", {"num_classes": 5})
    for case, known in zip(CASES, (496.9e6, 1558.7e6), strict=True):
        inputs = draw(deployed, 1, case.channels, int(case.seconds * 256) // 32)
        assert macs(deployed, inputs) == pytest.approx(known, rel=0.05)
        assert macs(deployed, inputs) > 3 * 1e6 * case.published_macs


def test_every_form_has_a_row_and_threads_are_as_before(cnn):
    deployed, model = cnn
    before = torch.get_num_threads()
    table = cost(deployed, {FLOAT: model, "onnx int8 dynamic": int8.dynamic(model)}, rounds=1)
    assert torch.get_num_threads() == before
    assert table["form"].to_list() == ["torch float32", FLOAT, "onnx int8 dynamic"]
    row = table.row(1, named=True)
    assert row["faster"] == 1.0
    assert row["of_float"] == 1.0
    assert row["peak_mb"] > row["inference_mb"] >= 0
    assert row["window"] == Case("one item", 1, 0.0).name
