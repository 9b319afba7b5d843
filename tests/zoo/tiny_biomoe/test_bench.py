"""The benchmark times both forwards at every size, and tells their quotient."""

from __future__ import annotations

import pytest

from biocurate.errors import UsageError
from zoo.tiny_biomoe.bench import bench
from zoo.tiny_biomoe.model import Architecture

SMALL = Architecture(64, 8, (8, 16, 32, 16), (1, 2, 4, 4), (4, 4, 2, 2), (24, 32, 16), (3, 2, 2))


def test_there_is_a_row_a_size_and_a_work():
    found = bench((2, 3), rounds=2, architecture=SMALL, peak_tflops=1.0)
    assert found.select("batch", "work").rows() == [
        (2, "inference"),
        (2, "training"),
        (3, "inference"),
        (3, "training"),
    ]
    assert (found["images_s"] > 0).all()
    assert (found["faster"] > 0).all()
    assert (found["of_peak"] > 0).all()


def test_a_precision_that_is_not_there_is_told():
    with pytest.raises(UsageError, match="there is no 'float8'"):
        bench((1,), precision="float8", architecture=SMALL)
