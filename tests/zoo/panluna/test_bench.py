"""The benchmark times both ways of a pre-training step, and counts their memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

from biocurate.errors import UsageError
from zoo.cli import app
from zoo.panluna.architecture import REFERENCE
from zoo.panluna.bench import bench
from zoo.timing.turns import Timing, peak_mib, race

SMALL = replace(REFERENCE, width=16, queries=2, depth=2, names=8)


def test_there_is_a_row_a_size():
    found = bench((1, 2), rounds=2, channels=3, seconds=1, reference=SMALL)
    assert found["batch"].to_list() == [1, 2]
    for column in ("windows_s", "plain_windows_s", "faster", "cpu_faster", "peak_mib", "plain_peak_mib"):
        assert (found[column] > 0).all(), column


def test_memory_is_that_of_tensors_held_at_once():
    def work():
        first = torch.ones(1 << 18)
        second = first + 1
        del first
        torch.ones(1 << 18).add_(second)

    assert peak_mib(work, "cpu") == pytest.approx(2, abs=0.1)


def test_of_two_ways_the_one_with_less_to_do_is_faster():
    x = torch.randn(256, 256)

    def products(times):
        def work():
            for _ in range(times):
                x @ x

        return work

    found = race(products(5), products(100), Timing(rounds=5))
    assert found.cpu_faster > 2
    assert found.plain_s > found.quick_s


def test_a_precision_that_is_not_there_is_told():
    with pytest.raises(UsageError, match="there is no 'float8'"):
        bench((1,), precision="float8", reference=SMALL)


def test_a_model_without_plain_layers_is_told():
    found = CliRunner().invoke(app, ["bench", "image-cnn"])
    assert "nothing to measure it against" in str(found.exception)
